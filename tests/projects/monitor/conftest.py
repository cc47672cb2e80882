"""What tests of monitoring share with those of the service: the service under test and clients that load it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "rest"))
