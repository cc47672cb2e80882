"""The FastAPI application over a served model: which path leads where.

FastAPI keeps the routes, the OpenAPI document and the error pages; the three endpoints that take data are plain ASGI in
the same router, and `/predict` is reached past it.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.routing import Route

from . import health, page
from .invocations import Invocations
from .middleware import Application, Middleware
from .outcome import Outcome
from .predict import Predict
from .state import State


def build(state: State) -> Middleware:
    """Return the ASGI application to serve."""
    app = FastAPI(title="model", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    endpoints: dict[str, Application] = {
        "/predict": Predict(state),
        "/invocations": Invocations(state),
        "/outcome": Outcome(state),
    }
    for path, endpoint in endpoints.items():
        app.router.routes.append(Route(path, endpoint, methods=["POST"]))
    app.include_router(health.router(state))
    app.include_router(page.router(state))
    app.openapi = lambda: openapi(state)  # type: ignore[method-assign]
    paths = frozenset(state.served.openapi["paths"])
    return Middleware(app, state, paths, {("POST", path): endpoint for path, endpoint in endpoints.items()})


def openapi(state: State) -> dict[str, Any]:
    """The document of the model served now; it changes with the champion."""
    return state.served.openapi
