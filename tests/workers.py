"""Which tests run in one process where there are several: those that share an environment, so that it is made once."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

from mlgen.questions import load

USE_CASES = load().questions["use_case"].values

#: What takes minutes, because of a generated environment or of many trainings, services and kills, begins first: no
#: process is left alone with it at the end. Folders below tests/runtime/ and tests/projects/, and modules.
SLOW = (
    *("projects/test_generated.py", "projects/schedule", "projects/monitor", "projects/test_series.py"),
    *("projects/test_versions.py", "projects/rest", "projects/edge", "projects/batch"),
    *("runtime/batch", "runtime/data", "runtime/extend", "runtime/edge", "runtime/retraining/test_retrain_triggers.py"),
    *("runtime/training/test_pipeline.py", "runtime/timeseries/test_pipeline_series.py"),
    *("runtime/timeseries/test_tft.py", "runtime/prediction_log/test_log_service.py"),
    "runtime/rest/test_rest_process.py",
)


def part(nodeid: str) -> str:
    """The folder below tests/runtime/, tests/generator/ or tests/projects/ that a test lies in, or its module where it
    lies in none, or is slow by itself."""
    module = nodeid.partition("::")[0].partition("/")[2]
    return module if module in SLOW else "/".join(module.split("/")[:2])


def turn(nodeid: str) -> int:
    """When a test's part has its turn."""
    return SLOW.index(part(nodeid)) if part(nodeid) in SLOW else len(SLOW)


class TogetherScheduling(LoadScopeScheduling):
    """Gives a folder or a module of tests to one process; of test_generated.py, each project or what needs none."""

    def _split_scope(self, nodeid: str) -> str:
        if part(nodeid) != "projects/test_generated.py":
            return part(nodeid)
        project = nodeid.partition("[")[2].removesuffix("]").partition("-")[0]
        return project if project in USE_CASES else nodeid
