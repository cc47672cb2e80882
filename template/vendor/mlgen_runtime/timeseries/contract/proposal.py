"""A first contract, proposed from the settings and the rows: the role of each column, the frequency, the horizon.

Columns that no setting names are given the role ignore, with a note: whether a covariate is known ahead is nothing that
the data could tell.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ...contract import dates, offsets
from ...contract.catalogue import counted
from ...contract.columns import moments
from ...contract.forecast import Forecast
from ...contract.profile import Observed, Told, observe_all
from ...contract.schema import Column, Contract
from ...core import zones
from ...core.errors import InputError, nearest
from ...data.source.place import is_delimited
from ..frequency import MONTHS, Frequency
from ..settings import DataSettings
from . import cadence, fused
from .overriding import agree, derived, overridden
from .vocabulary import VOCABULARY

__all__ = ["agree", "derived", "infer", "overridden", "propose"]

#: More categories than this are not listed in the contract.
LISTED = 200


def propose(
    frame: pd.DataFrame, settings: DataSettings, task: str | None = None, source: str | None = None
) -> Contract:
    """Infer a contract from rows.

    Raises InputError for a column that is not there or cannot have its role, and where no frequency can be found.
    """
    if task not in (None, "forecasting"):
        raise InputError(f"task={task}: expected forecasting; leave task out")
    if frame.empty:
        raise InputError("there are no rows to infer a contract from; check data.path")
    told = Told(
        missing=tuple(settings.na_values),
        textual=source is None or is_delimited(source),
        decimal=settings.decimal,
        thousands=settings.thousands,
        dates=dates.said(settings),
    )
    observed = {entry.name: entry for entry in observe_all(frame, told)}
    target = _target(settings, observed)
    roles = _named(settings, target)
    time = settings.time or _only_time(observed, roles)
    when = _time(observed[time])
    roles[time] = "time"
    _one_clock(frame[time], observed[time], told.dates)
    read = moments(frame[time], when.format, when.zone)
    keys = settings.series if settings.series is not None else _series(frame, observed, roles, read.values)
    roles |= dict.fromkeys(keys, "series")
    columns = [when if name == time else _column(entry, roles.get(name)) for name, entry in observed.items()]
    dates.heeded(told.dates, columns)
    frequency = _frequency(frame, settings, keys, read.values, when.zone)
    forecast = Forecast(
        horizon=settings.horizon,
        frequency=frequency.name,
        season=settings.season or frequency.season,
        offset=frequency.offset,
        holidays=settings.holidays,
    )
    return Contract(
        task="forecasting",
        columns=tuple(columns),
        vocabulary=VOCABULARY,
        source=source,
        forecast=forecast,
        missing=told.missing,
    )


def infer(
    frame: pd.DataFrame, *, settings: DataSettings, task: str | None = None, source: str | None = None
) -> Contract:
    """Infer a contract from rows; see `propose`."""
    return propose(frame, settings, task, source)


def _target(settings: DataSettings, observed: Mapping[str, Observed]) -> str:
    """The target's name; it must hold numbers."""
    if settings.target is None:
        raise InputError(f"data.target is not set; name the column to forecast, one of {', '.join(observed)}")
    found = observed.get(settings.target)
    if found is None:
        raise InputError(
            f"data.target: no column {settings.target!r}{nearest(settings.target, observed)}; "
            f"the columns are {', '.join(observed)}"
        )
    if found.distinct == 0:
        raise InputError(f"the target {found.name!r} holds no value; check data.target and data.na_values")
    if found.type not in ("number", "integer", "boolean"):
        odd = f", such as {found.odd[0]!r}" if found.odd else ""
        raise InputError(
            f"the target {found.name!r} holds {'dates' if found.type == 'datetime' else 'text'}{odd}, expected "
            "numbers; mend those cells, name a word for missing in data.na_values, or set data.target to another column"
        )
    return settings.target


