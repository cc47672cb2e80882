"""Defaults, preset, declaration and overrides become answers, composed by Hydra: each wins over the one before it.

Every question with choices is a Hydra group, built from questions.yml; `preset` is a group of YAML files, mlgen's own
and an organisation's (`--config-dir DIR` with DIR/preset/NAME.yaml):

    # @package _global_
    defaults:
      - override /ci: gitlab
    settings:
      rest: {port: 9000}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import AnswerError, DeclarationError, nearest
from .questions import SETTINGS, Question, Questionnaire

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

PRESET = "preset"
PRESETS = Path(__file__).with_name("conf")
_ROOT = "new"  # name of the composed configuration


def declaration(path: Path, questionnaire: Questionnaire) -> dict[str, Any]:
    """Read a declaration: a YAML mapping of answers, the same that `copier copy --data-file` takes.

    Raises:
        DeclarationError: where there is no such file or it is no mapping.
        AnswerError: for a key or value that is not offered.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text("utf8"))
    except OSError as error:
        raise DeclarationError(f"the declaration '{path}' can't be read ({error.strerror}); check the path.") from error
    except yaml.YAMLError as error:
        raise DeclarationError(f"the declaration '{path}' is not YAML: {_one_line(str(error))}.") from error
    if not isinstance(content, dict):
        raise DeclarationError(f"the declaration '{path}' is not a mapping; write lines such as 'use_case: tabular'.")
    return questionnaire.accept(content)


def combinations(
    overrides: Sequence[str], *, sweep: bool, questionnaire: Questionnaire, preset: bool = True
) -> list[dict[str, str]]:
    """Split overrides into runs: `{override's key: override}`, one for each combination where `sweep` is set.

    Raises:
        AnswerError: for an override that is malformed, names no question, or sweeps without `sweep`.
    """
    parsed = [_parse(override) for override in overrides]
    for override in parsed:
        key = override.key_or_group
        if key.partition(".")[0] != SETTINGS:
            questionnaire.check_key(key, *([PRESET] if preset else []))
        if override.is_delete():
            raise AnswerError(f"'{override.input_line}' deletes an answer, which can't be; set another value instead.")
        if override.is_sweep_override() and not sweep:
            question = questionnaire.questions.get(key)
            one = f"write a list as {key}=[…]" if question and question.several else "give one"
            raise AnswerError(f"'{override.input_line}' gives several values; {one}, or add -m for a project of each.")
    swept = [list(_values(override)) for override in parsed]
    return [{o.key_or_group: text for o, text in zip(parsed, texts, strict=True)} for texts in product(*swept)]


def compose(
    overrides: Mapping[str, str],
    *,
    name: str,
    declared: Mapping[str, Any],
    questionnaire: Questionnaire,
    config_dir: Path | None = None,
) -> dict[str, Any]:
    """Compose one run's answers. `overrides` is one of `combinations`; `name` is the project's, unless given.

    Raises:
        AnswerError: for a value that is not offered.
        DeclarationError: for a preset that does not exist or cannot be composed.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    presets = available_presets(config_dir)
    _store(questionnaire, name=name, declared=declared)
    lines = [f"hydra.searchpath=['file://{config_dir.resolve()}']"] if config_dir else []
    groups = {key: f"{key}={_text(q, declared[key])}" for key, q in questionnaire.questions.items()
              if _is_group(q) and key in declared}  # fmt: skip
    for key, line in overrides.items():
        _check_value(line, key, questionnaire, presets)
        groups.pop(key, None)
        lines.append(f"++{line.lstrip('+')}" if key.partition(".")[0] == SETTINGS else line.lstrip("+"))
    _check_preset(overrides, presets, questionnaire)
    try:
        with initialize_config_dir(str(PRESETS), job_name="mlgen", version_base="1.3"):
            config = hydra_compose(_ROOT, overrides=[*groups.values(), *lines])
        composed = OmegaConf.to_container(config, resolve=False)
    except (HydraException, OmegaConfBaseException) as error:
        reason = str(error.__cause__ or error)
        if missing := re.search(r"Could not find '(\w+)/([^']*)'", reason):
            questionnaire.check_key(missing[1])
            questionnaire.questions[missing[1]].accept(missing[2])
        raise DeclarationError(f"the preset can't be composed: {_one_line(reason)}") from error
    assert isinstance(composed, dict)
    composed.pop(PRESET, None)
    for key, question in questionnaire.questions.items():
        if question.several:
            composed[key] = list(composed.get(key) or {})
    return questionnaire.accept({str(key): value for key, value in composed.items()})


def overlay(base: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Lay plain overrides (no groups, no presets) over a mapping: `settings.rest.port=9000` changes that one key."""
    from omegaconf import OmegaConf

    config = OmegaConf.create(dict(base))
    for override in map(_parse, overrides):
        OmegaConf.update(config, override.key_or_group, override.value(), force_add=True)
    result = OmegaConf.to_container(config, resolve=False)
    assert isinstance(result, dict)
    return {str(key): value for key, value in result.items()}


