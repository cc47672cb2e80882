"""The temporal fusion transformer: one network for all series, with quantiles of its own; on a GPU where there is one.

It sees windows scaled one by one (`forecast.tft_inputs`), learns what to add to the seasonal naive forecast, and is
written as an ONNX graph, which serves without torch, beside its weights in safetensors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...config.schema import Amount, Count, Part
from ...core.errors import InputError
from ...usecase.parity import Parity
from ..forecast.tft import Transformer, onnx_scorer
from ..panel import Panel
from . import tft_network as networks
from .tft_training import train
from .tft_windows import layout, source, usual_encoder
from .training import Size, Training

Array = npt.NDArray[Any]

#: The network computes in single precision, so that a graph cannot equal it more closely than this, relatively.
PRECISION = 1e-4
#: Windows on which the weights of the variables are read off, and origins of the forecasts that are compared.
SAMPLE, ORIGINS = 64, 4
#: Seconds for one step of one window, forward and back, by the size of the hidden layer; by the clock of a machine that
#: had other work too, so that a race with it does not take longer than it was given.
STEP_SECONDS = 2.6e-5
#: Seconds to import the libraries.
IMPORT_SECONDS = 15.0
#: What the record and the bundle keep of the settings to build the network anew.
SHAPE = ("hidden_size", "attention_heads", "lstm_layers", "hidden_continuous_size", "dropout")


@dataclass(frozen=True, kw_only=True)
class TftSettings:
    """conf/model/tft.yaml."""

    name: str
    encoder_length: Count | None
    hidden_size: Count
    hidden_continuous_size: Count
    attention_heads: Count
    lstm_layers: Count
    dropout: Part
    series_codes: bool
    learning_rate: Amount
    weight_decay: Amount
    batch_size: Count
    batches_per_epoch: Count
    epochs: Count
    patience: Count
    validation_windows: Count


@dataclass(frozen=True)
class FittedTft:
    """A trained network with what it reads."""

    network: Any
    part: Transformer
    settings: TftSettings
    facts: dict[str, object]
    shares: dict[str, float]
    written: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the registry."""
        return "tft"

    def points(self, panel: Panel, horizon: int) -> Array:
        """Medians [s, horizon], as the server computes them."""
        return self.part.points(panel, horizon)

    def quantiles(self, panel: Panel, horizon: int) -> Array:
        """Quantiles [s, horizon, levels], as the server computes them."""
        return self.part.quantiles(panel, horizon)

    def parameters(self) -> dict[str, object]:
        """Settings and findings for the run's record."""
        settings = {key: value for key, value in dataclasses.asdict(self.settings).items() if key != "name"}
        return settings | {"encoder_length": self.part.layout.encoder, **self.facts}

    def importance(self) -> dict[str, float]:
        """What the network's selection of variables gives to each."""
        return self.shares

    def write(self, folder: Path, probe: Panel, horizon: int, tolerance: float) -> Parity:
        """Write tft.onnx and tft.safetensors; where the graph is not the network's equal, only the latter."""
        networks.save(self.network, folder / "tft.safetensors")
        found, reason = None, None
        try:
            graph = networks.graph(self.network, self.part.layout)
            found = onnx_scorer(graph)
        except Exception as error:  # the exporter's and the runtime's own kinds: whichever it was, the network serves
            reason = f"the network has no ONNX graph: {error}".splitlines()[0]
        largest, rows = self._parity(dataclasses.replace(self.part, score=found), probe, horizon) if found else (0.0, 0)
        if found and not largest <= max(tolerance, PRECISION):
            reason = f"the ONNX graph differs from the network by {largest:.1e} of the series' size"
        self.written["format"] = "torch" if reason else "onnx"
        if not reason:
            (folder / "tft.onnx").write_bytes(graph)
        return Parity(format=self.written["format"], largest=largest, rows=rows, reason=reason)

    def entry(self) -> dict[str, Any]:
        """What inference.json says of it."""
        shape = {key: getattr(self.settings, key) for key in SHAPE}
        levels = list(self.part.levels)
        return {"name": "tft", **self.written, "levels": levels, "shape": shape, "layout": self.part.layout.entry()}

    def _parity(self, other: Transformer, probe: Panel, horizon: int) -> tuple[float, int]:
        """The largest difference of any quantile, as a part of its series' size, and how many forecasts it is of."""
        largest, rows = 0.0, 0
        for steps in range(min(ORIGINS, probe.steps)):
            panel = probe.cut(steps)
            expected, found = self.quantiles(panel, horizon), other.quantiles(panel, horizon)
            usable = self.part.usable(panel)
            if (np.isfinite(expected) != np.isfinite(found)).any():
                return float("inf"), rows
            size = np.nanmean(np.abs(panel.target[usable]), axis=1)[:, None, None]
            difference = np.abs(expected - found)[usable] / np.where(size > 0, size, 1.0)
            largest = max(largest, float(difference.max(initial=0.0)))
            rows += int(usable.sum())
        return largest, rows


def fit(training: Training, settings: TftSettings) -> FittedTft:
    """Train the network on all windows of the panel.

    Raises InputError where settings contradict each other or no history is long enough.
    """
    if settings.attention_heads > settings.hidden_size:
        raise InputError(
            f"model.attention_heads: {settings.attention_heads} is more than model.hidden_size, "
            f"{settings.hidden_size}, which the heads share; lower the one or raise the other"
        )
    plan = layout(training, settings.encoder_length, settings.series_codes)
    windows = source(training, plan, settings.validation_windows)
    levels = tuple(sorted({0.5, *training.settings.quantiles}))
    device = choose(training.device)
    with limited(training.threads):
        network, epochs = train(windows, levels, settings, training.seed, device)
        sample = windows.draw(np.random.default_rng(training.seed), SAMPLE).windows
        shares = networks.weights(network, plan, sample.reals, sample.codes)
    weights = sum(values.numel() for values in network.parameters())
    facts: dict[str, object] = {"device": device, "best_epoch": epochs, "weights": weights}
    return FittedTft(network, Transformer(plan, levels, networks.scorer(network)), settings, facts, shares)


def cost(size: Size, settings: TftSettings) -> float:
    """About how many seconds a fit takes on two cores, if no epoch is spared."""
    encoder = settings.encoder_length or usual_encoder((size.season,), size.season, size.horizon)
    steps = settings.epochs * settings.batches_per_epoch * settings.batch_size * (encoder + size.horizon)
    return IMPORT_SECONDS + steps * STEP_SECONDS * (1 + settings.hidden_size / 32)


def choose(wanted: str) -> str:
    """The device to train on: a GPU only where torch was built for one and finds it."""
    import torch

    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Let torch compute with so many threads, and give it back its own number."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
