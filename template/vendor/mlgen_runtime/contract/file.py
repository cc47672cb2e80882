"""The contract as a file to be reviewed: `data/contract.yaml`, read and written here.

# The data contract of data/telco.csv: what each column is for and what it may hold.
task: binary
source: data/telco.csv
columns:
  TotalCharges:
    role: feature
    type: number
    written_as_text: true
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from ..core import atomic
from ..core.errors import InputError
from .schema import TYPES, Contract
from .vocabulary import Vocabulary

HEADER = """\
# The data contract: what each column is for and what it may hold. Review it, mend it, commit it: training, prediction,
# the REST interface and monitoring all follow it.
#   role        {roles}
#   type        {types}
#   unit        such as EUR or months; it may stand before or behind a number
#   decimal, thousands   the marks of numbers that are not written as 1234.5
#   missing     words for an empty cell, of all columns or of one; a word that is a category is none
#   nullable    whether cells may be empty
#   minimum, maximum, categories   what was seen; widen them to what is possible (no categories: any text)
#   format, zone   how dates are written (strptime; none: ISO 8601), and by whose clocks (Europe/Berlin, UTC)
#   note        why the proposal says so
"""
#: Further lines of it, where columns may be bound.
CONSTRAINTS = """\
#   monotone    increasing or decreasing: the only direction in which a number may move the prediction
#   interactions, beside columns   such as [[age, income], [region]]: columns of different groups only add up
"""


class _Writer(yaml.SafeDumper):
    """Plain YAML with lists on one line, so that a column is read at a glance."""


class _Reader(yaml.SafeLoader):
    """Plain YAML that refuses a key given twice, where PyYAML would keep the last one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.constructor.ConstructorError(None, None, f"{twice!r} is given twice", node.start_mark)
        return mapping


def _flow_list(writer: yaml.SafeDumper, values: list[Any]) -> yaml.Node:
    return writer.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)


def _text(writer: yaml.SafeDumper, value: str) -> yaml.Node:
    """Odd characters are escaped: PyYAML would fold a U+0085 in plain text into a blank."""
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=None if value.isprintable() else '"')


_Writer.add_representer(list, _flow_list)
_Writer.add_representer(str, _text)


def load(path: Path, vocabulary: Vocabulary) -> Contract:
    """Read a contract. Raises InputError where the file is missing, is no YAML, or says something impossible."""
    try:
        text = path.read_text("utf8")
    except FileNotFoundError:
        raise InputError(f"there is no contract at {path}; write one with the verb contract") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    return parse(text, str(path), vocabulary)


def parse(text: str, path: str, vocabulary: Vocabulary) -> Contract:
    """Read the text of a contract; `path` is for the messages. Raises InputError as `load` does."""
    try:
        entries = yaml.load(text, Loader=_Reader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark is not None else ""
        reason = getattr(error, "problem", None) or "cannot be read"
        raise InputError(f"{path}{where}: not valid YAML ({reason}); mend it, or use contract.write=true") from error
    if not isinstance(entries, dict):
        raise InputError(f"{path}: holds no contract; write one anew with contract.write=true")
    return Contract.from_dict(entries, vocabulary, path)


def dumps(contract: Contract) -> str:
    """The contract as YAML text with a header for the reviewer."""
    body = yaml.dump(contract.to_dict(), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=118)
    header = HEADER.format(roles=", ".join(contract.vocabulary.roles), types=", ".join(TYPES))
    return header + (CONSTRAINTS if contract.vocabulary.constraints else "") + str(body)


def dump(contract: Contract, path: Path) -> None:
    """Write a contract in one step: a reader sees the old file or the new one, never half of it."""
    atomic.write(path, dumps(contract))
