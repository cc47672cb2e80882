"""A PostgreSQL server of the tests' own, by the fixtures that generated projects have."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

PLACE = Path(__file__).parents[2] / "template" / "tests" / "postgres.py.jinja"

loader = SourceFileLoader("postgres", str(PLACE))
spec = importlib.util.spec_from_loader("postgres", loader)
assert spec is not None
module = importlib.util.module_from_spec(spec)
sys.modules["postgres"] = module
loader.exec_module(module)

postgres_once, postgres, database = module.postgres_once, module.postgres, module.database
