"""`POST /invocations` and `/ping`: MLflow's scoring protocol, so that its clients work unchanged.

Every form in which MLflow's server takes a table: `dataframe_split`, `dataframe_records`, `instances` (objects, rows
or columns), `inputs` (columns, objects or rows), and CSV. Columns that the model does not know are ignored, as MLflow
does; a column that it needs must be there. Errors are MLflow's shape: `{"error_code": "BAD_REQUEST", "message": "…"}`.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import msgspec

from . import observed
from .options import NONE, Chosen
from .records import Columns, RequestModel, parse
from .refusal import Fault, Refused
from .request import JSON, Receive, Request, Scope, Send, compute, read, reply
from .served import Response, Served
from .state import State

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
#: What answers hold beside the predictions, where it was asked for.
EXPLAINED = ("explanations",)
CSV = b"text/csv"
#: What pandas, which MLflow's server reads CSV with, takes for a missing number.
MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A", "n/a"})


class Invocations:
    """The endpoint, plain ASGI like `/predict`."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request: Request = scope["request"]
        try:
            body = await read(request, receive, self.state)
            kind = _content_type(request)
            served = self.state.served
            told = request.id if self.state.observers else None
            response = await compute(self.state, len(body), served.quick(body), answered, served, body, kind, told)
        except Refused as refused:
            observed.refused(self.state, request, refused)
            status = 400 if refused.status == 422 else refused.status
            code = "BAD_REQUEST" if status < 500 else "TEMPORARILY_UNAVAILABLE"
            error = msgspec.json.encode({"error_code": code, "message": str(refused)})
            return await reply(send, request, status, error, refused.headers)
        observed.predicted(self.state, request, served, response)
        return await reply(send, request, 200, response.body)


def answered(served: Served, body: bytes, kind: bytes, told: str | None = None) -> Response:
    """Predict a body of one of the two content types; `told` is the request's id where somebody looks on."""
    model = served.request
    rows, where, options = _from_csv(model, body) if kind == CSV else _from_json(model, body)
    columns = _checked(model, rows, where)
    found, predictions = served.answer(columns, options)
    sent = msgspec.json.encode({name: found[name] for name in ("predictions", *EXPLAINED) if name in found})
    request = answer = b""
    if told is not None:
        records = [{name: row[name] for name in model.fields if name in row} for row in rows]
        request, answer = msgspec.json.encode({"records": records, **options}), served.encode(found, told)
    return Response(sent, predictions, served.binning.counts(predictions), columns, request, answer)


def _content_type(request: Request) -> bytes:
    """JSON or CSV in UTF-8; raises Refused 415 for anything else, as MLflow's server does."""
    kind, _, rest = request.content_type.lower().partition(b";")
    charset = rest.partition(b"charset=")[2].strip(b' "') or b"utf-8"
    kind = kind.strip() or JSON
    if kind not in (JSON, CSV):
        raise Refused(415, "this server supports the content types application/json and text/csv")
    if charset not in (b"utf-8", b"utf8"):
        raise Refused(415, "this server supports UTF-8 only")
    return kind


def _checked(model: RequestModel, rows: Any, where: tuple[str, ...]) -> Columns:
    """Ignore what the model does not know, require what it needs, check all else like `/predict`."""
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        absent = [name for name in model.needed if not any(name in row for row in rows)]
        if absent:
            raise Refused(400, [Fault((*where, name), "required column is missing") for name in absent])
        rows = [{name: row[name] for name in model.names if name in row} for row in rows]
    return model.columns(rows, where)


def _from_json(model: RequestModel, body: bytes) -> tuple[Any, tuple[str, ...], Chosen]:
    """Bring any of the JSON forms to a list of objects; also say where it stood, for the messages, and the options."""
    payload = _parse(body)
    found = [form for form in FORMS if form in payload] if isinstance(payload, dict) else []
    if len(found) != 1:
        raise Refused(400, f"the input must be a JSON object with exactly one of the fields {', '.join(FORMS)}")
    form, where = found[0], ("body", found[0])
    extra = sorted(set(payload) - {form, "params"})
    if extra:
        raise Refused(400, [Fault(("body", name), f"unknown field beside {form}") for name in extra])
    options = _options(model, payload.get("params"))
    data = payload[form]
    if form == "dataframe_split":
        return _from_split(data, where), where, options
    if form == "dataframe_records":
        return data, where, options
    return _from_tensor(model, data, where), where, options