def _named(settings: DataSettings, target: str) -> dict[str, str]:
    """Column to role, as far as the settings say; refuses a column with two."""
    wanted: list[tuple[str, str]] = [(target, "target")]
    wanted += [(settings.time, "time")] if settings.time else []
    wanted += [(name, "series") for name in settings.series or []]
    for role in ("past", "known_future", "static"):
        wanted += [(name, role) for name in getattr(settings, role)]
    roles: dict[str, str] = {}
    for name, role in wanted:
        if roles.get(name, role) != role:
            raise InputError(
                f"data.{role} names {name!r}, which is the {roles[name]} already; take it out of one of them"
            )
        roles[name] = role
    return roles


def _only_time(observed: Mapping[str, Observed], roles: Mapping[str, str]) -> str:
    """The one column of moments that has no role yet."""
    free = {name: entry for name, entry in observed.items() if name not in roles}
    found = [name for name, entry in free.items() if entry.type == "datetime"]
    found = found or [name for name, entry in free.items() if _holds_years(entry)]
    if len(found) != 1:
        shown = ", ".join(found) or "none"
        raise InputError(f"data.time is not set, and the columns that hold moments are {shown}; name the right one")
    return found[0]


def _one_clock(cells: pd.Series, entry: Observed, said: dates.Said) -> None:
    """Ask where it is in doubt how the moments are to be read, or by whose clocks."""
    if entry.doubt is not None:
        raise InputError(entry.doubt)
    written = offsets.of_column(cells)
    if said.zone is None and len(written) > 1:
        likely = offsets.places(cells.dropna().astype(str).unique().tolist(), entry.format)
        local = (
            f"as the clocks of {likely[0]} are set: set data.zone={likely[0]} to count its hours and days"
            if likely
            else "set data.zone to the place whose hours and days are meant, such as data.zone=Europe/Berlin"
        )
        raise InputError(
            f"{entry.name} is written with {len(written)} offsets from UTC ({offsets.listed(written)}), {local}, or "
            "data.zone=UTC"
        )


def _holds_years(entry: Observed) -> bool:
    """Whether all cells are whole numbers of four digits."""
    numbers = entry.numbers
    if numbers is None or not entry.whole:
        return False
    return bool(((numbers >= 1000) & (numbers <= 2999) | np.isnan(numbers)).all())


def _time(entry: Observed) -> Column:
    """The time column; whole numbers of four digits are years."""
    if entry.type == "datetime":
        return Column(
            name=entry.name, role="time", type="datetime", nullable=True, format=entry.format, zone=entry.zone,
            note=entry.note,
        )  # fmt: skip
    if _holds_years(entry):
        return Column(name=entry.name, role="time", type="datetime", nullable=True, format="%Y", note="read as years")
    odd = f", such as {entry.odd[0]!r}" if entry.odd else ""
    raise InputError(
        f"data.time: {entry.name!r} holds {entry.type} cells{odd}, expected moments such as 2024-01-31 or "
        "2024-01-31T12:00:00; mend the source, or set data.time to another column"
    )


def _series(
    frame: pd.DataFrame, observed: Mapping[str, Observed], roles: Mapping[str, str], times: np.ndarray
) -> list[str]:
    """The columns that tell series apart where no setting names them: none, or all free ones of text, as needed.

    Raises InputError where moments repeat or go back and a column, or none, would explain it.
    """
    repeated = pd.Series(times[~np.isnat(times)]).duplicated()
    if not repeated.any():
        if likely := _likely(frame, observed, roles, times):
            raise InputError(
                f"the moments go back where {likely[0]} changes, so the rows are of several series, one after the "
                f"other: set data.series=[{likely[0]}], or data.series=[] if they are one"
            )
        return []
    free = [name for name, entry in observed.items() if name not in roles and entry.type == "text"]
    stamped = frame[free].astype(str).assign(**{"\0time": times}) if free else None
    if stamped is None or stamped.duplicated().any():
        likely = _likely(frame, observed, roles, times)
        advice = "name the columns that tell the series apart in data.series=[…]"
        advice = f"{advice}: {likely[0]} does, so set data.series=[{likely[0]}]" if likely else advice
        raise InputError(
            f"{counted(int(repeated.sum()), 'row')} repeat a moment of another row, so there is more than one "
            f"series, or rows are doubled; {advice}{_twice(times)}"
        )
    for name in list(free):  # a column that is not needed (a label of the key) goes
        rest = [other for other in free if other != name]
        if rest and not stamped.drop(columns=name).duplicated().any():
            free, stamped = rest, stamped.drop(columns=name)
    return free


