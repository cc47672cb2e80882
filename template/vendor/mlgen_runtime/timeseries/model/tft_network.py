"""The network: pytorch-forecasting's temporal fusion transformer between the two arrays of `forecast.tft_inputs`.

Source: Lim, Arık, Loeff & Pfister (2021), "Temporal Fusion Transformers for interpretable multi-horizon time series
forecasting", International Journal of Forecasting 37. Every window has the full length, with a variable that tells
observed steps from missing ones, so that no packed sequences are needed: quicker, and a simpler graph.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy.typing as npt

from ..forecast.tft import Scorer
from ..forecast.tft_inputs import Layout

Array = npt.NDArray[Any]

#: The ONNX operator set of the graph.
OPSET = 17
#: Numbers at most that stand for a code.
WIDEST = 16


def network(layout: Layout, shape: Mapping[str, Any], quantiles: int) -> Any:
    """Return the network, a torch module: (reals, codes) → quantiles [n, horizon, quantiles], scaled.

    `shape` holds hidden_size, attention_heads, lstm_layers, hidden_continuous_size and dropout.
    """
    with quiet():
        transformer = library().TemporalFusionTransformer(
            hidden_size=shape["hidden_size"],
            attention_head_size=shape["attention_heads"],
            lstm_layers=shape["lstm_layers"],
            hidden_continuous_size=shape["hidden_continuous_size"],
            dropout=shape["dropout"],
            output_size=quantiles,
            max_encoder_length=layout.encoder,
            **variables(layout),
        )
    return _modules()(transformer, layout)


def variables(layout: Layout) -> dict[str, Any]:
    """Who reads what, in the library's terms. Names are numbers: a column's name need not be that of a module."""
    reals = {variable: f"real_{number}" for number, variable in enumerate(layout.reals)}
    codes = {variable: f"code_{number}" for number, variable in enumerate(layout.codes)}

    def of(names: dict[str, str], *roles: str) -> list[str]:
        return [name for variable, name in names.items() if variable.split(" ")[0] in roles]

    return {
        "x_reals": list(reals.values()),
        "x_categoricals": list(codes.values()),
        "static_reals": of(reals, "static"),
        "static_categoricals": of(codes, "static", "series"),
        "time_varying_reals_encoder": of(reals, "target", "seen", "past", "known"),
        "time_varying_reals_decoder": of(reals, "step", "lag", "known"),
        "time_varying_categoricals_encoder": of(codes, "calendar", "past", "known"),
        "time_varying_categoricals_decoder": of(codes, "calendar", "known"),
        "embedding_sizes": {
            name: (layout.sizes[variable], width(layout, variable)) for variable, name in codes.items()
        },
    }


def width(layout: Layout, variable: str) -> int:
    """How many numbers stand for a code: fastai's rule of thumb, which the library has, too."""
    return int(min(WIDEST, round(1.6 * layout.sizes[variable] ** 0.56)))


@cache
def library() -> Any:
    """pytorch-forecasting, imported without its noise; it takes seconds, so only where a network is built."""
    with quiet():
        import pytorch_forecasting
    return pytorch_forecasting


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' advice from the terminal."""
    level = logging.getLogger("lightning.pytorch").level
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.getLogger("lightning.pytorch").setLevel(level)


