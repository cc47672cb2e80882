"""Features of your own, for what no expression in conf/features says. To use the one below, uncomment it; each training
then takes it as an input beside the columns, and `features.above_poverty=null` leaves it out of one.

A feature gets an array for each of its arguments, which are called as columns are (`columns=["hours-per-week"]` names
them otherwise): numbers with NaN where missing, texts with None, dates as datetime64 in UTC. It returns an array of its
`type`: number, boolean, category or moment. What it says of a row may depend on that row alone. The model needs this
code wherever it answers: a bundle keeps its name and hash, and `export` refuses it, for a folder holds no code.
"""

# from typing import Any
#
# import numpy as np
# from mlgen_runtime.extend import feature
#
#
# @feature(type="number")
# def above_poverty(income: Any, family_size: Any) -> Any:
#     """Income as a share of what was called poor in 1974 for a family of that size (dollars, United States)."""
#     line = np.interp(family_size, [1, 2, 3, 4, 5, 6, 7], [2495, 3211, 3936, 5038, 5950, 6699, 8253])
#     return income / line
