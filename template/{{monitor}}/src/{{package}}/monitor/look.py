"""One look at one window: count what came, meet the truth, measure, and put it together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import champion, live
from ..errors import InputError, nearest
from . import drift, quality, reading, service, truth, value, window
from .measure import Measure
from .settings import MonitorSettings
from .stretch import Stretch
from .window import Window

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..config import RunConfig
    from ..log.database import Database
    from ..predictor import Predictor
    from .reading import Traffic

#: Rules whose firing makes a window unfit to say what latency is usual.
LATENCY = ("latency_ratio", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms")


@dataclass
class Looker:
    """Looks at windows with the settings of a run; models are loaded once, notes are collected for the reader.

    `counted` is told as soon as the newest window's traffic is there.
    """

    config: RunConfig
    settings: MonitorSettings
    database: Database
    champion: Predictor
    counted: Callable[[Predictor, Traffic], None]
    notes: dict[str, None] = field(default_factory=dict)
    _models: dict[str, Predictor | None] = field(default_factory=dict)

    def log(self, stretch: Stretch, newest: bool) -> tuple[Window, Traffic]:
        """Look at a window of the log; only of the newest one are rows kept for the detailed report."""
        answered = reading.versions(self.database, stretch)
        model = self._answering(answered)
        sample = self.settings.detail_rows if newest else 0
        traffic = reading.empty(model, self.redacted, sample, self.config.seed)
        reading.log(self.database, stretch, model, traffic)
        if newest:
            self.counted(model, traffic)
        before = [kept for kept in window.kept(self.database, window.LOG, before=stretch.end) if kept.id != stretch.id]
        calm = service.quiet(self.database, before[-service.USUAL * 2 :], self._latency_rules())
        found = drift.measure(traffic, model, self.settings.min_rows)
        found += service.measure(traffic, calm, self.settings.min_rows)
        found += self._truth(model, stretch, before)
        found += self._age(model, stretch, before)
        return self._window(window.LOG, stretch, model, traffic, found), traffic

    def current(self) -> tuple[Window, Traffic]:
        """Look at the table of `monitor.current`. Raises InputError where it cannot be read or lacks a column."""
        from .. import tables
        from . import given

        model = self.champion
        rows = given.read(self.config, str(self.settings.current), model)
        traffic = reading.empty(model, (), self.settings.detail_rows, self.config.seed)
        outputs, answers = live.answer(model, rows.typed, self.config)
        reading.table({name: rows.typed[name].to_numpy() for name in rows.typed.columns}, outputs, traffic)
        traffic.versions = Counter({model.version: traffic.rows})
        self.counted(model, traffic)
        stretch = self._given(tables.fingerprint(rows.typed)[:32])
        before = [kept for kept in window.kept(self.database, window.CURRENT) if kept.id != stretch.id]
        found = drift.measure(traffic, model, self.settings.min_rows)
        found.append(_broken(rows.broken, len(rows.typed), self.settings.min_rows, rows.faults))
        if len(answers):
            for name in {*self.settings.slices, *self._amount()} - set(answers.columns):
                answers[name] = _beside(rows.raw, name, answers)
            found += quality.measure(model, answers, self.settings, self.config.seed, before)
            found += value.measure(model, answers, self.settings)
        return self._window(window.CURRENT, stretch, model, traffic, found), traffic

    @property
    def redacted(self) -> tuple[str, ...]:
        """Columns that never get into the log."""
        return tuple(self.config.raw.get("log", {}).get("redact") or ())

    def check(self) -> None:
        """Refuse settings that do not fit the model, before anything is looked at."""
        contract = self.champion.contract
        value.check(self.settings.value, contract)
        names = [column.name for column in contract.columns if column.role != "target"]
        for name in self.settings.slices:
            if name not in names:
                raise InputError(
                    f"monitor.slices: {name!r} is no column of the contract{nearest(name, names)}; "
                    f"expected some of {', '.join(names)}"
                )

    def _answering(self, answered: Counter[str]) -> Predictor:
        """The version that answered most of the rows, if its bundle is there; the champion otherwise."""
        for version, _ in answered.most_common():
            model = self._model(version)
            if model is not None:
                others = ", ".join(sorted(name for name in answered if name != version))
                if others:
                    self._note(f"versions {others} answered some rows, too: predictions and quality are {version}'s")
                return model
            instead = f"its rows are compared with version {self.champion.version}"
            self._note(f"version {version} has no bundle in {self.config.bundle.store}: {instead}")
        return self.champion

    def _note(self, text: str) -> None:
        self.notes[text] = None

    def _model(self, version: str) -> Predictor | None:
        if version == self.champion.version:
            return self.champion
        if version not in self._models:
            import dataclasses

            try:
                self._models[version] = champion.serving(dataclasses.replace(self.config, version=version))
            except InputError:
                self._models[version] = None
        return self._models[version]

    def _truth(self, model: Predictor, stretch: Stretch, before: Sequence[Window]) -> list[Measure]:
        """Quality of the answers of the window's version; value of all."""
        wanted = list(dict.fromkeys((*self.settings.slices, *self._amount())))
        answers = truth.answers(self.database, stretch, model, wanted)
        if not len(answers):
            return []
        own = answers[answers["model_version"] == model.version].reset_index(drop=True)
        found = quality.measure(model, own, self.settings, self.config.seed, before) if len(own) else []
        return found + value.measure(model, answers, self.settings)

    def _age(self, model: Predictor, stretch: Stretch, before: Sequence[Window]) -> list[Measure]:
        """Hours from the newest value that the newest answers rest on to the end of the window, of the worst series."""
        ages = {name: (stretch.end - at) / 3600 for name, at in truth.newest(self.database, stretch).items()}
        if not ages:
            return []
        worst = max(ages, key=lambda name: ages[name])
        which = f" ({worst})" if worst and len(ages) > 1 else ""
        says = f"answers rest on values up to {ages[worst]:.1f} hours ago{which}"
        share = ages[worst] / live.reach(model)
        against = f"{says}; forecasts reach {live.reach(model):.1f} hours ahead"
        # who only ever asks about the past, as with a sample, is not told in each window that it is past
        earlier = [figure.value for kept in before for figure in kept.of("data_age_reach")]
        fresh = any(value is not None and value <= 1 for value in earlier)
        return [
            Measure(metric="data_age_hours", subject="", value=ages[worst], rows=len(ages), proven=True, says=says),
            Measure(metric="data_age_reach", subject="", value=share, rows=len(ages), proven=fresh, says=against),
        ]

    def _amount(self) -> tuple[str, ...]:
        amount = self.settings.value.amount
        return () if amount is None else (amount,)

    def _latency_rules(self) -> list[str]:
        """The names of the alert rules about latency."""
        rules: Any = self.config.raw.get("alert", {}).get("rules") or {}
        return [str(name) for name, rule in rules.items() if isinstance(rule, dict) and rule.get("metric") in LATENCY]

    def _given(self, fingerprint: str) -> Stretch:
        """The window of a table: the newest one again where it is the same table, else a new one that ends now."""
        before = window.kept(self.database, window.CURRENT, limit=1)
        if before and before[0].id == fingerprint:
            return Stretch(fingerprint, before[0].start, before[0].end)
        until = self.settings.until_seconds
        end = time.time() if until is None else until
        end = max(end, before[0].end + 1e-3) if before else end
        return Stretch(fingerprint, end, end)

    def _window(
        self, stream: str, stretch: Stretch, model: Predictor, traffic: Traffic, measures: Sequence[Measure]
    ) -> Window:
        return Window(
            stream=stream,
            id=stretch.id,
            start=stretch.start,
            end=stretch.end,
            model_version=model.version,
            rows=traffic.rows,
            requests=traffic.requests,
            measures=tuple(measures),
        )


def _broken(count: int, rows: int, min_rows: int, faults: str) -> Measure:
    """The share of a table's rows that break the contract: a service would have refused them."""
    if rows < min_rows:
        return drift.blank("violations", "", rows, min_rows)
    says = f"{count / rows:.2%} of {rows:,} rows break the contract{faults}"
    proven = count >= service.FAILED
    return Measure(metric="violations", subject="", value=count / rows, rows=rows, proven=proven, says=says)


def _beside(raw: pd.DataFrame, name: str, answers: pd.DataFrame) -> np.ndarray[Any, Any]:
    """A column of the given rows, beside the answers."""
    import numpy as np

    if name not in raw.columns:
        raise InputError(
            f"monitor.current: the rows have no column {name!r}, which monitor.slices or monitor.value.amount names"
            f"{nearest(name, [str(column) for column in raw.columns])}"
        )
    return np.asarray(raw[name].to_numpy()[answers["row"].to_numpy()])
