"""Rows over REST."""

from __future__ import annotations

import json
from pathlib import Path

from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.rest import records, server, settings
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY

CONTRACT = Contract(
    vocabulary=VOCABULARY,
    task="binary",
    columns=(
        Column(name="customer", role="id", type="text"),
        Column(name="age", type="integer"),
        Column(name="churned", role="target", type="category", categories=("no", "yes")),
    ),
)


def test_the_target_belongs_elsewhere() -> None:
    """A record that holds the target is refused with the way to the place for it; an identifier may come along."""
    model = records.RequestModel(CONTRACT, 3)

    faults = model.faults([{"customer": "A1", "age": 30, "churned": "no"}], ("body", "records"))

    assert [list(fault.where) for fault in faults] == [["body", "records", 0, "churned"]]
    assert "send the truth to /outcome" in faults[0].message


def test_one_answer_per_record_in_their_order(trained_once: Path) -> None:
    """Many records in one request get the answers that each gets alone, digit by digit, and each its probabilities."""
    _, served = server.load(settings.RestSettings(store=str(trained_once / "bundles")))
    first = served.example[0]
    several = [{**first, name: None} for name, field in served.request.fields.items() if not field.required] + [first]
    several = [{name: record[name] for name in first} for record in several]

    whole = json.loads(served.respond(json.dumps({"records": several * 3}).encode(), "r").body)
    alone = [json.loads(served.respond(json.dumps({"records": [one]}).encode(), "r").body) for one in several]

    for name in whole.keys() - {"model_version", "request_id"}:
        assert whole[name] == [entry for one in alone for entry in one[name]] * 3
