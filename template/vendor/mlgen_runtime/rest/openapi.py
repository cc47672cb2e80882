"""The OpenAPI document, made from the contract: exactly what the service accepts and answers, every refusal included.

Written out rather than inferred from Python types, because the request model is known only when a bundle is loaded; a
property test sends thousands of generated requests and compares every answer with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contract.schema import Contract
from .fields import FLOAT_LIMIT, Field, Schema
from .invocations import EXPLAINED

if TYPE_CHECKING:
    from .served import Served

JSON = "application/json"
KEY = {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}


def document(served: Served) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a served model."""
    name = str(served.model.card.get("name") or "model")
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": served.version, "description": _about(served)},
        "paths": {
            "/predict": {"post": _predict(served)},
            "/outcome": {"post": _outcome(served.contract)},
            "/invocations": {"post": _invocations(served)},
            "/ping": {"get": _get("ready", "MLflow's health check.", {"200": JSON, "503": JSON})},
            "/health/live": {"get": _get("live", "Whether the process answers.", {"200": JSON})},
            "/health/ready": {"get": _get("ready", "Whether it may have traffic.", {"200": JSON, "503": JSON})},
            "/metrics": {"get": _get("metrics", "Counters for Prometheus.", {"200": "text/plain"})},
            "/docs": {"get": _get("docs", "This document, readable.", {"200": "text/html"})},
            "/openapi.json": {"get": _get("openapi", "This document.", {"200": JSON})},
            "/": {"get": _get("page", "What this model is, and a form to try it.", {"200": "text/html"})},
        },
        "components": {"schemas": _schemas(served), "securitySchemes": KEY},
    }


