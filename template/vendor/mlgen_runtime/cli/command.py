"""The command line `VERB [key=value ...] [flags]`, taken apart: the verb, Hydra's flags, the overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import InputError, nearest
from .verbs import discover

#: Flags by every spelling, and whether a value follows. All but help are Hydra's own.
FLAGS = {
    "--help": False, "-h": False,
    "--multirun": False, "-m": False,
    "--cfg": True, "-c": True,
    "--resolve": False,
    "--package": True, "-p": True,
    "--info": True, "-i": True,
    "--config-dir": True, "-cd": True,
    "--config-name": True, "-cn": True,
    "--shell-completion": False, "-sc": False,
    "--hydra-help": False,
}  # fmt: skip
_MULTIRUN = ("-m", "--multirun")
_CONFIG_DIR = ("-cd", "--config-dir")
_SHOWS = ("-c", "--cfg", "-i", "--info", "--hydra-help")
_COMPLETION = ("-sc", "--shell-completion")


@dataclass
class Command:
    """What was asked. `flags` are (name, value or None) as written; paths of --config-dir are absolute."""

    verb: str | None = None
    flags: list[tuple[str, str | None]] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Tell whether one of the flags was given."""
        return any(name in names for name, _ in self.flags)

    @property
    def wants_help(self) -> bool:
        """True for --help, and where nothing was asked."""
        return self.has("--help", "-h") or not (self.verb or self.flags or self.overrides)

    @property
    def is_multirun(self) -> bool:
        """True where every combination of the values is to be run."""
        return self.has(*_MULTIRUN)

    @property
    def only_shows(self) -> bool:
        """True where Hydra shows something and no verb runs."""
        return self.has(*_SHOWS)

    @property
    def completes(self) -> bool:
        """True for the shell's request to complete a word, or to install that."""
        return self.has(*_COMPLETION)

    @property
    def config_dirs(self) -> tuple[Path, ...]:
        """Further folders of YAML files."""
        return tuple(Path(value) for name, value in self.flags if name in _CONFIG_DIR and value)

    @property
    def hydra_flags(self) -> list[str]:
        """The flags as words again, as Hydra's own parser wants them."""
        return [part for name, value in self.flags for part in (name, value) if part is not None]


def parse(arguments: Sequence[str]) -> Command:
    """Take the command line apart; raises InputError that names the nearest flag, or what a lone word lacks."""
    command = Command()
    rest = list(arguments)
    own = [word for word in rest if word.startswith("--") and word not in FLAGS]
    short = _own_flags(rest) if own else {}
    while rest:
        word = rest.pop(0)
        if word in short:
            command.overrides.append(short[word])
        elif word.startswith("-"):
            command.flags.append(_flag(word, rest, short))
        elif command.verb is None and not command.completes and not word.startswith(("+", "~")) and "=" not in word:
            command.verb = word
        elif "=" not in word and not word.startswith("~"):
            raise InputError(f"{word!r} is neither a flag nor a setting; settings are written {word}=VALUE")
        else:
            command.overrides.append(word)
    return command


def _own_flags(words: Sequence[str]) -> Mapping[str, str]:
    """The flags of the verb that is among the words, each with the setting that it is short for."""
    verbs = discover()
    return next((verbs[word].flags for word in words if word in verbs), {})


def _flag(word: str, rest: list[str], own: Mapping[str, str]) -> tuple[str, str | None]:
    name, equals, value = word.partition("=")
    if name not in FLAGS:
        long = [*own, *(flag for flag in FLAGS if flag.startswith("--"))]
        raise InputError(f"{name!r} is not a flag; expected one of {', '.join(long)}{nearest(name, long)}")
    if not FLAGS[name]:
        if equals:
            raise InputError(f"{name} takes no value, not {value!r}")
        return name, None
    if not equals:
        if not rest:
            example = "--cfg job" if name in ("--cfg", "-c") else f"{name} NAME"
            raise InputError(f"{name} needs a value, for example {example}")
        value = rest.pop(0)
    if name in _CONFIG_DIR:
        if not Path(value).is_dir():
            raise InputError(f"{name}: there is no folder {value!r}; it should hold groups such as experiment/")
        return name, str(Path(value).absolute())
    if name in ("--cfg", "-c") and value not in ("job", "hydra", "all"):
        raise InputError(f"{name} {value!r}: expected job, hydra or all{nearest(value, ('job', 'hydra', 'all'))}")
    return name, value


def require_verb(command: Command) -> str:
    """Return the verb; raises InputError that lists the verbs where there is none."""
    if command.verb is None:
        raise InputError(f"no verb is given; expected one of {', '.join(discover())}, then settings as key=value")
    return command.verb
