"""The runtime of projects made by mlgen: from raw data to a model in production. Its rooms, from the bottom up:

core          errors, durations, JSON, locks, CPU quota, progress: what knows nothing of data or models
config        conf/ composed by Hydra, checked, and given as dataclasses
contract      what each column is and may hold: schema, types, profile, checks
data          tables, versions, what a run reads
bundle        the production artefact, its store, the champion and the ledger
usecase       the protocol that a use case fulfils, and how a bundle is opened
onnx          graphs, forests, sessions
rows          what use cases of independent rows share; tabular and timeseries are use cases
training      the pipeline; hooks, rest, batch, edge: ways to use a model
prediction_log, live_counters, monitoring, alerting, retraining    production, watched
scheduling    jobs that run by themselves; cli, the command line over all of it

A project's own code imports `mlgen_runtime.extend` and nothing else; all other modules may change with any release.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 # said here, for what follows would fail with a trace
    print(
        f"this project needs Python 3.11 to 3.13, and this is {sys.version.split()[0]}; "
        "`make setup` finds one of those, or name it: make setup PYTHON=/path/to/python",
        file=sys.stderr,
    )
    raise SystemExit(2)
