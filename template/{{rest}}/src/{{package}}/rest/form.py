"""The form of the page: one control per input of the contract, filled with a plausible example."""

from __future__ import annotations

import html

from ..contract.schema import Column
from .fields import Field
from .served import Served

#: Categories beyond this many are typed, with suggestions, not chosen from a list.
LISTED = 30


def escape(text: object) -> str:
    """Text as HTML, safe in attributes too: names and categories come from data."""
    return html.escape(str(text), quote=True)


def render(served: Served, key: str) -> str:
    """The form and the place for its answer; `key` is the field for the API key where one is set."""
    controls = "\n".join(
        _control(index, field, served.example[field.name]) for index, field in enumerate(served.request.inputs)
    )
    return f"""<form id="try" novalidate>{key}
<div class="fields">{controls}</div>
<p class="actions"><button type="submit">Predict</button> <button type="reset" class="quiet">Reset</button></p></form>
<div id="answer" role="status" aria-live="polite"></div>"""


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
