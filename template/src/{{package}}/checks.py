"""Checks of your own, which rows are held to beside those of the contract. To use the one below, uncomment it.

A check gets the rows as the contract types them and yields a Finding for each thing that is wrong. The docstring is the
message, filled in from what the finding says. It is a warning, unless conf/contract/default.yaml grades it otherwise:
`plausible_age: error` below `severity`.
"""

# from collections.abc import Iterator
#
# import pandas as pd
# from mlgen_runtime.extend import Finding, check
#
#
# @check("Age is plausible")
# def plausible_age(rows: pd.DataFrame) -> Iterator[Finding]:
#     """{column} is beyond 120 in {count} rows; mend them at their source"""
#     count = int((rows["age"] > 120).sum())
#     if count:
#         yield Finding("age", count, count=count)