def _likely(
    frame: pd.DataFrame, observed: Mapping[str, Observed], roles: Mapping[str, str], times: np.ndarray
) -> tuple[str, ...]:
    """The free columns of which one alone puts the moments in order."""
    kinds = ("text", "integer", "boolean")
    free = [name for name, entry in observed.items() if name not in roles and entry.type in kinds]
    return fused.explaining(times, {name: pd.factorize(frame[name])[0] for name in free})


def _twice(times: np.ndarray) -> str:
    """What to say where the hours that are doubled are those that come twice when clocks are set back."""
    place = offsets.set_back(times)
    if place is None:
        return ""
    return (
        f"; they are the hour that comes twice when the clocks of {place} are set back: write the offset of each "
        f"moment and set data.zone={place}"
    )


def _column(entry: Observed, role: str | None) -> Column:
    """A column's entry by its role."""
    if role is None:
        return Column(name=entry.name, role="ignore", type=_kind(entry), nullable=True, note="named by no setting")
    if role == "series":
        return Column(name=entry.name, role=role, type="category")
    if role == "target":
        return _target_column(entry)
    kind = "category" if entry.type == "text" else entry.type
    if kind == "datetime":
        raise InputError(f"{entry.name!r} holds moments, which is no {role} covariate; take it out of data.{role}")
    levels: Sequence[str] = sorted(entry.texts.levels) if entry.texts is not None else ()
    return Column(
        name=entry.name,
        role=role,
        type=kind,
        nullable=True,
        categories=tuple(levels) if len(levels) <= LISTED else (),
        written_as_text=entry.written_as_text,
        **entry.marks,
    )


def _target_column(entry: Observed) -> Column:
    """The target; amounts that were never below zero are taken not to go below it."""
    positive = entry.numbers is not None and bool(np.nanmin(entry.numbers) >= 0)
    notes = ["never below zero, so forecasts stop there; take the minimum out if it may fall below"] if positive else []
    notes += [entry.numerals.note] if entry.numerals is not None else []
    return Column(
        name=entry.name,
        role="target",
        type="number",
        nullable=True,
        minimum=0 if positive else None,
        written_as_text=entry.written_as_text,
        **entry.marks,
        note="; ".join(notes) or None,
    )


def _kind(entry: Observed) -> str:
    return "category" if entry.type == "text" else entry.type


def _frequency(
    frame: pd.DataFrame, settings: DataSettings, keys: Sequence[str], times: np.ndarray, zone: str | None
) -> Frequency:
    """The frequency as set, its grid begun where most moments say, or as found."""
    codes = (
        frame.groupby(list(keys), sort=False, dropna=False).ngroup().to_numpy() if keys else np.zeros(len(frame), int)
    )

    def label(code: int) -> str:
        row = int((codes == code).argmax())
        return " / ".join(str(cell) for cell in frame[list(keys)].iloc[row]) or "the series"

    if settings.frequency is None:
        return cadence.find(codes, times, zone, label)
    wanted = Frequency(settings.frequency, zone=zone)
    known = ~np.isnat(times)
    if not known.any():
        return wanted
    if wanted.unit in MONTHS:
        order = np.argsort(codes[known], kind="stable")
        cadence.agree(codes[known][order], zones.local(times[known][order], zone), label)
    return dataclasses.replace(wanted, offset=cadence.offsets(wanted, times[known]))
