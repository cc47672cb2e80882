"""What is asked and what is offered, read from questions.yml: the one list that Copier asks from, too.

>>> [choice.value for choice in load().questions["ci"].choices]
['github', 'gitlab', 'none']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .errors import AnswerError, nearest
from .source import ROOT

PATH = ROOT / "src" / "mlgen" / "questions.yml"
SETTINGS = "settings"  # never asked, accepted: a mapping that becomes the project's conf/project.yaml


@dataclass(frozen=True)
class Choice:
    """One value that a question offers, and the words a person reads."""

    value: str | bool
    label: str

    @property
    def layer(self) -> str | None:
        """The folder of template/ of the choice's name, None where there is none (`none`; true brings a shared one)."""
        return None if isinstance(self.value, bool) or self.value == "none" else self.value

    def __str__(self) -> str:
        return str(self.value).lower() if isinstance(self.value, bool) else self.value


@dataclass(frozen=True)
class Question:
    """One question: its type, its default, when to choose what, and the choices (none: any text)."""

    name: str
    type: str
    help: str
    default: Any
    choices: tuple[Choice, ...]
    several: bool
    asked: bool

    @property
    def values(self) -> tuple[str, ...]:
        """The choices as they are written on a command line."""
        return tuple(str(choice) for choice in self.choices)

    def accept(self, value: Any) -> Any:
        """Return `value` as an answer: of the question's type, and one of its choices.

        Raises:
            AnswerError: naming the value, the choices and the nearest one.
        """
        if self.several:
            given = value if isinstance(value, list) else [value]
            chosen = {self._one(item).value for item in given}
            return [choice.value for choice in self.choices if choice.value in chosen]
        if self.choices:
            return self._one(value).value
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
        raise AnswerError(f"{self.name}={value!r} is not text; give a name, as in {self.name}=churn.")

    def _one(self, value: Any) -> Choice:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        for choice in self.choices:
            if text == str(choice):
                return choice
        raise AnswerError(f"{self.name}={text} is not offered; choose from {', '.join(self.values)}."
                          f"{nearest(text, self.values)}")  # fmt: skip


@dataclass(frozen=True)
class Questionnaire:
    """All questions, by name, in the order in which they are asked."""

    questions: Mapping[str, Question]
    shared: Mapping[str, Mapping[str, tuple[str | bool, ...]]]  # layer -> question -> the choices that bring it
    retired: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every key that a declaration may have: the questions, then `settings`."""
        return (*self.questions, SETTINGS)

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer: those that choices share, then those of one choice."""
        return (*self.shared, *(choice.layer for q in self.questions.values() for choice in q.choices if choice.layer))

    def added(self, question: Question, choice: Choice) -> tuple[str, ...]:
        """The layers that a choice brings: those it shares with others, then its own."""
        shared = (name for name, choices in self.shared.items() if choice.value in choices.get(question.name, ()))
        return (*shared, *([choice.layer] if choice.layer else []))

    def check_key(self, key: str, *more: str) -> None:
        """Refuse a key that is no question, naming the nearest of the questions and `more`."""
        known = (*self.names, *more)
        if key in ("slug", "package", *self.layers):
            raise AnswerError(f"'{key}' is worked out from the other answers and can't be given; "
                              f"choose from {', '.join(known)}.")  # fmt: skip
        if key not in known:
            raise AnswerError(f"'{key}' is not a question; choose from {', '.join(known)}.{nearest(key, known)}")

    def accept(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers in the order of the questions, each of its type and among its choices.

        Raises:
            AnswerError: for the first key or value that cannot be used.
        """
        for key in answers:
            self.check_key(str(key))
        accepted = {name: q.accept(answers[name]) for name, q in self.questions.items() if name in answers}
        if SETTINGS in answers:
            accepted[SETTINGS] = answers[SETTINGS]
        return accepted


@cache
def load(path: Path = PATH) -> Questionnaire:
    """Read the questions."""
    import yaml

    content = yaml.load(path.read_text("utf8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return Questionnaire(
        questions={name: _question(name, q) for name, q in content.items() if name[0] != "_" and name != SETTINGS},
        shared={
            layer: {name: tuple(values) for name, values in choices.items()}
            for layer, choices in content["_shared"].items()
        },
        retired=tuple(content["_retired"]),
    )


def _question(name: str, content: Mapping[str, Any]) -> Question:
    return Question(
        name=name,
        type=content["type"],
        help=content["help"],
        default=content["default"],
        choices=tuple(Choice(value, label) for label, value in content.get("choices", {}).items()),
        several=content.get("multiselect", False),
        asked=content.get("ask", True),
    )