def available_presets(config_dir: Path | None = None) -> dict[str, Path]:
    """Name and file of every preset: mlgen's own, then an organisation's.

    Raises:
        DeclarationError: where `config_dir` is no folder or holds no presets.
    """
    folders = [PRESETS / PRESET]
    if config_dir is not None:
        if not (config_dir / PRESET).is_dir():
            raise DeclarationError(
                f"'{config_dir}' holds no folder 'preset'; put presets in {config_dir}/preset/NAME.yaml."
            )
        folders.append(config_dir / PRESET)
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def _check_value(line: str, key: str, questionnaire: Questionnaire, presets: Mapping[str, Path]) -> None:
    """Refuse a value before Hydra sees it: Hydra would name neither the choices nor the nearest one."""
    if key.partition(".")[0] == SETTINGS:
        return
    value = _parse(line).value()
    if key != PRESET:
        questionnaire.questions[key].accept(value)
    elif value not in presets:
        raise DeclarationError(f"preset={value} does not exist; choose from {', '.join(presets)}."
                               f"{nearest(str(value), presets)}")  # fmt: skip


def _check_preset(overrides: Mapping[str, str], presets: Mapping[str, Path], questionnaire: Questionnaire) -> None:
    """Refuse a preset that sets a group as a plain value: it would win over the command line."""
    import yaml

    if PRESET not in overrides:
        return
    name = str(_parse(overrides[PRESET]).value())
    try:
        content = yaml.safe_load(presets[name].read_text("utf8"))
    except yaml.YAMLError as error:
        raise DeclarationError(f"the preset '{presets[name]}' is not YAML: {_one_line(str(error))}.") from error
    for key, question in questionnaire.questions.items():
        if _is_group(question) and key in (content or {}):
            line = f"- override /{key}: {_text(question, content[key])}"
            raise DeclarationError(f"the preset '{presets[name]}' sets {key} as a value; write '{line}' under "
                                   "defaults, so that overrides win.")  # fmt: skip


def _store(questionnaire: Questionnaire, *, name: str, declared: Mapping[str, Any]) -> None:
    """Give Hydra the groups, what was declared, and the configuration that puts them in order."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    defaults: list[Any] = ["_self_"]
    values: dict[str, Any] = {"project_name": name, SETTINGS: {}}
    for question in questionnaire.questions.values():
        if not _is_group(question):
            values.setdefault(question.name, question.default)
            continue
        defaults.append({question.name: question.default})
        for choice in question.choices:
            node = {question.name: {choice.value: True} if question.several else choice.value}
            store.store(group=question.name, name=str(choice), node=node, package="_global_")
    plain = {key: value for key, value in declared.items() if key in values}
    store.store(name="declared", node=plain, package="_global_")
    store.store(name=_ROOT, node={"defaults": [*defaults, {PRESET: None}, "declared"], **values})


def _is_group(question: Question) -> bool:
    """Text choices are Hydra groups; Hydra takes no boolean for a group, so a yes-or-no question is a value."""
    return bool(question.choices) and question.type == "str"


def _text(question: Question, value: Any) -> str:
    return f"[{','.join(value)}]" if question.several else str(value)


def _parse(override: str) -> Override:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser = OverridesParser.create()
    try:
        return parser.parse_override(override)
    except HydraException as error:
        key, _, value = override.partition("=")
        if key.replace(".", "").isidentifier() and value and not set(value) & set("'\"\\[]{}(),"):
            return parser.parse_override(f"{key}='{value}'")  # plain text that Hydra reads in quotes only, such as café
        raise AnswerError(
            f"'{override}' is not an override; write KEY=VALUE, as in ci=gitlab or deployment=[rest]."
        ) from error


def _values(override: Override) -> Iterator[str]:
    if not override.is_sweep_override():
        yield override.input_line or ""
        return
    key = override.get_key_element()
    for value in override.sweep_string_iterator():
        yield f"{key}={value}"


def _one_line(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines() if line.strip())
