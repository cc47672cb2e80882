"""A batch run from its settings to its report: what is scored, by which model, into what, and how far it is.

    read → check → score → write, each at the same time as the others, a portion at a time

A run has an id that follows from the model, the input's content, the logical date and the key. The same command with
the same input therefore goes on where an earlier process was stopped, and does nothing where that was whole.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..bundle import format as bundle
from ..core import cpu_quota
from ..core.errors import InputError
from ..core.row_progress import Progress
from ..data.source import open_source
from ..data.source.rows import Source
from ..hooks import BatchRun, Place
from ..hooks.registry import variables
from ..usecase import registry
from ..usecase.batches import Batch, Form, Portion
from ..usecase.loading import load_champion
from .pump import after, loads, pump
from .settings import BatchSettings
from .sink import Run, Sink, Standing, open_sink
from .watched import looking_on

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig
    from ..usecase.protocol import BatchScoring

#: Rows that are scored at once: enough for the overhead of a call to vanish, few enough for the processor's cache.
SCORED = 20_000
#: Different reasons of rejected rows that are counted.
REASONS = 10_000
#: What is counted for a row whose key another row of the run has; its own reason in the quarantine names the key.
DOUBLE = "another row has the same key; the first one counts"


@dataclass
class Done:
    """What a run did. `resumed` rows had been read by an earlier process; `seconds` are those of this one."""

    run: Run
    output: str
    form: Form
    standing: Standing
    resumed: int = 0
    seconds: float = 0.0
    model: str = "model"
    engine: str = ""
    quarantine: str | None = None
    already: bool = False
    dry: bool = False
    reasons: Counter[str] = field(default_factory=Counter)


class Nothing:
    """A source without rows: for models that can do without."""

    described, names, types, rows, reckoned = "the history kept with the model", (), (), 0, False

    def __init__(self, version: str) -> None:
        self._fingerprint = hashlib.sha256(version.encode()).hexdigest()

    def fingerprint(self) -> str:
        """Nothing differs but the model."""
        return self._fingerprint

    def batches(self, size: int, after: int = 0) -> Iterator[Batch]:
        """None."""
        return iter(())

    def close(self) -> None:
        """There is nothing to let go of."""


def run(config: RunConfig, settings: BatchSettings) -> Done:
    """Score `batch.input` into `batch.output`. Raises InputError where something is wrong; what was written stays."""
    day = settings.day
    threads = cpu_quota.threads(settings.threads)
    model = load_champion(config, threads=1, bulk=True)
    if settings.explain:
        model = model.asked("batch.explain", explain=True)
    scoring = registry.find(model.use_case).batch_scoring
    place = Place(source="batch", model=model, environment=variables(config), store=str(config.bundle.store))
    source = _source(config, settings, model, scoring)
    try:
        form = scoring.form(model, source.names, source.types, scoring.key(model, config.data))
        sink = open_sink(settings.output, config.root, settings.history)
        try:
            sink.check(form)
            planned = _plan(model, source, form, settings, sink, day)
            done = Done(planned, sink.described, form, Standing(0, 0, 0, 0, started=""))
            done.model, done.engine = str(model.card.get("model", "model")), model.engine
            if settings.dry_run:
                return _dry(done, scoring, model, source, settings, threads)
            with sink.hold(planned, form, settings.wait):
                return _run(done, scoring, place, source, sink, settings, threads)
        finally:
            sink.close()
    finally:
        source.close()


def _source(config: RunConfig, settings: BatchSettings, model: Predictor, scoring: BatchScoring) -> Source | Nothing:
    """What is to be scored: `batch.input`, or where none is named what the model's contract was inferred from."""
    if settings.input is None and not scoring.NEEDS_ROWS:
        return Nothing(model.version)
    text = model.contract.source if settings.input is None else settings.input
    if not text:  # an empty one is a script's variable that nobody set, not the wish for the rows of training
        raise InputError("batch.input is not set; name the rows to score, for example batch.input=rows.parquet")
    return open_source(text, config.data, config.root, scoring.key(model, config.data), "batch.input")


