"""Which tests run in one process where there are several: those that share an environment, so that it is made once."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

from mlgen.questions import load

USE_CASES = load().questions["use_case"].values

#: What needs a generated environment, and minutes, begins first: no process is left alone with it at the end.
SLOW = ("test_generated.py", "schedule", "monitor", "test_series.py", "test_versions.py", "rest", "edge", "batch")


def part(nodeid: str) -> str:
    """The folder of tests/ that a test lies in (of tests/runtime/, the room), or its module where it lies in none."""
    folders = nodeid.partition("::")[0].split("/")[1:]
    return "/".join(folders[:2]) if folders[0] == "runtime" else folders[0]


def turn(nodeid: str) -> int:
    """When a test's part has its turn."""
    return SLOW.index(part(nodeid)) if part(nodeid) in SLOW else len(SLOW)


class TogetherScheduling(LoadScopeScheduling):
    """Gives a folder or a module of tests to one process; of test_generated.py, each project or what needs none."""

    def _split_scope(self, nodeid: str) -> str:
        if part(nodeid) != "test_generated.py":
            return part(nodeid)
        project = nodeid.partition("[")[2].removesuffix("]").partition("-")[0]
        return project if project in USE_CASES else nodeid
