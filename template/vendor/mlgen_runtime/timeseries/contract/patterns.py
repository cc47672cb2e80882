"""The checks of series: moments that are missing, doubled, off the grid or of two zones; gaps, shortness, leaks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ...contract import offsets
from ...contract.catalogue import Check, Finding, counted, entered, percent
from ...contract.columns import moments as read
from ...contract.view import View
from ...core import moments
from ..settings import ContractSettings
from . import fused
from .stamped import Stamped, forecast, stamps

CHECKS: dict[str, Check] = {}


@entered(CHECKS, "Rows without a moment")
def missing_times(view: View) -> Iterator[Finding]:
    """{column} is empty in {count} ({share}); a row without a moment belongs to no step: remove it"""
    time = view.contract.with_role("time")[0]
    name = time.name
    if name not in view.typed:
        return
    far = read(view.frame[name], time.format, time.zone).far if view.typed[name].isna().any() else False
    empty = view.typed[name].isna().to_numpy() & ~view.bad[name] & ~far
    if empty.any():
        share = float(empty.mean())
        yield Finding(name, share, count=counted(int(empty.sum()), "row"), share=percent(share))


@entered(CHECKS, "Moments of several time zones")
def mixed_zones(view: View) -> Iterator[Finding]:
    """{column} is written with {count} offsets from UTC ({offsets}), and the contract names no zone; write all moments
    with one of them, or infer the contract anew with data.zone set"""
    time = view.contract.with_role("time")[0]
    written = offsets.of_column(view.frame[time.name]) if time.name in view.frame and time.zone is None else {}
    if len(written) > 1:
        yield Finding(time.name, len(written), count=len(written), offsets=offsets.listed(written))


@entered(CHECKS, "Moments that a series has twice")
def duplicate_stamps(view: View) -> Iterator[Finding]:
    """{series} has {count} whose moment another row has too, such as {moment}{twice}; keep one row a moment, add them
    up, or name the columns that tell the series apart in data.series{likely}"""
    placed = placing(view)
    if placed is None:
        return
    rows = pd.DataFrame({"code": placed.codes, "ordinal": placed.ordinals})[placed.timed]
    again = rows[rows.duplicated()]
    if len(again):
        code, ordinal = int(again["code"].iloc[0]), int(again["ordinal"].iloc[0])
        own = view.typed[view.contract.with_role("time")[0].name].to_numpy()[placed.codes == code]
        place = offsets.set_back(own) if placed.frequency.zone is None else None
        likely = view.once(fused.explanation)
        yield Finding(
            None, len(again) / view.rows, series=placed.label(code), count=counted(len(again), "row"),
            moment=moment(placed, ordinal), likely=f", as {likely[0]} does" if likely else "",
            twice=f", the hour that comes twice when the clocks of {place} are set back: write moments with their "
            f"offset and infer the contract anew with data.zone={place}" if place else "",
        )  # fmt: skip


@entered(CHECKS, "Moments off the frequency's grid")
def off_grid(view: View) -> Iterator[Finding]:
    """{count} of {column} ({share}) {lie} not on the grid of {frequency}, such as {moment} of {series}; mend them, or
    set another data.frequency with contract.write=true"""
    placed = placing(view)
    if placed is None:
        return
    name = view.contract.with_role("time")[0].name
    off = placed.timed & ~placed.fits
    if off.any():
        row = int(np.flatnonzero(off)[0])
        share = float(off.mean())
        shown = moments.written(view.typed[name].to_numpy()[[row]], placed.frequency.zone)[0]
        yield Finding(
            name, share, count=counted(int(off.sum()), "moment"), share=percent(share),
            lie="lies" if off.sum() == 1 else "lie", frequency=placed.frequency.name,
            moment=shown, series=placed.label(int(placed.codes[row])),
        )  # fmt: skip


@entered(CHECKS, "Series that are too short to forecast")
def short_series(view: View) -> Iterator[Finding]:
    """{series} has {count}, and a horizon of {horizon} needs {least} at least{others}; give it more history, lower
    data.horizon, leave it out, or set contract.severity.short_series=warning to forecast from what there is"""
    counts = values(view)
    if counts is None:
        return
    placed = view.once(stamps)
    horizon = forecast(view.contract).horizon
    short = np.flatnonzero(counts <= horizon)
    if short.size:
        first = int(short[counts[short].argmin()])
        others = f" ({counted(int(short.size) - 1, 'other series').removesuffix('s')} too)" if short.size > 1 else ""
        yield Finding(
            None, float(counts[first]), series=placed.label(first), count=counted(int(counts[first]), "value"),
            horizon=horizon, least=horizon + 1, others=others,
        )  # fmt: skip


@entered(CHECKS, "Series that never change")
def constant_series(view: View) -> Iterator[Finding]:
    """{count} of the series {hold} one value only, such as {series}; check the source, or leave them out"""
    if view.target is None:
        return
    placed = view.once(stamps)
    values = view.typed[view.contract.target.name].groupby(placed.codes)
    constant = (values.nunique() == 1) & (values.count() > 1)
    if constant.any():
        first = int(np.asarray(constant.index)[constant.to_numpy().argmax()])
        count = int(constant.sum())
        yield Finding(None, count, count=count, hold="holds" if count == 1 else "hold", series=placed.label(first))


@entered(CHECKS, "Series that end before the others")
def ended_early(view: View) -> Iterator[Finding]:
    """{count} of {all} series {end} more than a horizon before the newest ({newest}), such as {series}; {their}
    forecasts begin where {they} end: leave out what is over"""
    ends = _ends(view)
    if ends is None or len(ends) < 2:
        return
    placed = view.once(stamps)
    early = np.flatnonzero(ends.max() - ends > forecast(view.contract).horizon)
    if early.size:
        one = early.size == 1
        yield Finding(
            None, float(early.size / len(ends)), count=int(early.size), all=len(ends), end="ends" if one else "end",
            newest=moment(placed, int(ends.max())), series=placed.label(int(early[0])),
            their="its" if one else "their", they="it" if one else "they",
        )  # fmt: skip


@entered(CHECKS, "Steps without a value")
def gaps(view: View) -> Iterator[Finding]:
    """{count} between the first and the newest value of {series} {have} none ({share} of all steps{worst}); they are
    taken as unknown, not as zero: fill in what is known"""
    counts, widths = values(view), spans(view)
    if counts is None or widths is None or not widths.sum():
        return
    missing = widths - counts
    if missing.sum() > 0:
        placed = view.once(stamps)
        share = float(missing.sum() / widths.sum())
        each = missing / np.maximum(widths, 1)
        worst = int(each.argmax())
        several = len(widths) > 1
        yield Finding(
            None, share, grave=float(each.max()) > settings(view).gap_share, count=counted(int(missing.sum()), "step"),
            series="the series", have="has" if missing.sum() == 1 else "have", share=percent(share),
            worst=f", most in {placed.label(worst)}: {percent(float(each.max()))}" if several else "",
        )  # fmt: skip


@entered(CHECKS, "Covariates without a value")
def empty_covariates(view: View) -> Iterator[Finding]:
    """{column} ({role}) holds no value at all; fill it in, or take it out of data.{role}"""
    for column in view.inputs:
        if column.role in ("past", "known_future", "static") and view.typed[column.name].isna().all():
            yield Finding(column.name, role=column.role)


@entered(CHECKS, "Past-only covariates that reach into the future")
def past_in_the_future(view: View) -> Iterator[Finding]:
    """{column} is declared as known up to now only, but has {count} after the newest value of the target; those are not
    looked at: if they are known ahead when you forecast, name the column in data.known_future"""
    ends = _ends(view)
    if ends is None:
        return
    placed = view.once(stamps)
    after = placed.timed & (placed.ordinals > ends[placed.codes])
    for column in view.contract.with_role("past"):
        if column.name in view.typed:
            count = int(view.typed[column.name].notna().to_numpy()[after].sum())
            if count:
                yield Finding(column.name, count, grave=False, count=counted(count, "value"))


@entered(CHECKS, "Covariates known ahead that are the target")
def leaking_future(view: View) -> Iterator[Finding]:
    """{column} tells the target of the same step with R2 {value:.4f}, so it can hardly be known ahead; take it out of
    data.known_future, or name it in data.past"""
    if view.target is None:
        return
    target = view.typed[view.contract.target.name].to_numpy(dtype=np.float64)
    for column in view.contract.with_role("known_future"):
        if column.name not in view.typed or view.typed[column.name].dtype.kind != "f":
            continue
        values = view.typed[column.name].to_numpy(dtype=np.float64)
        both = ~np.isnan(target) & ~np.isnan(values)
        if both.sum() > 20 and values[both].std() > 0 and target[both].std() > 0:
            figure = float(np.corrcoef(target[both], values[both])[0, 1] ** 2)
            if figure > settings(view).leakage_r2:
                yield Finding(column.name, figure, value=figure)


@entered(CHECKS, "Static columns that change")
def varying_static(view: View) -> Iterator[Finding]:
    """{column} is declared as one value per series, but {series} has {count} of them; name it in data.known_future or
    data.past, or mend it"""
    placed = view.once(stamps)
    for column in view.contract.with_role("static"):
        if column.name in view.typed:
            kinds = view.typed[column.name].groupby(placed.codes).nunique()
            if (kinds > 1).any():
                code = int(np.asarray(kinds.index)[kinds.to_numpy().argmax()])
                yield Finding(column.name, float(kinds.max()), series=placed.label(code), count=int(kinds.max()))


def placing(view: View) -> Stamped | None:
    """The rows on the grid, or None where a column that places them is not there (another check says so)."""
    needed = view.contract.with_role("series", "time")
    if any(column.name not in view.typed for column in needed):
        return None
    return view.once(stamps)


def _known(view: View) -> pd.DataFrame | None:
    """Series and step of every row that has a value and a moment."""
    placed = placing(view)
    if placed is None or view.target is None:
        return None
    there = placed.timed & view.typed[view.contract.target.name].notna().to_numpy()
    return pd.DataFrame({"code": placed.codes[there], "ordinal": placed.ordinals[there]}).drop_duplicates()


def values(view: View) -> np.ndarray | None:
    """How many steps [s] have a value."""
    known = view.once(_known)
    return None if known is None else np.bincount(known["code"], minlength=len(view.once(stamps).keys))


def _ends(view: View) -> np.ndarray | None:
    """The newest step [s] with a value; the least of all where a series has none."""
    known = view.once(_known)
    if known is None or known.empty:
        return None
    newest = known.groupby("code")["ordinal"].max().reindex(range(len(view.once(stamps).keys)))
    return newest.fillna(newest.min()).to_numpy(dtype=np.int64)


def spans(view: View) -> np.ndarray | None:
    """How many steps [s] there are from the first to the newest value."""
    known, ends = view.once(_known), _ends(view)
    if known is None or ends is None:
        return None
    first = known.groupby("code")["ordinal"].min().reindex(range(len(ends)))
    return np.where(first.isna(), 0, ends - first.fillna(0).to_numpy() + 1).astype(np.int64)


def moment(placed: Stamped, ordinal: int) -> str:
    """A step's moment for people."""
    return placed.frequency.written(np.array([ordinal]))[0]


def settings(view: View) -> ContractSettings:
    """conf/contract with the entries that series add to it."""
    assert isinstance(view.settings, ContractSettings)
    return view.settings
