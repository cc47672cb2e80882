"""Show the questions, their choices and what each adds."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from pathlib import Path

from .. import layers
from .. import source as sources
from ..compose import available_presets
from ..questions import Question, Questionnaire, load
from ..source import Source

WIDTH = 118


def parser() -> argparse.ArgumentParser:
    """The command line of `mlgen list`."""
    parser = argparse.ArgumentParser(
        prog="mlgen list",
        description=__doc__,
        epilog="example:\n  mlgen list ci",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("question", nargs="?", metavar="QUESTION", help="one question only; all, where left out")
    parser.add_argument(
        "--config-dir", type=Path, metavar="DIR", help="an organisation's presets: DIR/preset/NAME.yaml"
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Print every question, or one, and the presets."""
    questionnaire = load()
    if arguments.question:
        questionnaire.check_key(arguments.question)
    source = sources.default()
    for question in questionnaire.questions.values():
        if arguments.question in (None, question.name):
            print("\n".join(_question(question, questionnaire, source)))
            print()
    if not arguments.question:
        print("\n".join(_presets(available_presets(arguments.config_dir))))
    return 0


def _question(question: Question, questionnaire: Questionnaire, source: Source) -> Iterator[str]:
    several = "  (one or more, as a list)" if question.several else ""
    yield f"{question.name}{several}"
    yield from _wrap(question.help, 2)
    for choice in question.choices:
        default = choice.value in question.default if question.several else choice.value == question.default
        yield f"    {choice!s:10} {choice.label}{'  [default]' if default else ''}"
        if added := questionnaire.added(question, choice):
            count = len(layers.adds(source, *added))
            yield from _wrap(f"adds {count} files: {', '.join(layers.places(source, *added))}", 15)
            known = layers.rooms(source.folder)
            if rooms := [room for layer in added for room in known.get(layer, ())]:
                yield from _wrap(f"and to the runtime: {', '.join(rooms)}", 15)


def _presets(presets: dict[str, Path]) -> Iterator[str]:
    """Each preset with the comment that its file begins with."""
    yield "preset  (a named set of answers: mlgen new churn preset=NAME)"
    for name, path in presets.items():
        lines = path.read_text("utf8").splitlines()
        words = [line.lstrip("# ") for line in lines if line.startswith("#") and "@package" not in line]
        yield f"    {name:10} {' '.join(words)}"


def _wrap(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent, break_on_hyphens=False
    )
