"""From the configured source to a panel and its windows: read, check, lay out, and decide what to judge on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core import cpu_quota as quota
from ..core.errors import InputError
from ..core.progress import Steps
from ..usecase import registry
from . import accelerator

if TYPE_CHECKING:
    import pandas as pd

    from ..contract.schema import Contract
    from ..usecase.resolve import Resolved
    from .cases import Cases
    from .model.backtest import Backtest
    from .panel import Panel
    from .settings import TimeseriesConfig


@dataclass(frozen=True)
class Prepared:
    """Conformed rows as a panel with its windows, and what is known of them.

    `frame` holds the rows up to now; `backtest` the panel and the windows. `later` is the panel that goes on through a
    test file, None without one; `holidays` are the days that matter, None where no country is set.
    """

    frame: pd.DataFrame
    contract: Contract
    backtest: Backtest
    later: Panel | None
    holidays: list[str] | None
    fingerprint: str
    source: str
    version: str | None
    notes: tuple[str, ...]

    @property
    def truth(self) -> Cases:
        """What models are judged on: the windows of the backtest, or the steps of the test file."""
        return self.backtest.cases if self.later is None else self.held_out

    @property
    def held_out(self) -> Cases:
        """The first horizon of the test file, series by series."""
        from . import windows

        assert self.later is not None
        return windows.after(self.backtest, self.later)

    @property
    def unit(self) -> str:
        """What is counted where models are judged."""
        return "windows of series"

    @property
    def asks(self) -> str | None:
        """The rows that `predict` needs for a first look: none, or those of what is known of the steps to come."""
        return "FUTURE.csv" if self.contract.with_role("known_future") else None

    @property
    def folds(self) -> int:
        """One: no fit learns from the windows of another that came before."""
        return 1

    @property
    def judged(self) -> str:
        """What the figures were measured on."""
        return "Measured on steps that came after all that a model had seen, by the code that serves."

    @property
    def method(self) -> str:
        """How the cases were made."""
        return "backtest" if self.later is None else "file"

    @property
    def counts(self) -> dict[str, int]:
        """How much there is to learn from, and to judge on."""
        return {
            "rows": len(self.frame),
            "series": self.backtest.panel.series,
            "values": self.backtest.size.values,
            "windows": len(self.backtest.cuts),
            "cases": len(self.truth),
        }

    @property
    def until(self) -> str:
        """The newest value's moment, as ISO 8601."""
        return self.backtest.frequency.written(self.backtest.panel.end.max(keepdims=True))[0]

    @property
    def message(self) -> str:
        """What a model learns from these series, in a sentence."""
        test, target = self.backtest, self.contract.target
        unit = f" ({target.unit})" if target.unit else ""
        many = f" of {test.panel.series:,} series" if test.panel.series > 1 else ""
        late = f", {test.gap} steps after the newest value" if test.gap else ""
        return (
            f"Forecasts {target.name}{unit}{many} for {test.horizon} steps of {test.frequency.name}{late}; learnt from "
            f"{test.size.values:,} values up to {self.until}."
        )

    @property
    def divided(self) -> str:
        """The backtest, in words."""
        if self.later is not None:
            return f"a test file: {len(self.truth):,} series, {self.backtest.horizon} steps each"
        return (
            f"rolling origin, {len(self.backtest.cuts)} windows of {self.backtest.horizon} steps, "
            f"{len(self.truth):,} cases"
        )


@dataclass(frozen=True)
class Checked:
    """All rows that keep their contract, typed, and their fingerprint."""

    resolved: Resolved
    frame: pd.DataFrame
    fingerprint: str
    notes: tuple[str, ...]


