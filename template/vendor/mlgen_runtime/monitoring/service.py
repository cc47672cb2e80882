"""How the service did: requests, how many of them failed or were refused, how long they took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core import significance
from ..core.figures import figure
from .measure import Measure, blank

if TYPE_CHECKING:
    from .reading import Traffic
    from .window import Window

#: Earlier windows that "usual" rests on, and how many it takes at least.
USUAL, FEWEST = 30, 3
#: Fewer failed requests than these prove nothing.
FAILED = 5
#: The least that the logarithm of a percentile is taken to vary from window to window.
STEADY = 0.05


def measure(traffic: Traffic, quiet: Sequence[Window], min_rows: int) -> list[Measure]:
    """Return the figures of a window; `quiet` are earlier ones in which latency raised no alert."""
    requests = traffic.requests
    found = [_plain("requests", float(requests), requests, _came(requests, traffic.rows))]
    asked = traffic.answered + traffic.refused.total()
    if asked:
        wrong = traffic.refused[422]
        most = ", ".join(f"{name} ({count:,})" for name, count in traffic.faults.most_common(3))
        failed = sum(count for status, count in traffic.refused.items() if status >= 500)
        found.append(_share("violations", wrong, asked, min_rows, f"; most often for {most}" if most else ""))
        found.append(_share("error_rate", failed, asked, min_rows, _statuses(traffic)))
    return found + (_latency(traffic, quiet, min_rows) if len(traffic.latencies) else [])


def _share(metric: str, count: int, requests: int, min_rows: int, more: str) -> Measure:
    if requests < min_rows:
        return blank(metric, "", requests, min_rows)
    what = "were refused for bad input" if metric == "violations" else "failed in the service"
    message = f"{count / requests:.2%} of {requests:,} requests {what}{more}"
    value = count / requests
    return Measure(metric=metric, subject="", value=value, rows=requests, proven=count >= FAILED, message=message)


def _statuses(traffic: Traffic) -> str:
    found = {status: count for status, count in sorted(traffic.refused.items()) if status >= 500}
    return f" ({', '.join(f'{status}: {count:,}' for status, count in found.items())})" if found else ""


def _latency(traffic: Traffic, quiet: Sequence[Window], min_rows: int) -> list[Measure]:
    times = traffic.latencies
    names = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95, "latency_p99_ms": 0.99}
    if len(times) < min_rows:
        return [blank(name, "", len(times), min_rows) for name in (*names, "latency_ratio")]
    found = [
        _plain(
            name,
            times.quantile(share),
            len(times),
            f"{share:.0%} of the requests took at most {figure(times.quantile(share), 3)} ms",
        )
        for name, share in names.items()
    ]
    usual = [figure.value for window in quiet[-USUAL:] for figure in window.of("latency_p95_ms") if figure.value]
    if len(usual) < FEWEST:
        message = f"latency_ratio: not enough data ({len(usual)} earlier windows, {FEWEST} are needed)"
        blanked = Measure(
            metric="latency_ratio", subject="", value=None, rows=len(times), proven=False, message=message
        )
        return [*found, blanked]
    return [*found, _ratio(times.quantile(0.95), usual, traffic)]


def _ratio(now: float, usual: Sequence[float], traffic: Traffic) -> Measure:
    """The 95th percentile against the usual one. Proven where more requests are slower than chance explains, and the
    percentile moved by more than it does from window to window."""
    import numpy as np

    logarithms = np.log(usual)
    middle = float(np.median(logarithms))
    spread = max(1.4826 * float(np.median(np.abs(logarithms - middle))), STEADY)
    then, times = math.exp(middle), traffic.latencies
    value, rows = now / then, len(times)
    slower = significance.above(times.slower(then * 1.02), rows, 0.05, rows * len(usual))
    proven = slower and math.log(value) > 4 * spread
    message = (
        f"19 of 20 requests took at most {figure(now, 3)} ms, {value:.2f} times what was usual ({figure(then, 3)} ms)"
    )
    return Measure(metric="latency_ratio", subject="", value=value, rows=rows, proven=proven, message=message)


def _came(requests: int, rows: int) -> str:
    from ..contract.catalogue import counted

    return f"{counted(requests, 'request')}, {counted(rows, 'prediction')}"


def _plain(metric: str, value: float, rows: int, message: str) -> Measure:
    return Measure(metric=metric, subject="", value=value, rows=rows, proven=True, message=message)
