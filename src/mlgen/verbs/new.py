"""Make a project from answers, a preset or a declaration."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import source as sources
from ..errors import AnswerError, DestinationError
from ..questions import Questionnaire, load
from ..source import Source

EXAMPLES = """\
examples:
  mlgen new churn                                   asks on a terminal, else takes the defaults
  mlgen new churn ci=gitlab deployment=[rest]       answers as overrides; the rest are defaults
  mlgen new churn settings.rest.port=9000           a setting of the project (its conf/project.yaml)
  mlgen new churn preset=lean ci=github             a named set of answers, then changes to it
  mlgen new churn --from declaration.yaml           answers from a file
  mlgen new fleet -m project_name=churn,fraud       a project of each value: fleet/churn, fleet/fraud
  mlgen new churn --dry-run                         the files it would make; writes nothing
"""


@dataclass(frozen=True)
class Plan:
    """One project to make: where, and from which answers."""

    destination: Path
    answers: Mapping[str, Any]


def parser() -> argparse.ArgumentParser:
    """The command line of `mlgen new`."""
    questions = "\n".join(
        f"  {q.name + '=':17} {' | '.join(q.values) or 'a name; the default is the name of DESTINATION'}"
        for q in load().questions.values()
    )
    parser = argparse.ArgumentParser(
        prog="mlgen new",
        usage="mlgen new DESTINATION [QUESTION=ANSWER ...] [options]",
        description=__doc__,
        epilog=f"questions (mlgen list explains them; the first answer is the default):\n{questions}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("destination", type=Path, metavar="DESTINATION", help="a folder that is new or empty")
    parser.add_argument(
        "overrides", nargs="*", metavar="QUESTION=ANSWER", help="answers, preset=NAME, settings.LAYER.KEY=VALUE"
    )
    parser.add_argument("--from", dest="declaration", type=Path, metavar="FILE", help="a declaration: answers in YAML")
    parser.add_argument(
        "--config-dir", type=Path, metavar="DIR", help="an organisation's presets: DIR/preset/NAME.yaml"
    )
    parser.add_argument("-m", "--multirun", action="store_true", help="a project of each combination of values a,b")
    parser.add_argument("--dry-run", action="store_true", help="list the files, write nothing")
    parser.add_argument(
        "--source", metavar="URL", help="another template repository (a fork, a mirror): its latest release"
    )
    parser.add_argument("--ref", metavar="TAG", help="with --source, another release or commit of it")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Compose the answers, check them all, then make the project (or projects) and say what was made."""
    from ..report import made, would_make

    if "=" in str(arguments.destination):
        raise DestinationError(f"'{arguments.destination}' is an answer; name the folder to make before it, "
                               f"as in mlgen new churn {shlex.quote(str(arguments.destination))}.")  # fmt: skip
    source = Source(arguments.source, arguments.ref) if arguments.source else sources.default()
    if arguments.ref and not arguments.source:
        raise AnswerError(f"--ref {arguments.ref} needs --source; name the template repository it belongs to.")
    questionnaire = load()
    ask = _interactive(arguments)
    plans = [Plan(arguments.destination, {})] if ask else _plans(arguments, questionnaire)
    if sources.uncommitted(source):
        print(f"mlgen: the checkout {source.path} has changes that no commit holds; they are used, but a project made "
              "from them can't be updated later.", file=sys.stderr)  # fmt: skip
    if arguments.dry_run:
        print("\n".join(would_make(plan.destination, plan.answers, _rehearse(plan, source)) for plan in plans))
        return 0
    _make(plans, source, ask=ask)
    print(made([plan.destination for plan in plans]))
    return 0


def _interactive(arguments: argparse.Namespace) -> bool:
    asked = not (arguments.overrides or arguments.declaration or arguments.multirun or arguments.dry_run)
    return asked and sys.stdin.isatty() and sys.stdout.isatty()


def _plans(arguments: argparse.Namespace, questionnaire: Questionnaire) -> list[Plan]:
    from ..compose import combinations, compose, declaration

    declared = declaration(arguments.declaration, questionnaire) if arguments.declaration else {}
    runs = combinations(arguments.overrides, sweep=arguments.multirun, questionnaire=questionnaire)
    swept = [key for key in runs[0] if len({run[key] for run in runs}) > 1]
    plans = []
    for overrides in runs:
        destination = _folder(arguments.destination, overrides, swept) if arguments.multirun else arguments.destination
        answers = compose(overrides, name=destination.resolve().name, declared=declared, questionnaire=questionnaire,
                          config_dir=arguments.config_dir)  # fmt: skip
        plans.append(Plan(destination, answers))
    return plans


def _folder(parent: Path, overrides: Mapping[str, str], swept: list[str]) -> Path:
    """`fleet` with project_name=churn and ci=gitlab: `fleet/churn-gitlab`; without a name, `fleet/fleet-gitlab`."""
    values = {key: overrides[key].partition("=")[2].strip("'\"[]").replace(",", "-") for key in swept}
    name = values.pop("project_name", parent.resolve().name)
    return parent / "-".join([name, *values.values()])


def _rehearse(plan: Plan, source: Source) -> list[Path]:
    """Make the project in a temporary folder, and return its files."""
    from ..render import check_destination, files, render

    check_destination(plan.destination)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / plan.destination.resolve().name
        render(plan.answers, copy, source)
        return files(copy)


def _make(plans: list[Plan], source: Source, *, ask: bool) -> None:
    """Make every project; of several, none is written before all are known to work."""
    from ..render import render

    if len(plans) > 1:
        if len({plan.destination for plan in plans}) < len(plans):
            raise DestinationError("two of the combinations would be made in the same folder; give different values.")
        for plan in plans:
            render(plan.answers, plan.destination, source, check=True)
    for plan in plans:
        render(plan.answers, plan.destination, source, ask=ask)
