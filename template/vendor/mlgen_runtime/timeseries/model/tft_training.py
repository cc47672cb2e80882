"""The training of the transformer: quantile loss on drawn windows, the best average of its weights kept.

The weights that count are a running average of those that learn (Polyak & Juditsky, 1992): validation is calmer on it,
and an early stop finds a better network. How long it can take is a number of batches, never a clock: the same seed
gives the same network on the same machine.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .tft_network import network
from .tft_windows import Examples, Source

if TYPE_CHECKING:
    from .tft import TftSettings

#: The running average keeps this much of itself at a batch; less at first, when the weights still move far.
AVERAGE = 0.98
#: Longer gradients are cut to this.
LARGEST_GRADIENT = 1.0
#: Windows that are watched together.
CHUNK = 128
#: The share of batches in which the learning rate still rises.
WARMING = 0.1


def train(source: Source, levels: tuple[float, ...], settings: TftSettings, seed: int, device: str) -> tuple[Any, int]:
    """Return the trained network, on the processor, and the number of epochs after which it was best."""
    import torch

    random = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if device == "cuda" else []):
        torch.manual_seed(seed)
        learner = network(source.layout, vars(settings), len(levels)).to(device)
        average = copy.deepcopy(learner).eval().requires_grad_(False)
        best = Best(average, settings.epochs)
        step = stepper(learner, settings)
        held = source.validation() if len(source.held[0]) else None
        for batch in range(settings.epochs * settings.batches_per_epoch):
            learner.train()
            step(loss(learner, source.draw(random, settings.batch_size), levels, device))
            follow(average, learner, batch)
            epoch, left = divmod(batch + 1, settings.batches_per_epoch)
            if held and not left:
                best.look(epoch, watched(average, held, levels, device))
                if epoch - best.epoch >= settings.patience:
                    break
    return best.network().cpu(), best.epoch


class Best:
    """The best weights so far; without validation, those at the end."""

    def __init__(self, average: Any, epochs: int) -> None:
        self.average, self.epoch, self.lowest = average, epochs, float("inf")
        self.state: Any = None

    def look(self, epoch: int, reached: float) -> None:
        """Keep the weights if they are better than those before."""
        if reached < self.lowest:
            self.epoch, self.lowest = epoch, reached
            self.state = copy.deepcopy(self.average.state_dict())

    def network(self) -> Any:
        """The network with the best weights."""
        if self.state is not None:
            self.average.load_state_dict(self.state)
        return self.average


def stepper(learner: Any, settings: TftSettings) -> Callable[[Any], None]:
    """The function that learns from a batch's loss: Adam with decay, the rate rising, then falling along a cosine."""
    import torch

    optimizer = torch.optim.AdamW(learner.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    batches = settings.epochs * settings.batches_per_epoch

    def pace(batch: int) -> float:
        passed = (batch + 1) / (batches + 1)
        falling = (passed - WARMING) / (1 - WARMING)
        return passed / WARMING if falling < 0 else (1 + math.cos(math.pi * falling)) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, pace)

    def step(value: Any) -> None:
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()

    return step


def follow(average: Any, learner: Any, batch: int) -> None:
    """Move the running average towards the weights as they are after a batch."""
    import torch

    kept = min(AVERAGE, (batch + 1) / (batch + 10))
    with torch.no_grad():
        for mean, weight in zip(average.parameters(), learner.parameters(), strict=True):
            mean.lerp_(weight, 1 - kept)


def watched(average: Any, held: Examples, levels: tuple[float, ...], device: str) -> float:
    """The loss on the windows held back."""
    import torch

    with torch.no_grad():
        parts = [(loss(average, part, levels, device).item(), part.seen.sum()) for part in held.parts(CHUNK)]
    return float(sum(value * steps for value, steps in parts) / max(sum(steps for _, steps in parts), 1))


def loss(module: Any, examples: Examples, levels: tuple[float, ...], device: str) -> Any:
    """The mean quantile loss of the steps that have a value, twice: for the median it is the absolute error."""
    import torch

    windows = examples.windows
    found = module(torch.from_numpy(windows.reals).to(device), torch.from_numpy(windows.codes).to(device))
    level = torch.tensor(levels, device=device)
    error = torch.from_numpy(examples.target).to(device)[:, :, None] - found
    seen = torch.from_numpy(examples.seen).to(device)[:, :, None]
    return (
        2 * (torch.maximum(level * error, (level - 1) * error) * seen).sum() / (seen.sum().clamp(min=1) * len(levels))
    )
