"""The user's overrides, checked against `conf/` before Hydra is even imported.

A misspelt key, group choice or value is answered in a fraction of a second, with the nearest name and the file that it
lives in. Only what is certain is refused here: an override that needs Hydra's grammar (lists, interpolations) is left
to Hydra, and its value to the same dataclasses after composition.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Sequence
from typing import Any, get_args, get_origin, get_type_hints

from ..core import command_line
from ..core.command_line import word
from ..core.errors import InputError, closest, nearest
from .run import ConfigSchema
from .schema import part
from .settings import ModelSettings
from .tree import HYDRA, Composed, ConfTree

#: Values that mean the same in YAML, in Hydra's grammar and here.
_PLAIN = re.compile(r"[\w./:@%+-]*(?:,[\w./:@%+-]+)*")
#: A value that can only be text, but has a character that Hydra wants in quotes: an accent, # or = of an address.
_TEXT = re.compile(
    r"""(?=.*[^\x00-\x7f]|.*[!#&;<=>^~`])[^\[\]{}(),'"$\\\s](?:[^\[\]{}(),'"$\\\n]*[^\[\]{}(),'"$\\\s])?"""
)
#: A git revision that a reader of numbers would take for one: 12e4567 is no power of ten.
_REVISION = re.compile(r"(?=.{7,64}$)\d+e\d+")
#: What is read before a run is put together: its shape and the code that it is made with follow from it.
FIXED = ("project.use_case", "project.package", "project.extensions")
#: A text that stands in quotes already.
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_WORDS: dict[str, object] = {"null": None, "true": True, "false": False}


def check(overrides: Sequence[str], tree: ConfTree, schema: ConfigSchema, *, sweep: bool) -> Composed:
    """Return the settings of the run; raises InputError for an override that conf/ cannot take.

    With `sweep`, a comma separates the values of several runs.
    """
    split = [_split(override, schema.mappings) for override in overrides]
    chosen = {key: values[-1] for sign, key, values in split if not sign and key in tree.groups and values}
    added = [(key, values[-1]) for sign, key, values in split if sign.startswith("+") and key in tree.groups and values]
    for sign, key, values in split:
        if len(values) > 1 and not sweep:
            several = ",".join(values)
            listed = word(f"{key}=[{several}]")
            raise InputError(f"{key}={several}: several values need -m, a run for each; one list is {listed}")
        if key in tree.groups and sign != "~":
            _check_choice(key, values, tree)
    composed = tree.compose(chosen, added)
    _check_fixed([key for _, key, _ in split], composed, tree)
    for sign, key, values in split:
        if sign or key.split(".")[0].split("/")[0] == HYDRA or "@" in key:
            continue
        if key in tree.groups:
            _check_plus(key, values, composed, tree)
        elif key.partition(".")[0] not in schema.mappings:
            _check_key(key, values, composed, tree)
            _check_values(key, values, composed, schema)
    return composed


def quoted(override: str, mappings: Collection[str] = ()) -> str:
    """An override as Hydra takes it: quotes around a value that can only be text, such as `sqlite:///shop.db#customers`,
    and leave to add the entries of a mapping (the dataclasses know which there may be), such as those at the top."""
    key, equals, text = override.partition("=")
    if equals and "." in key and key.partition(".")[0] in mappings:  # any text, and commas part no runs
        bare = text == "null" or _QUOTED.fullmatch(text)
        return f"++{key}={text}" if bare else '++{}="{}"'.format(key, re.sub(r'(\\*)"', r'\1\1\\"', text))
    if equals and text.startswith("{") and not key.startswith(("+", "~")):
        return f"++{override}"
    return f'{key}="{text}"' if equals and (_TEXT.fullmatch(text) or _REVISION.fullmatch(text)) else override


def explain(error: Exception) -> str:
    """One line from the failure of Hydra, which keeps the reason in the cause, or of the YAML reader."""
    override, mark = getattr(error, "override", None), getattr(error, "problem_mark", None)
    if override is not None:
        key, _, text = override.partition("=")
        return f"{override}: this value needs quotes within quotes: {command_line.override(key, _meant_by(text))}"
    if mark is not None:
        return f"{mark.name}: line {mark.line + 1} is not YAML: {getattr(error, 'problem', '')}"
    lines = [line for line in str(error).splitlines() if line.strip()]
    cause = str(error.__cause__).splitlines()[:1] if error.__cause__ else []
    return "; ".join(dict.fromkeys([*(line.rstrip(".").strip() for line in lines[:2]), *cause]))


def _meant_by(text: str) -> str | list[str]:
    """The text, or the list of texts, that was probably meant by one that Hydra cannot read."""
    if not (text.startswith("[") and text.endswith("]")):
        return _bare(text)
    return [_bare(entry) for entry in text[1:-1].split(",") if entry.strip()]


def _bare(text: str) -> str:
    """A text without the quotes that were around it, or that were left open."""
    return text.strip().strip("'\"")


def unknown_key(key: str, composed: Composed, tree: ConfTree) -> InputError:
    """The failure for a key that this run has not got: the nearest one, or the choice that has it."""
    group, _, name = key.partition(".")
    for choice in tree.groups.get(group, ()):
        page = tree.page(f"{group}/{choice}")
        if page and name in page.settings and choice != composed.choices.get(group):
            return InputError(
                f"{key}: no such setting with {group}={composed.choices.get(group)}; "
                f"it belongs to {group}={choice} ({page.settings[name].file})"
            )
    parent = composed.settings.get(key.rpartition(".")[0])
    if parent and parent.holds_keys and parent.value == "{}" and not _below(key.rpartition(".")[0], composed):
        return InputError(f"{key}: no such entry yet; add it with a plus: +{key}=VALUE ({parent.file})")
    return InputError(f"{key}: no such setting{_meant(key, composed, tree)}")


def _meant(key: str, composed: Composed, tree: ConfTree) -> str:
    """What was probably meant: the nearest name of the same group, a bare name's full ones, else the nearest of all."""
    group, _, name = key.partition(".")
    own = [known.partition(".")[2] for known in composed.settings if known.startswith(f"{group}.")]
    if own and name:
        near = closest(name, own)
        known = f"{composed.file(group)}; it has {', '.join(own)}"
        return _did_you_mean([f"{group}.{near}"], composed) if near else f" in {known}"
    same = [known for known in composed.settings if known.endswith(f".{key}")]
    near = closest(key, [*composed.settings, *tree.groups])
    if same or near:
        return _did_you_mean(same[:3] or [str(near)], composed)
    return "; `--cfg job` shows all settings"


def _did_you_mean(names: Sequence[str], composed: Composed) -> str:
    return f" (did you mean {' or '.join(f'{name!r} in {composed.file(name)}' for name in names)}?)"


def _split(override: str, mappings: Collection[str]) -> tuple[str, str, list[str]]:
    """An override as (sign, key, values); no values where they need Hydra's grammar, or are any text."""
    key, equals, text = override.partition("=")
    found = re.match(r"[+~]*", key)
    sign = found.group() if found else ""
    if "." in key and key[len(sign) :].partition(".")[0] in mappings:
        return sign, key[len(sign) :], []
    values = text.split(",") if equals and _PLAIN.fullmatch(text) else []
    return sign, key[len(sign) :], values


def _check_fixed(keys: Sequence[str], composed: Composed, tree: ConfTree) -> None:
    """Refuse what would be read too late: on the command line, in an experiment."""
    for key in FIXED:
        fixed, found = tree.fixed(key), composed.settings.get(key)
        if key in keys or (fixed and found and found.file != fixed.file):
            where = "" if key in keys or found is None else f" in {found.file}"
            raise InputError(
                f"{key}{where}: no run can change it, for it is read before a run is put together; change it in "
                f"{fixed.file if fixed else 'conf/config.yaml'}"
            )


def _check_choice(group: str, values: Sequence[str], tree: ConfTree) -> None:
    choices = tree.groups[group]
    for value in values:
        if value not in choices and value != "null":
            namesakes = [key for key in tree.compose({}).settings if key.endswith(f".{group}")]
            meant = f" (did you mean {namesakes[0]}={value}?)" if len(namesakes) == 1 else ""
            raise InputError(
                f"{group}={value}: no such choice in conf/{group}/; expected one of {', '.join(choices)}"
                f"{nearest(value, choices) or meant}"
            )


def _check_plus(group: str, values: Sequence[str], composed: Composed, tree: ConfTree) -> None:
    """A group that the defaults list does not hold is added, not overridden."""
    if group not in composed.choices and composed.certain and group not in composed.files:
        added = f"{group}={values[0] if values else tree.groups[group][0]}"
        raise InputError(f"{added}: conf/config.yaml does not list this group; add it with a plus: +{added}")


def _check_key(key: str, values: Sequence[str], composed: Composed, tree: ConfTree) -> None:
    if composed.certain and key not in composed.settings:
        raise unknown_key(key, composed, tree)


def _check_values(key: str, values: Sequence[str], composed: Composed, schema: ConfigSchema) -> None:
    """Check the value alone against the type of its field, unless only a layer knows it."""
    kind = _kind(key, composed, schema)
    if kind is not None:
        for value in values:
            part(kind, scalar(value), key, composed.file)


def _kind(key: str, composed: Composed, schema: ConfigSchema) -> Any:
    """The type of a dotted key, or None where only a layer knows it."""
    group, *names = key.split(".")
    kind = schema.kinds().get(group)
    if kind is ModelSettings and names and "model.name" in composed.settings:
        kind = schema.model_class(composed.settings["model.name"].value, composed.file)
    for name in names:
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif isinstance(kind, type) and dataclasses.is_dataclass(kind):
            kind = get_type_hints(kind, include_extras=True).get(name)
        else:
            return None
    return None if kind is ModelSettings or dataclasses.is_dataclass(kind) else kind


def scalar(text: str) -> object:
    """A plain word as Hydra reads it: null, a truth value, a number, else text."""
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    for number in () if _REVISION.fullmatch(text) else (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _below(key: str, composed: Composed) -> bool:
    return any(name.startswith(f"{key}.") for name in composed.settings)
