"""The project's own checks of rows (`mlgen_runtime.extend.check`), as checks beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..core import extensions
from ..core.extensions import Extension
from .catalogue import Check, Finding
from .view import View


def checks(ours: Mapping[str, Check]) -> dict[str, Check]:
    """Our checks and those that the project's modules registered, by id. Raises InputError where both have a name."""
    own = extensions.registered_beside(ours, "check")
    return {**ours, **{name: _check(name, found) for name, found in own.items()}}


def _check(name: str, found: Extension) -> Check:
    """A check whose function gets the typed rows; its docstring is the message, filled in from what it yields."""

    def find(view: View) -> Iterator[Finding]:
        yield from found.function(view.typed) or ()

    message = " ".join((found.function.__doc__ or "").split()) or found.options["title"]
    return Check(name, found.options["title"], message, find)
