"""The help pages. They read the verbs' source and `conf/`, and import nothing of either, so that they come at once."""

from __future__ import annotations

import textwrap

from ..config.tree import Composed, ConfTree
from .verbs import Verb, discover

_WIDTH = 110

_OVERALL = """\
usage: {name} VERB [key=value ...] [flags]

verbs ({name} VERB --help shows a verb's main settings)
{verbs}

settings: every value is YAML in conf/ and can be changed on the command line; paths are relative to the project
  seed=7                   one value
  model.learning_rate=0.1  one value of a group
  model=NAME               another file of a group: conf/model/NAME.yaml
  +experiment=NAME         a complete named run: conf/experiment/NAME.yaml
  -m model=a,b seed=1,2    a run for each of the four combinations, with a table at the end

choices (the first word is the group, a folder of conf/)
{choices}

flags
  --cfg job                show the configuration that would run, and run nothing
  -m, --multirun           run every combination of the values that commas separate
  --config-dir DIR         look in a further folder of YAML files first
  -sc install=bash         completion of verbs, settings and choices: eval "$({name} -sc install=bash)"
  --hydra-help             the flags and groups of Hydra, which composes the YAML

exit codes: 0 done; 2 the input or a setting is wrong; 3 done, but not promoted (with gate.strict=true); 1 a bug"""

_VERB = """\
usage: {name} {verb} [key=value ...] [flags]

{page}

main settings (all of them: {name} {verb} --cfg job)
{settings}{flags}"""


def overall(name: str, tree: ConfTree | None) -> str:
    """The page of the whole command; `tree` is None outside of a project."""
    verbs = discover()
    width = max((len(verb) for verb in verbs), default=0)
    lines = [f"  {verb.name:<{width}}  {verb.help}" for verb in verbs.values()]
    return _OVERALL.format(name=name, verbs="\n".join(lines), choices=_choices(tree))


def of_verb(name: str, verb: Verb, tree: ConfTree | None) -> str:
    """The page of one verb: what it does, its main settings with defaults, comments and files."""
    page = verb.page.strip()
    flags = "".join(f"\n  {flag:<12}  {setting}" for flag, setting in verb.flags.items())
    shown = f"\n\nflags{flags}" if flags else ""
    return _VERB.format(name=name, verb=verb.name, page=page, settings=_settings(verb, tree), flags=shown)


def _choices(tree: ConfTree | None) -> str:
    if tree is None:
        return "  (none: this folder is in no project)"
    groups = {group: choices for group, choices in tree.groups.items() if len(choices) > 1 or group == "experiment"}
    width = max((len(group) for group in groups), default=0)
    return "\n".join(f"  {group:<{width}}  {', '.join(choices)}" for group, choices in groups.items())


def _settings(verb: Verb, tree: ConfTree | None) -> str:
    if tree is None:
        return "  (none: this folder is in no project)"
    composed = tree.compose({})
    there = (key for key in verb.settings if key in tree.groups or key in composed.settings)
    rows = [_row(key, tree, composed) for key in there]
    width = min(max((len(left) for left, _ in rows), default=0), 36)
    lines = []
    for left, right in rows:
        indent = " " * (width + 4)
        wrapped = textwrap.wrap(right, _WIDTH, initial_indent=indent, subsequent_indent=indent) or [""]
        wrapped[0] = f"  {left:<{width}}  {wrapped[0].lstrip()}".rstrip()
        lines += wrapped
    return "\n".join(lines) or "  (none)"


def _row(key: str, tree: ConfTree, composed: Composed) -> tuple[str, str]:
    if key in tree.groups:
        choices, chosen = tree.groups[key], composed.choices.get(key)
        if chosen and len(choices) == 1:
            return f"{key}.NAME=VALUE", f"{composed.settings[key].comment} ({composed.file(key)})"
        return f"{'' if chosen else '+'}{key}={chosen or 'NAME'}", f"one of {', '.join(choices)} (conf/{key}/)"
    setting = composed.settings[key]
    return f"{key}={setting.value}", f"{setting.comment} ({setting.file})".strip()