def check(config: TimeseriesConfig, resolved: Resolved, steps: Steps) -> Checked:
    """Check the raw rows against the contract, refuse errors, make sure that there is something to judge on, save a
    proposed contract, and type the rows.

    Raises InputError with the first error and the number of others; nothing is written then.
    """
    from .. import contract
    from ..data.tables import fingerprint
    from . import layout

    with steps("check") as step:
        problems = contract.check(resolved.whole, resolved.contract, config.contract, registry.of(config).checks)
        contract.refuse(problems)
        frame = contract.conform(resolved.whole, resolved.contract)
        digest = fingerprint(frame)
        _windows(config, resolved.contract, layout.panel(frame.iloc[: len(resolved.frame)], resolved.contract)[0])
        resolved.save()
        ahead = resolved.contract.forecast
        assert ahead is not None
        step.message = (
            f"{ahead.horizon} steps of {ahead.frequency}, season {ahead.season}, {len(problems)} warnings, "
            f"data {digest[:12]}"
        )
    return Checked(resolved, frame, digest, tuple(problem.message for problem in problems))


def split(config: TimeseriesConfig, checked: Checked, steps: Steps) -> Prepared:
    """Lay out the panel and the windows."""
    from ..data.tables import source
    from .frequency import Frequency
    from .model.backtest import Backtest, fits

    resolved, contract = checked.resolved, checked.resolved.contract
    ahead = contract.forecast
    assert ahead is not None
    with steps("split") as step:
        rows = len(resolved.frame)
        panel, later, holidays = _panels(checked.frame, rows, contract)
        backtest = Backtest(
            panel=panel,
            frequency=Frequency.of(contract),
            horizon=ahead.horizon,
            gap=config.split.gap,
            season=ahead.season,
            floor=contract.target.minimum,
            cuts=_windows(config, contract, panel),
            fits=config.split.fits or fits(panel),
            settings=config.train,
            seed=config.seed,
            threads=quota.threads(config.train.threads),
            device=accelerator.device(config.train.device),
        )
        prepared = Prepared(
            frame=checked.frame.iloc[:rows],
            contract=contract,
            backtest=backtest,
            later=later,
            holidays=holidays,
            fingerprint=checked.fingerprint,
            source=source(config.data, config.root),
            version=resolved.version,
            notes=(*resolved.notes, *checked.notes),
        )
        if later is not None and not len(prepared.truth):
            raise InputError(f"data.test_path: {config.data.test_path} has no value after those of {config.data.path}")
        step.message = prepared.divided
    return prepared


def training(config: TimeseriesConfig, prepared: Prepared) -> Backtest:
    """What the models are given."""
    return prepared.backtest


def halves(config: TimeseriesConfig, resolved: Resolved) -> tuple[None, list[str]]:
    """A series is not split by rows, so there are no two halves to compare."""
    return None, list(resolved.notes)


def _windows(config: TimeseriesConfig, contract: Contract, panel: Panel) -> tuple[int, ...]:
    """The windows' cuts; raises InputError where the history is too short for a single one."""
    from .model import backtest

    ahead = contract.forecast
    assert ahead is not None
    split = config.split
    found = backtest.cuts(panel, ahead.horizon, split.gap, ahead.season, split.windows, split.step)
    if not found:
        longest = int(panel.lengths().max(initial=0))
        needed = ahead.horizon + split.gap + backtest.least(ahead.season, ahead.horizon)
        raise InputError(
            f"the longest series spans {longest} steps, and judging a forecast of {ahead.horizon} steps takes "
            f"{needed} at least (season {ahead.season}); lower data.horizon or data.season, or bring more history"
        )
    return found


def _panels(frame: pd.DataFrame, rows: int, contract: Contract) -> tuple[Panel, Panel | None, list[str] | None]:
    """The panel up to now, the one that goes on through the test file if there is one, and the holidays."""
    from . import layout

    panel, holidays = layout.panel(frame.iloc[:rows], contract)
    if rows == len(frame):
        return panel, None, holidays
    later, holidays = layout.panel(frame, contract)
    blind = frame.copy()
    # the covariates of the test rows are known ahead, their target is not
    blind.loc[blind.index[rows:], contract.target.name] = float("nan")
    now, holidays = layout.panel(blind, contract)
    return now, later, holidays