def _options(model: RequestModel, params: Any) -> Chosen:
    """MLflow's name for options is params."""
    if params is None:
        return NONE
    if not isinstance(params, dict):
        raise Refused(400, [Fault(("body", "params"), "expected an object of options by name")])
    return model.options.checked(params, ("body", "params"))


def _parse(body: bytes) -> Any:
    """Parse JSON in which a missing number may be NaN: no JSON, but what MLflow's own client writes."""
    try:
        return parse(body)
    except Refused:
        if b"NaN" not in body:
            raise
    try:
        return json.loads(body, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {error}") from None


def _constant(word: str) -> None:
    """NaN is missing; Infinity is nothing that a table holds."""
    if word != "NaN":
        raise ValueError(f"{word} is no value")


def _from_split(data: Any, where: tuple[str, ...]) -> list[dict[str, Any]]:
    """`{"columns": […], "data": [[…]], "index": […]}`, as `DataFrame.to_dict(orient="split")` writes it."""
    if not isinstance(data, dict) or set(data) - {"columns", "data", "index"} or not {"columns", "data"} <= set(data):
        raise Refused(400, [Fault(where, "expected an object with columns and data (index is optional)")])
    columns, rows = data["columns"], data["data"]
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise Refused(400, [Fault((*where, "columns"), "expected a list of column names")])
    return _from_rows(columns, rows, (*where, "data"))


def _from_rows(columns: list[str], rows: Any, where: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of values in the order of `columns`."""
    if not isinstance(rows, list):
        raise Refused(400, [Fault(where, "expected a list of rows")])
    wrong = [index for index, row in enumerate(rows) if not isinstance(row, list) or len(row) != len(columns)]
    if wrong:
        expected = f"expected a row of {len(columns)} values: {', '.join(columns)}"
        raise Refused(400, [Fault((*where, index), expected) for index in wrong[:10]])
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _from_tensor(model: RequestModel, data: Any, where: tuple[str, ...]) -> Any:
    """TensorFlow Serving's two forms: an object of columns, a list of objects, or a list of rows in contract order."""
    if isinstance(data, dict):
        return _from_columns(model, data, where)
    if isinstance(data, list) and data and not isinstance(data[0], dict):
        return _from_rows(list(model.names), data, where)
    return data


def _from_columns(model: RequestModel, data: dict[str, Any], where: tuple[str, ...]) -> list[dict[str, Any]]:
    """An object of columns, all of one length; those that the model does not know are left out."""
    known = {name: data[name] for field in model.inputs if (name := field.name) in data}
    wrong = [name for name, values in known.items() if not isinstance(values, list)]
    if wrong or not known:
        raise Refused(400, [Fault((*where, name), "expected a list of values") for name in wrong or model.names])
    columns = {name: _flat(values) for name, values in known.items()}
    if len({len(values) for values in columns.values()}) != 1:
        raise Refused(400, [Fault(where, "expected columns of one length")])
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _flat(values: list[Any]) -> list[Any]:
    """A column given as [[1], [2]] (shape [n, 1]) is [1, 2]."""
    return [value[0] if isinstance(value, list) and len(value) == 1 else value for value in values]


def _from_csv(model: RequestModel, body: bytes) -> tuple[list[dict[str, Any]], tuple[str, ...], Chosen]:
    """Read CSV with a header line; cells become what the contract says that their column holds."""
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise Refused(400, f"the body is not CSV in UTF-8: {error}") from None
    rows = [row for row in rows if row]
    if len(rows) < 2:
        raise Refused(400, "expected CSV with a header line and at least one row")
    records = _from_rows(rows[0], rows[1:], ("body",))
    return [{name: _cell(model, name, text) for name, text in record.items()} for record in records], ("body",), NONE


def _cell(model: RequestModel, name: str, text: str) -> Any:
    """One CSV cell as the value that JSON would carry; text that is no number stays text and is refused later."""
    field = model.fields.get(name)
    kind = field.column.type if field else "text"
    if kind in ("text", "category"):
        return text or None
    if text.strip() in MISSING:
        return None
    if kind == "boolean":
        return {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}.get(
            text.casefold(), text
        )
    if kind == "datetime":
        return text
    try:
        return float(text)
    except ValueError:
        return text
