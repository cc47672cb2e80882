"""The form of the page: what the model needs and what it may be told, filled with a plausible example.

One record has a control per column; an example of several records is a field with their JSON.
"""

from __future__ import annotations

import json

from ..contract.schema import Column
from ..core.page import escape
from .fields import Field, Value
from .served import Served

#: Categories beyond this many are typed, with suggestions, not chosen from a list.
LISTED = 30


def render(served: Served, key: str) -> str:
    """The form and the place for its answer; `key` is the field for the API key where one is set."""
    options = [value for value in served.request.options.values.values() if "const" not in value.schema]
    controls = [*_records(served), *(_option(index, value) for index, value in enumerate(options))]
    fields = f'<div class="fields">{"".join(controls)}</div>' if controls else ""
    return f"""<form id="try" novalidate>{key}
{fields}
<p class="actions"><button type="submit">Predict</button> <button type="reset" class="quiet">Reset</button></p></form>
<div id="answer" role="status" aria-live="polite"></div>"""


def _records(served: Served) -> list[str]:
    """The controls of the example's records."""
    if len(served.example) > 1:
        shown = escape(json.dumps(served.example, indent=1, ensure_ascii=False))
        text = f'<textarea id="records" data-records rows="12" spellcheck="false">{shown}</textarea>'
        return [f'<div class="field whole"><label for="records">records</label>{text}</div>']
    fields = served.request.fields
    return [
        _control(index, fields[name], value)
        for record in served.example
        for index, (name, value) in enumerate(record.items())
    ]


def _option(index: int, value: Value) -> str:
    """A control that may stay empty; a list is written with commas."""
    identity, schema = f"o{index}", value.schema
    common = f'id="{identity}" name="{value.name}" data-option="{schema["type"]}"'
    common += f' aria-describedby="{identity}-hint {identity}-fault"'
    control = f'<input {common} inputmode="decimal" autocomplete="off">'
    if schema["type"] == "boolean":
        control = f'<select {common}><option value=""></option><option>true</option><option>false</option></select>'
    return f"""<div class="field"><label for="{identity}">{value.name} <span class="optional">optional</span></label>
{control}
<small id="{identity}-hint">{escape(schema["description"])}</small>
<small class="fault" id="{identity}-fault"></small></div>"""


def _control(index: int, field: Field, example: object) -> str:
    """A label, a control, a hint and a place for what is wrong with it."""
    column, identity = field.column, f"f{index}"
    needed = "" if field.required else '<span class="optional">optional</span>'
    hint = field.schema.get("description", "") if column.type != "category" else column.unit or ""
    return f"""<div class="field"><label for="{identity}">{escape(field.name)} {needed}</label>
{_input(identity, field, example)}<small id="{identity}-hint">{escape(hint)}</small>
<small class="fault" id="{identity}-fault"></small></div>"""


def _input(identity: str, field: Field, example: object) -> str:
    """The control itself; `data-type` tells the script what to send."""
    column = field.column
    common = (
        f'id="{identity}" name="{escape(field.name)}" data-type="{column.type}" '
        f'data-nullable="{str(column.nullable).lower()}" aria-describedby="{identity}-hint {identity}-fault"'
    )
    if column.type == "boolean":
        return _select(common, ("true", "false"), "true", field)
    if column.type == "category" and 0 < len(column.categories) <= LISTED:
        return _select(common, column.categories, str(example), field)
    if column.type == "category" and column.categories:
        options = "".join(f'<option value="{escape(value)}"></option>' for value in column.categories)
        known = f'<datalist id="{identity}-list">{options}</datalist>'
        return f'<input {common} value="{escape(example)}" list="{identity}-list">{known}'
    if column.type in ("number", "integer"):
        mode = "numeric" if column.type == "integer" and not _negative(column) else "decimal"
        return f'<input {common} inputmode="{mode}" value="{escape(example)}" autocomplete="off">'
    return f'<input {common} value="{escape(example)}" autocomplete="off">'


def _negative(column: Column) -> bool:
    """Whether a column may hold numbers below zero, which a phone's numeric keys cannot type."""
    return column.minimum is None or column.minimum < 0


def _select(common: str, values: tuple[str, ...], chosen: str, field: Field) -> str:
    """A list to choose from, with an empty entry where the value may be missing."""
    empty = "" if field.required else '<option value="" data-missing="true">(missing)</option>'
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(value) or "(empty)"}</option>'
        for value in values
    )
    return f"<select {common}>{empty}{options}</select>"
