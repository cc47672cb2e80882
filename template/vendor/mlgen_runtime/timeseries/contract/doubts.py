"""The checks of whether rows are rightly taken for these series at this frequency: fused series, and grids of gaps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...contract.catalogue import Check, Finding, entered, percent
from ...contract.view import View
from . import fused
from .patterns import moment, placing, settings, spans, values
from .stamped import stamps

CHECKS: dict[str, Check] = {}


@entered(CHECKS, "Several series taken for one")
def fused_series(view: View) -> Iterator[Finding]:
    """{column} {how}; infer the contract anew with data.series=[{names}], or take the column out with data.drop if it
    names no series"""
    placed = placing(view)
    if placed is None:
        return
    names = [column.name for column in view.contract.with_role("series")]
    likely = view.once(fused.explanation)
    if likely:
        how = "changes where the moments repeat or go back, so rows of several series are taken for one"
        yield Finding(likely[0], how=how, names=", ".join([*names, likely[0]]))
    elif not names:
        times = view.typed[view.contract.with_role("time")[0].name].to_numpy()
        for name in fused.stretched(fused.free(view, texts_only=True), times)[:1]:
            yield Finding(
                name, grave=False, how="stands in stretches of rows, as the name of a series does", names=name
            )


@entered(CHECKS, "Series that are mostly gaps")
def mostly_gaps(view: View) -> Iterator[Finding]:
    """{share} of the steps of {frequency} between the first and the newest value have none{worst}: the frequency is not
    that of the data, dates are misread, or series are missing; set data.frequency, data.date_format or data.series with
    contract.write=true, add the steps that are known to be zero, or raise contract.gap_limit"""
    counts, widths = values(view), spans(view)
    if counts is None or widths is None or not widths.sum():
        return
    share = float((widths - counts).sum() / widths.sum())
    if share > settings(view).gap_limit:
        placed = view.once(stamps)
        code = int(((widths - counts) / np.maximum(widths, 1)).argmax())
        first = placed.ordinals[placed.timed & (placed.codes == code)].min()
        worst = f", most in {placed.label(code)}" if len(widths) > 1 else ""
        yield Finding(
            None, share, share=percent(share), frequency=placed.frequency.name,
            worst=f"{worst} ({counts[code]:,} values in {widths[code]:,} steps from {moment(placed, int(first))} on)",
        )  # fmt: skip
