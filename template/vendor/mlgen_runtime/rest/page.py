"""The pages for people: `/` says what this model is and lets one try it, `/docs` describes the interface.

Plain HTML from the contract, with the style sheet of all our pages and a script out of this package: nothing is loaded
from elsewhere, so they work in a closed network, and a content security policy holds them to it.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, JSONResponse

from ..core.figures import figure
from ..core.page import escape, pairs, section, style
from . import docs, form
from .served import Served
from .state import State

POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
HEADERS = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
ASSETS = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}


def router(state: State) -> APIRouter:
    """The routes of the pages and their two assets."""
    routes = APIRouter()
    texts = {name: asset(name) for name in ASSETS}
    tag = hashlib.sha256(b"".join(texts.values())).hexdigest()[:12]

    @routes.get("/")
    async def index() -> HTMLResponse:
        return HTMLResponse(render(state, tag), headers=HEADERS)

    @routes.get("/docs")
    async def documentation() -> HTMLResponse:
        title, body = docs.render(state.served.openapi)
        return HTMLResponse(frame(title, body, tag), headers=HEADERS)

    @routes.get("/openapi.json")
    async def openapi() -> JSONResponse:
        return JSONResponse(state.served.openapi)

    for name, kind in ASSETS.items():
        routes.add_api_route(f"/assets/{name}", _sender(texts[name], kind), methods=["GET"], include_in_schema=False)
    return routes


def asset(name: str) -> bytes:
    """What is sent under a name."""
    if name == "page.css":
        return style().encode()
    return resources.files(__package__).joinpath("pages", name).read_bytes()


def render(state: State, tag: str) -> str:
    """The page about the model served now."""
    served = state.served
    card, contract = served.model.card, served.contract
    title = str(card.get("name") or "Model")
    about = str(card.get("message") or f"Predicts {contract.target.name} ({contract.task}).")
    about += f" {card['rule']}." if card.get("rule") else ""
    key = (
        '<p class="key"><label for="api-key">API key</label><input id="api-key" type="password" autocomplete="off"></p>'
    )
    body = f"""<header><h1>{escape(title)}</h1><p class="about">{escape(about)}</p>
<p class="facts"><span>version <b id="version">{escape(served.version)}</b></span> <span>{escape(contract.task)}</span>
<span>predicts <b>{escape(contract.target.name)}</b></span> <a href="docs">interface</a>
<a href="metrics">metrics</a></p></header>
{section("Try it", form.render(served, key if state.keys else ""))}
<div class="halves">{section("How good it is", _metrics(served))}
{section("Where it is from", _pairs(served.model.lineage))}</div>"""
    return frame(title, body, tag)


def frame(title: str, body: str, tag: str) -> str:
    """A whole HTML document; `tag` changes with the assets, so that browsers may keep them."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{escape(title)}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="assets/page.css?{tag}">
<script src="assets/page.js?{tag}" defer></script></head><body><main>
{body}
</main></body></html>
"""


def _sender(text: bytes, kind: str) -> Any:
    """An endpoint for one asset."""

    async def send() -> Response:
        return Response(text, media_type=kind, headers={"cache-control": "public, max-age=86400"})

    return send


def _metrics(served: Served) -> str:
    """The main numbers first, those of single classes and anything nested behind a fold."""
    flat = {name: value for name, value in flatten(served.model.metrics).items() if not isinstance(value, list)}
    first = {name: value for name, value in flat.items() if "/" not in name and "." not in name}
    rest = {name: value for name, value in flat.items() if name not in first}
    if not flat:
        return "<p>This bundle holds no metrics.</p>"
    folded = f"<details><summary>{len(rest)} more</summary>{_pairs(rest)}</details>" if rest else ""
    return _pairs(first) + folded


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as one level, `outer.inner`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _pairs(values: dict[str, Any]) -> str:
    """A table of names and values."""
    return pairs({_words(name): _shown(value) for name, value in flatten(values).items()})


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, float):
        return figure(value)
    return "–" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
