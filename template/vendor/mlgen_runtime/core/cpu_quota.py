"""How many CPUs this process may use: the container's quota and the affinity mask, not the machine's core count.

A library that starts a thread for each core of the host, inside a container that is granted two of them, spends its
time waiting for itself: it cost a server 80 to 90 % of its rate.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


def threads(setting: int | None = None) -> int:
    """Return the number of threads to use: `setting`, or what the machine grants this process where it is None."""
    return setting if setting is not None else cpus()


def cpus() -> int:
    """Return the CPUs granted to this process, at least 1: the least of affinity and CPU quota, rounded up."""
    quota = min((_quota(folder) for folder in _folders()), default=math.inf)
    return max(1, math.ceil(min(_affinity(), quota)))


def _affinity() -> int:
    """CPUs that the scheduler may use for this process (taskset, cpusets)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _folders() -> list[Path]:
    """Folders of the control groups that bind this process; a limit may stand in any of a group's parents."""
    try:
        lines = Path("/proc/self/cgroup").read_text("utf8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = _CGROUPS / "cpu" if controllers else _CGROUPS
        group = Path(path.lstrip("/"))
        found += [top, *(top / parent for parent in (group, *group.parents))]
    return found


def _quota(folder: Path) -> float:
    """CPUs that one group grants: `cpu.max` is version 2, `cpu.cfs_*` version 1. Infinite where there is no limit."""
    try:
        if (folder / "cpu.max").is_file():
            limit, period = (folder / "cpu.max").read_text("utf8").split()
        else:
            limit, period = ((folder / f"cpu.cfs_{name}_us").read_text("utf8").strip() for name in ("quota", "period"))
    except (OSError, ValueError):  # no such group here, or no permission to look: no limit that we know of
        return math.inf
    return math.inf if limit in ("max", "-1") else int(limit) / int(period)