def record_schema(fields: tuple[Field, ...], closed: bool = True) -> Schema:
    """One record: every field of the contract; required where it may not be missing."""
    return {
        "type": "object",
        "properties": {field.name: field.schema for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": not closed,
    }


def _about(served: Served) -> str:
    """One paragraph for the head of the document."""
    card = served.model.card
    told = (card.get("message", ""), f"{card['rule']}." if card.get("rule") else "")
    message = " ".join(words for words in told if words)
    return (
        f"Version {served.version} of a {served.contract.task} model that predicts {served.contract.target.name}. "
        f"{message}{' ' if message else ''}"
        "Every answer carries the header X-Request-ID; send your own to find a request in the log again. "
        "Where a key is set (REST_API_KEY), /predict, /outcome and /invocations need it in X-API-Key."
    )


def _schemas(served: Served) -> dict[str, Schema]:
    """The named parts."""
    fault = {
        "type": "object",
        "properties": {
            "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
            "msg": {"type": "string"},
            "type": {"type": "string"},
        },
        "required": ["loc", "msg", "type"],
    }
    return {
        "Record": record_schema((*served.request.inputs, *served.request.others)),
        "Prediction": _prediction(served),
        "Refusal": {
            "type": "object",
            "properties": {
                "detail": {"anyOf": [{"type": "string"}, {"type": "array", "items": fault}]},
                "request_id": {"type": "string"},
            },
            "required": ["detail"],
        },
        "MlflowError": {
            "type": "object",
            "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
            "required": ["error_code", "message"],
        },
    }


def _prediction(served: Served) -> Schema:
    """The answer of /predict: the model's, and which version and request it belongs to."""
    properties = {**served.model.schema(), "model_version": {"type": "string"}, "request_id": {"type": "string"}}
    return {
        "type": "object",
        "properties": properties,
        "required": ["predictions", "model_version", "request_id"],
        "additionalProperties": False,
    }


def _predict(served: Served) -> dict[str, Any]:
    records = {
        "type": "array",
        "items": _ref("Record"),
        "minItems": served.request.least,
        "maxItems": served.request.batch_limit,
    }
    body = _object({"records": records}, {"records": served.example}, _options(served))
    return _post("predict", "Predict one or many records.", {JSON: body}, {"200": _ref("Prediction")})


def _options(served: Served) -> dict[str, Schema]:
    """What may be said beside the records."""
    return {name: value.schema for name, value in served.request.options.values.items()}


def _outcome(contract: Contract) -> dict[str, Any]:
    limit = {"type": "number", "minimum": -FLOAT_LIMIT, "maximum": FLOAT_LIMIT}
    truth: Schema = {"enum": list(contract.label_values)} if contract.labels else limit
    name = {"type": "string", "minLength": 1, "maxLength": 200}
    row = {"type": "integer", "minimum": 0, "maximum": 10_000_000}
    by_request = _object({"request_id": name, "truth": truth}, None, {"row": row})
    by_key = _object({"key": name, "truth": truth})
    one = {"anyOf": [by_request, by_key]}
    many = _object({"outcomes": {"type": "array", "items": one, "minItems": 1, "maxItems": 10_000}})
    example = {"request_id": "5f0c2a", "row": 0, "truth": contract.label_values[-1] if contract.labels else 1.5}
    body = {"anyOf": [by_request, by_key, many], "examples": [example]}
    stored = _object({"stored": {"type": "integer"}, "request_id": {"type": "string"}})
    summary = "Store the truth that arrived later, for monitoring and retraining."
    return _post("outcome", summary, {JSON: body}, {"201": stored})


def _invocations(served: Served) -> dict[str, Any]:
    """MLflow's forms. They are described for one fixed order of the columns; the service takes any."""
    fields, least = served.request.inputs, served.request.least
    names, needed = [field.name for field in fields], list(served.request.needed)
    record = {**record_schema(fields, closed=False), "required": needed}
    records = {"type": "array", "items": record, "minItems": least}
    row = {
        "type": "array",
        "prefixItems": [field.schema for field in fields],
        "items": False,
        "minItems": len(fields),
        "maxItems": len(fields),
    }
    rows = {"type": "array", "items": row, "minItems": least}
    split = _object({"columns": {"const": names}, "data": rows})
    one = {"type": "object", "properties": {f.name: _one(f.schema) for f in fields}, "required": needed or names[:1]}
    options = _options(served)
    beside = (
        {"params": {"type": ["object", "null"], "properties": options, "additionalProperties": False}}
        if options
        else {}
    )
    tables: tuple[dict[str, Schema], ...] = (
        {"dataframe_split": split},
        {"dataframe_records": records},
        {"instances": {"anyOf": [records, rows]}},
        {"inputs": one},
    )
    forms = [_object(table, None, beside) for table in tables]
    body = {"anyOf": forms, "examples": [{"dataframe_records": served.example}]}
    text = {"type": "string", "description": "CSV with a header line that names the columns"}
    asked = {name: entry for name, entry in served.model.schema().items() if name in EXPLAINED}
    found = _object({"predictions": {"type": "array"}}, None, asked)
    operation = _post("invocations", "MLflow's scoring protocol.", {JSON: body}, {"200": found}, "MlflowError")
    operation["requestBody"]["description"] = "Also text/csv: " + text["description"]
    del operation["responses"]["422"]
    operation["responses"]["401"]["content"] = {JSON: {"schema": _ref("Refusal")}}
    return operation


def _one(schema: Schema) -> Schema:
    """A column that holds one value, which may stand alone or, as in a tensor of shape [n, 1], in a list."""

    def only(value: Schema) -> Schema:
        return {"type": "array", "items": value, "minItems": 1, "maxItems": 1}

    return only({"anyOf": [schema, only(schema)]})


def _object(required: dict[str, Schema], example: Any = None, optional: dict[str, Schema] | None = None) -> Schema:
    """A closed object."""
    found: Schema = {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }
    return {**found, "examples": [example]} if example is not None else found


def _post(
    name: str,
    summary: str,
    bodies: dict[str, Schema],
    answers: dict[str, Schema],
    error: str = "Refusal",
) -> dict[str, Any]:
    """An operation that takes a body, with every status that it can answer."""
    refusals = {
        "400": "The body is not JSON.",
        "401": "The API key is missing or wrong.",
        "408": "The body did not arrive in time.",
        "413": "The body is too large.",
        "415": "The content type is not supported.",
        "422": "The body is not what the contract says; every field at fault is named.",
        "503": "Too busy, or no answer in time; try again.",
    }
    return {
        "operationId": name,
        "summary": summary,
        "security": [{}, {"ApiKey": []}],
        "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind, schema in bodies.items()}},
        "responses": {
            **{status: _response("Done.", schema) for status, schema in answers.items()},
            **{status: _response(text, _ref(error)) for status, text in refusals.items()},
        },
    }


def _get(name: str, summary: str, answers: dict[str, str]) -> dict[str, Any]:
    """An operation that only reads."""
    responses: dict[str, Any] = {
        status: {"description": "OK" if status == "200" else "Not now.", "content": {kind: {}}}
        for status, kind in answers.items()
    }
    return {"operationId": f"get_{name}", "summary": summary, "responses": responses}


def _response(text: str, schema: Schema) -> dict[str, Any]:
    return {"description": text, "content": {JSON: {"schema": schema}}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