@cache
def _modules() -> Any:
    """The classes that derive from torch's, which is imported only here."""
    from torch import Tensor, from_numpy, full, int64, nn

    class WholeLSTM(nn.LSTM):  # type: ignore[misc]
        """An LSTM that reads every window to its end."""

        def forward(self, rows: Tensor, state: Any = None, lengths: Any = None, enforce_sorted: bool = True) -> Any:
            return super().forward(rows, state)

    class Network(nn.Module):  # type: ignore[misc]
        """The transformer between the two arrays that it reads and what it adds to the seasonal naive forecast."""

        def __init__(self, transformer: Any, layout: Layout) -> None:
            super().__init__()
            self.transformer, self.encoder, self.horizon = transformer, layout.encoder, layout.horizon
            self.register_buffer("naive", from_numpy(layout.before(layout.seasons[0])), persistent=False)
            transformer.transform_output = lambda prediction, target_scale: prediction  # Windows.restore scales back
            for name in ("lstm_encoder", "lstm_decoder"):
                old = getattr(transformer, name)
                new = WholeLSTM(old.input_size, old.hidden_size, old.num_layers, batch_first=True, dropout=old.dropout)
                new.load_state_dict(old.state_dict())
                setattr(transformer, name, new)

        def read(self, reals: Tensor, codes: Tensor) -> Any:
            """All that the transformer answers: the prediction, attention, and the weights of the variables."""
            rows = reals.shape[0]
            return self.transformer(
                {
                    "encoder_cont": reals[:, : self.encoder],
                    "decoder_cont": reals[:, self.encoder :],
                    "encoder_cat": codes[:, : self.encoder],
                    "decoder_cat": codes[:, self.encoder :],
                    "encoder_lengths": full((rows,), self.encoder, dtype=int64, device=reals.device),
                    "decoder_lengths": full((rows,), self.horizon, dtype=int64, device=reals.device),
                    "target_scale": None,
                }
            )

        def forward(self, reals: Tensor, codes: Tensor) -> Tensor:
            found: Tensor = self.read(reals, codes)["prediction"] + reals[:, self.naive, :1]
            return found

    return Network


def scorer(module: Any) -> Scorer:
    """The network, on the processor, as the function that serving calls."""
    import torch

    module.eval()

    def score(reals: Array, codes: Array) -> Array:
        with torch.no_grad():
            quantiles: Array = module(torch.from_numpy(reals), torch.from_numpy(codes)).numpy()
        return quantiles

    return score


def graph(module: Any, layout: Layout) -> bytes:
    """The network as an ONNX graph for any number of windows.

    Through torch's older exporter, by tracing: the newer one stops at the library's lengths, which are data to it.
    """
    import torch

    steps = layout.encoder + layout.horizon
    example = (torch.zeros(2, steps, len(layout.reals)), torch.zeros(2, steps, len(layout.codes), dtype=torch.int64))
    written = io.BytesIO()
    module.eval()
    with quiet():
        torch.onnx.export(
            module,
            example,
            written,
            input_names=["reals", "codes"],
            output_names=["quantiles"],
            dynamic_axes={name: {0: "windows"} for name in ("reals", "codes", "quantiles")},
            opset_version=OPSET,
            dynamo=False,
        )
    return written.getvalue()


def save(module: Any, path: Path) -> None:
    """Write the weights; no code is in the file, and none is run when it is read."""
    from safetensors.torch import save_model

    scratch = path.with_suffix(".part")
    save_model(module, str(scratch))
    path.write_bytes(scratch.read_bytes())  # safetensors' own file only its writer may read; a server is somebody else
    scratch.unlink()


def read(module: Any, path: Path) -> Any:
    """The network with the weights of a file."""
    from safetensors.torch import load_model

    load_model(module, str(path))
    return module


def weights(module: Any, layout: Layout, reals: Array, codes: Array) -> dict[str, float]:
    """What the network's own selection of variables gives to each, as shares that sum to 1.

    History, future and what is fixed count alike; a column read in several of them stands once.
    """
    import torch

    names = dict(zip(variables(layout)["x_reals"], layout.reals, strict=True))
    names |= dict(zip(variables(layout)["x_categoricals"], layout.codes, strict=True))
    module.eval()
    with torch.no_grad():
        found = module.read(torch.from_numpy(reals), torch.from_numpy(codes))
    shares: dict[str, float] = {}
    for part in ("encoder", "decoder", "static"):
        chosen = getattr(module.transformer, f"{part}_variables")
        weight = found[f"{part}_variables"].reshape(-1, max(1, len(chosen))).mean(dim=0).tolist()
        for name, value in zip(chosen, weight, strict=False):  # without static variables there are no weights
            named = names[name].removeprefix("past ").removeprefix("known ").removeprefix("static ")
            shares[named] = shares.get(named, 0.0) + value
    total = sum(shares.values())
    return {name: value / total for name, value in sorted(shares.items(), key=lambda item: -item[1])}
