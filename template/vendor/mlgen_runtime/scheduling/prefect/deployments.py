"""Write prefect.yaml, the deployments of Prefect, from jobs.toml, and print it: `make schedule` runs this.

    python -m mlgen_runtime.scheduling.prefect.deployments              write and print it
    python -m mlgen_runtime.scheduling.prefect.deployments --prepare    make the work pool, take out what is no job now
    python -m mlgen_runtime.scheduling.prefect.deployments --remove     take all of this project's deployments out

The last two ask the server at PREFECT_API_URL: their Python is that of schedule/.venv, with vendor/ in PYTHONPATH.
`make schedule INSTALL=1` prepares, then runs `prefect deploy --all`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from ...core import atomic
from ...core.errors import InputError
from ..exit_codes import WRONG
from ..jobs import Plan, project_root, read

FLOW = "mlgen_runtime.scheduling.prefect.flows.run"
MOST = 200  # deployments that a server lists at once


def main() -> int:
    """Do what the command line asks and return the exit code."""
    parser = argparse.ArgumentParser(prog="deployments", description="The deployments of Prefect.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--prepare", action="store_true", help="make the work pool, and take out what is no job any more")
    what.add_argument("--remove", action="store_true", help="take all deployments of this project out")
    asked = parser.parse_args()
    try:
        root = project_root()
        plan = read(root)
        if asked.prepare or asked.remove:
            tidy(plan, remove=asked.remove)
        else:
            text = "".join(f"{line}\n" for line in lines(plan))
            atomic.write(root / "prefect.yaml", text)
            print(text, end="")
    except InputError as error:
        print(f"deployments: {error}", file=sys.stderr)
        return WRONG
    return 0


def lines(plan: Plan) -> Iterator[str]:
    """Yield the lines of prefect.yaml; a value is written as JSON, which is YAML, too."""
    yield "# Deployments of Prefect, made from schedule/jobs.toml by `make schedule`: changes belong there."
    yield f"name: {plan.project}"
    yield "deployments:" if plan.enabled else "deployments: []"
    for job in plan.enabled:
        yield f"  - name: {job.name}"
        yield f"    entrypoint: {FLOW}"
        yield f"    parameters: {mapping(job=job.name)}"
        yield f"    schedules: [{mapping(cron=json.dumps(job.at), timezone=json.dumps(plan.time_zone))}]"
        yield "    concurrency_limit: {limit: 1, collision_strategy: ENQUEUE}"
        yield f"    work_pool: {mapping(name=plan.project)}"


def mapping(**entries: str) -> str:
    """A mapping of YAML on one line."""
    return "{" + ", ".join(f"{name}: {value}" for name, value in entries.items()) + "}"


def tidy(plan: Plan, *, remove: bool) -> None:
    """Make the server ready for the plan: the pool is there, other deployments of this project's flow are not.

    Raises InputError where no server answers.
    """
    from httpx import TransportError
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName
    from prefect.client.schemas.sorting import DeploymentSort
    from prefect.exceptions import ObjectNotFound
    from prefect.settings import PREFECT_API_URL

    kept = set() if remove else {job.name for job in plan.enabled}
    try:
        with get_client(sync_client=True) as server:
            try:
                server.read_work_pool(plan.project)
            except ObjectNotFound:
                if not remove:
                    server.create_work_pool(WorkPoolCreate(name=plan.project, type="process"))
            of_project = FlowFilter(name=FlowFilterName(any_=[plan.project]))
            for deployment in server.read_deployments(flow_filter=of_project, limit=MOST, sort=DeploymentSort.NAME_ASC):
                if deployment.name not in kept:
                    server.delete_deployment(deployment.id)
                    print(f"took out {plan.project}/{deployment.name}")
    except TransportError as error:
        address = PREFECT_API_URL.value()
        raise InputError(f"no Prefect server answers at {address} ({error}); start one: make prefect") from None


if __name__ == "__main__":
    sys.exit(main())
