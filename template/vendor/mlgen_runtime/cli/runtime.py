"""Tell whether the runtime in vendor/ is as released.

Every file below vendor/mlgen_runtime is compared with its MANIFEST.json, which lists the sha256 of each file of the
release. A line is printed for each that was changed, is missing, or belongs to no release; subpackages of choices that
this project has not made are not missed. Exits with 3 where the runtime is not as released.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig

SETTINGS = ()


def run(config: RunConfig) -> VerbReport:
    """Compare, print each difference, and return them all."""
    from ..core import manifest

    released, found = manifest.read(), manifest.differences()
    status = "unknown" if released is None else "changed" if found else "released"
    version = None if released is None else released.version
    for difference in found:
        print(f"{difference.kind:<8} {difference.path}")
    if status == "unknown":
        print(f"unknown: {manifest.NAME} is not there or cannot be read; bring it back with `copier update`")
    elif found:
        print(f"{len(found)} file{'s differ' if len(found) > 1 else ' differs'} from release {version}")
    else:
        print(f"as released: {version}")
    return VerbReport(
        {
            "headline": {"status": status, "version": version, "differences": len(found)},
            "status": status,
            "version": version,
            **{
                kind: [difference.path for difference in found if difference.kind == kind]
                for kind in ("changed", "missing", "foreign")
            },
        },
        exit_code=0 if status == "released" else 3,
    )
