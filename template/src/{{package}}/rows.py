"""From the configured source to conformed rows, split into those that train and those that test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .steps import Steps

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from .config import RunConfig
    from .contract import Settled
    from .contract.schema import Contract
    from .split import Split


@dataclass(frozen=True)
class Rows:
    """Conformed rows and what is known of them. With a test file its rows stand after the others'.

    `truth` is [n] values, or codes into the contract's labels; `fingerprint` the sha256 of all rows.
    """

    frame: pd.DataFrame
    contract: Contract
    parts: Split
    truth: np.ndarray
    fingerprint: str
    source: str
    notes: tuple[str, ...]

    @property
    def test(self) -> pd.DataFrame:
        """The test rows."""
        return self.frame.iloc[self.parts.test]

    @property
    def test_truth(self) -> np.ndarray:
        """The truth of the test rows."""
        return self.truth[self.parts.test]
