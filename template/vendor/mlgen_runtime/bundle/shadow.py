"""The candidate that answers beside the champion, for comparison only: `bundles/shadow.json`.

    {"version": "8", "since": "2026-03-01T09:30:00Z", "champion": "7"}

`retrain` names it (retrain.shadow=true) and looks at how it did; whoever keeps the log of predictions asks it about
what the champion was asked. Nobody is ever answered by it.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from dataclasses import dataclass

from .store import Store

NAME = "shadow.json"


@dataclass(frozen=True)
class Shadow:
    """The version, since when (UTC, ISO 8601) it answers too, and the champion that it was let through against."""

    version: str
    since: str
    champion: str | None


def current(store: Store) -> Shadow | None:
    """Return the shadow of a store, or None. A file that cannot be read names none: nothing depends on it."""
    try:
        entries = json.loads(store.read(NAME) or b"null")
        return Shadow(**{field.name: entries[field.name] for field in dataclasses.fields(Shadow)})
    except (ValueError, TypeError, KeyError):
        return None


def name(store: Store, version: str, champion: str | None) -> Shadow:
    """Let a published version answer beside the champion from now on, in place of any other."""
    found = Shadow(version, datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), champion)
    store.replace(NAME, json.dumps(dataclasses.asdict(found), indent=1).encode() + b"\n")
    return found


def drop(store: Store, version: str | None = None) -> None:
    """Let nobody answer beside the champion; with `version`, only where it is that one."""
    found = current(store)
    if found is not None and version in (None, found.version):
        store.remove(NAME)
