"""A PostgreSQL server of the tests' own, by the fixtures that tests of the runtime have."""

from __future__ import annotations

from postgres import database, postgres, postgres_once

__all__ = ["database", "postgres", "postgres_once"]
