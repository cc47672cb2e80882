"""The data profile: what every column holds, what is missing, how it goes with the target, and how even the target is.

found = profile(view)            figures, from rows that are seen through their contract
found.to_dict()                  for reports/contract.json
page.sections(found)             for reports/contract.html

distribution   a column in bins or by category              association   one column against the target
series         the length and the gaps of each time series  charts, page  how it looks
"""

from __future__ import annotations

from .profile import ColumnProfile, DataProfile, profile

__all__ = ["ColumnProfile", "DataProfile", "profile"]