def _plan(model: Predictor, source: Source | Nothing, form: Form, settings: BatchSettings, sink: Sink, day: str) -> Run:
    """The run that these settings, this model and this content make, under its id."""
    fingerprint = source.fingerprint()
    manifest = bundle.digest(model.folder / bundle.MANIFEST)
    columns = [(field.name, field.kind) for field in form.fields]
    identity = json.dumps([manifest, model.version, fingerprint, day, columns, form.key, settings.history])
    return Run(
        id=_short(identity),
        job=_short(json.dumps([source.described, sink.described, day])),
        source=source.described,
        fingerprint=fingerprint,
        model_version=model.version,
        date=day,
    )


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _run(
    done: Done,
    scoring: BatchScoring,
    place: Place,
    source: Source | Nothing,
    sink: Sink,
    settings: BatchSettings,
    threads: int,
) -> Done:
    """Score what an earlier process of this run has not, and say that the run is whole."""
    began = time.perf_counter()
    done.quarantine = sink.quarantine
    done.standing = standing = sink.begin()
    done.resumed, done.already = standing.read, standing.finished
    if not standing.finished:
        _limit(done, settings)  # the same command again must not get past it
        rows = source.rows if scoring.NEEDS_ROWS else scoring.expected(place.model)
        told = BatchRun(id=done.run.id, model=place.model, rows=rows, key=done.form.key if done.form.lasting else ())
        with looking_on(place, told) as looking, Progress(source.rows, standing.read, source.reckoned) as progress:
            read = source.batches(min(SCORED, settings.chunk), standing.mark if scoring.NEEDS_ROWS else 0)
            portions = scoring.portions(place.model, done.form, looking.reading(read), standing.mark, threads, True)

            def write(load: Portion) -> None:
                looking.scored(load)
                to = after(load, done.standing)
                doubles = sink.write(load, to)
                done.standing = dataclasses.replace(to, written=to.written - doubles, rejected=to.rejected + doubles)
                _count(done, load, doubles)
                progress.show(done.standing.read)
                _limit(done, settings)

            pump(loads(portions, settings.chunk), write)
        sink.finish(done.standing)
        done.standing = dataclasses.replace(done.standing, finished=True)
    done.seconds = time.perf_counter() - began
    return done


def _dry(
    done: Done,
    scoring: BatchScoring,
    model: Predictor,
    source: Source | Nothing,
    settings: BatchSettings,
    threads: int,
) -> Done:
    """Read and check every row, and write nothing."""
    began = time.perf_counter()
    done.dry = True
    with Progress(source.rows, 0, source.reckoned) as progress:
        batches = source.batches(min(SCORED, settings.chunk))
        for load in loads(scoring.portions(model, done.form, batches, 0, threads, False), settings.chunk):
            done.standing = after(load, done.standing)
            _count(done, load, 0)
            progress.show(done.standing.read)
    _limit(done, settings)
    done.seconds = time.perf_counter() - began
    return done


def _count(done: Done, load: Portion, doubles: int) -> None:
    """Count why rows were rejected; values are part of a reason, so there may be many: not all are kept."""
    for row in load.rejected:
        if row.reason in done.reasons or len(done.reasons) < REASONS:
            done.reasons[row.reason] += 1
    if doubles:
        done.reasons[DOUBLE] += doubles


def _limit(done: Done, settings: BatchSettings) -> None:
    """Raise InputError where more rows broke the contract than may."""
    standing = done.standing
    share = standing.rejected / max(standing.read, 1)
    if share > settings.max_rejected:
        why = "the quarantine says why"
        if done.reasons:
            reason, count = done.reasons.most_common(1)[0]
            why = f"the most frequent reason ({count:,} rows): {reason}"
        where = "none was written" if done.dry else f"the {standing.written:,} written and the quarantine stay"
        raise InputError(
            f"{standing.rejected:,} of {standing.read:,} rows ({share:.1%}) break the contract, more than "
            f"batch.max_rejected={settings.max_rejected:g} allows; {where}; {why}; "
            "mend the rows, or raise the limit and run the same command again"
        )
