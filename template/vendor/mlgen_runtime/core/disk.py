"""A disk that takes nothing, a file that may not be written: found before the work where that can be, told in a line.

check_writable(root / "reports")    raises InputError for a full disk, a read-only mount, a folder of somebody else's
told(error)                         "reports/train.json: No space left on device; free some, or …"; None for a bug
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path

from .errors import InputError

_SPACE = "free some space on that disk, or write elsewhere"
_RIGHTS = "check who owns it and who may write there, or write elsewhere"
_WAY = "move what stands in the way, or write elsewhere"
#: What the operating system may say that a user can mend, and how.
REMEDIES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: "files may not grow that large here: raise the limit (ulimit -f), or write elsewhere",
    errno.EROFS: "that disk can only be read: write elsewhere, or mount it for writing",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ENOTDIR: _WAY,
    errno.EEXIST: _WAY,
    errno.EISDIR: _WAY,
}
#: Bytes that a disk must take to be called writable: some that have no room left still take an empty file.
PROBE = 4096
#: The name of a file that is renamed when it is whole (`atomic`), and the one it was to get.
_TEMPORARY = re.compile(r"^\.(.+)\.[0-9a-f]{12}$")


def check_writable(folder: Path) -> None:
    """Raise InputError where nothing can be written to a folder, or where it cannot be made. Leaves nothing there."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"\0" * PROBE)
            probe.flush()
    except OSError as error:
        raise InputError(_sentence(folder, error)) from error


def told(error: OSError) -> str | None:
    """The failure in one line with what to do, None where it is none that a user can mend."""
    if error.errno in REMEDIES:
        return _sentence(error.filename2 or error.filename, error)
    if "No usable temporary directory" in str(error):
        return f"there is no folder for temporary files; {_SPACE}: TMPDIR names another"
    if error.errno is None and re.search(r"requested and \d+ written", str(error)):  # numpy's words for a full disk
        return f"a file could not be written ({error}); {_SPACE}"
    return None


def _sentence(path: object, error: OSError) -> str:
    """What the operating system said of a path, seen from where the command was started, and what to do."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedy = REMEDIES.get(error.errno or 0, _RIGHTS)
    return f"{_shown(path)} cannot be written: {reason}; {remedy}"


def _shown(path: object) -> str:
    if path is None or isinstance(path, int):
        return "a file of this run"
    place = Path(os.fsdecode(path))  # type: ignore[arg-type] # of whatever kind it was opened by
    if match := _TEMPORARY.match(place.name):
        place = place.with_name(match[1])
    here = Path.cwd()
    return str(place.relative_to(here)) if place != here and place.is_relative_to(here) else str(place)
