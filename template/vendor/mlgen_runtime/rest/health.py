"""What a platform asks of a service: is it alive, may it have traffic, how is it doing.

`/health/live` is 200 as long as the process answers. `/health/ready` is 200 only between the end of the warm-up and
SIGTERM. `/ping` is MLflow's and SageMaker's word for ready. `/metrics` is for Prometheus.
"""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from .state import State


def router(state: State) -> APIRouter:
    """The routes over the service's state."""
    routes = APIRouter()

    def readiness() -> tuple[int, dict[str, str]]:
        word = "draining" if state.draining else "ready" if state.ready else "starting"
        found = {"status": word, "model_version": state.served.version}
        if state.failing:
            found["champion"] = "the new champion could not be loaded; the log says why"
        return 200 if word == "ready" else 503, found

    @routes.get("/health/live")
    async def live() -> JSONResponse:
        return JSONResponse({"status": "alive"})

    @routes.get("/health/ready")
    async def ready() -> JSONResponse:
        status, content = readiness()
        return JSONResponse(content, status)

    @routes.get("/ping")
    async def ping() -> Response:
        return Response("\n", readiness()[0], media_type="application/json")

    @routes.get("/metrics")
    async def metrics() -> PlainTextResponse:
        numbers = state.metrics
        numbers.gauge("http_requests_in_flight", state.in_flight)
        numbers.counts["log_lines_dropped_total", ()] = state.log.dropped
        return PlainTextResponse(numbers.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return routes
