"""`/docs`: the OpenAPI document as a plain page. No script and nothing from elsewhere, unlike Swagger UI's page."""

from __future__ import annotations

import json
from typing import Any

from ..core.page import cell, escape, framed, pairs


def render(document: dict[str, Any]) -> tuple[str, str]:
    """Return the title and the body of the page."""
    info = document["info"]
    title = f"{info['title']}: interface"
    operations = [
        _operation(method, path, operation, document)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    body = f"""<header><h1>{escape(title)}</h1><p class="about">{escape(info["description"])}</p>
<p class="facts"><a href="./">the model</a> <a href="openapi.json">openapi.json</a></p></header>
{"".join(operations)}"""
    return title, body


def _operation(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    """One operation: what it is for, what it takes with an example for curl, what it answers."""
    answers = pairs({status: answer["description"] for status, answer in operation["responses"].items()})
    return f"""<section class="card" id="{escape(operation["operationId"])}">
<h2><code>{method.upper()} {escape(path)}</code></h2>
<p>{escape(operation["summary"])}</p>{_body(method, path, operation, document)}
<details><summary>Answers</summary>{answers}</details></section>"""


def _body(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    """The request body: an example, the fields of a record, and the whole schema behind a fold."""
    if "requestBody" not in operation:
        return ""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    example = json.dumps(schema["examples"][0], ensure_ascii=False)
    quoted = example.replace("'", "'\\''")
    command = f"curl -H 'content-type: application/json' -d '{quoted}' http://HOST{path}"
    fields = ""
    if path == "/predict":
        beside = {name: each for name, each in schema["properties"].items() if name != "records"}
        fields = _fields(document["components"]["schemas"]["Record"])
        fields += _fields({"properties": beside, "required": []}, "beside the records") if beside else ""
    whole = json.dumps(schema, indent=2, ensure_ascii=False)
    return f"""<pre>{escape(command)}</pre>{fields}
<details><summary>Schema of the body</summary><pre>{escape(whole)}</pre></details>"""


def _fields(record: dict[str, Any], head: str = "field") -> str:
    """The fields of an object as a table."""
    needed = record["required"]
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}{"" if name in needed else " <span class=optional>optional</span>"}</th>'
        f"{cell('type', _kind(schema))}{cell('holds', schema.get('description', ''))}</tr>"
        for name, schema in record["properties"].items()
    )
    return framed(f"<th>{head}</th><th>type</th><th>holds</th>", lines)


def _kind(schema: dict[str, Any]) -> str:
    """The JSON types that a schema allows, in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    found = schema.get("type", "any")
    return " or ".join(found) if isinstance(found, list) else str(found)
