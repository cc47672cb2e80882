"""Metrics of your own, which the gate can decide by. To use the one below, uncomment it; then it is a setting like any
other: `gate.metric=f2` on the command line, or in conf/gate/default.yaml.

A metric gets what was true (values, or classes as numbers from 0 in the order of the contract's labels), the scores (a
value, or a column with a probability for each class) and how often each row counts (None: once), and returns a number.
More is better, unless `greater_is_better=False` is said. The runtime draws the bootstrap over it.
"""

# from typing import Any
#
# from mlgen_runtime.extend import metric
# from sklearn.metrics import fbeta_score
#
#
# @metric(tasks=["binary"])
# def f2(truth: Any, scores: Any, weight: Any) -> float:
#     """Precision and recall in one, where a missed case costs more than a false alarm."""
#     return float(fbeta_score(truth, scores[:, 1] >= 0.5, beta=2, sample_weight=weight))
