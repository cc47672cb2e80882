"""Forecasts over REST: from kept or newer history, as far ahead and with the bands that are asked for."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from mlgen_runtime.rest import form, invocations, refusal, server, settings

#: One of the series of the sample, and the moments after its end.
SERIES = {"measurement": "electrical_turnover"}


@pytest.fixture(scope="module")
def served(trained_once: Path) -> Any:
    """The champion of the trained project, as the service holds it."""
    return server.load(settings.RestSettings(store=str(trained_once / "bundles")))[1]


def ask(served: Any, *records: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The answer to a request."""
    response = served.respond(json.dumps({"records": records, **options}).encode(), "r")
    answer = json.loads(response.body)
    assert len(response.predictions) == len(answer["predictions"]) == sum(response.counts.values())
    return dict(answer)


def refused(served: Any, *records: dict[str, Any], **options: Any) -> str:
    """The words of a request's refusal."""
    with pytest.raises(refusal.Refused) as caught:
        ask(served, *records, **options)
    assert caught.value.status == 422
    return str(caught.value)


def later(moment: str, months: int) -> str:
    """A first of the month, so many months on."""
    first = datetime.date.fromisoformat(moment)
    count = first.year * 12 + first.month - 1 + months
    return datetime.date(count // 12, count % 12 + 1, 1).isoformat()


def test_a_series_is_forecast_from_its_kept_history(served: Any) -> None:
    """The next steps up to the horizon of the model, each with its bands, and how old the newest value is."""
    answer = ask(served, SERIES)

    steps = answer["predictions"]
    assert len(steps) == served.contract.forecast.horizon
    assert list(steps[0]) == ["measurement", "month", "prediction", "quantile_0.1", "quantile_0.5", "quantile_0.9"]
    assert all(row["quantile_0.1"] <= row["quantile_0.5"] <= row["quantile_0.9"] for row in steps)
    assert [row["month"] for row in steps] == [later(answer["data_until"], ahead + 1) for ahead in range(len(steps))]
    age = datetime.datetime.now() - datetime.datetime.fromisoformat(answer["data_until"])
    assert answer["data_age_hours"] == pytest.approx(age.total_seconds() / 3600, abs=48)


def test_horizon_and_quantiles_are_the_clients(served: Any) -> None:
    """Fewer steps are the first ones; levels between those of the model come in order; integral numbers are whole."""
    whole = ask(served, SERIES)["predictions"]

    answer = ask(served, SERIES, horizon=3.0, quantiles=[0.8, 0.2])["predictions"]

    assert [row["prediction"] for row in answer] == [row["prediction"] for row in whole[:3]]
    assert list(answer[0])[2:] == ["prediction", "quantile_0.2", "quantile_0.8"]
    assert all(
        mine["quantile_0.2"] >= theirs["quantile_0.1"] and mine["quantile_0.8"] <= theirs["quantile_0.9"]
        for mine, theirs in zip(answer, whole, strict=False)
    )


def test_several_series_come_in_the_order_of_the_request(served: Any) -> None:
    """One request for many series costs one pass; the oldest data of them counts."""
    other = {"measurement": "carbon_dioxide"}

    both = ask(served, SERIES, other, SERIES, horizon=2)
    alone = [ask(served, one, horizon=2) for one in (SERIES, other)]

    assert both["predictions"] == alone[0]["predictions"] + alone[1]["predictions"]
    assert both["data_until"] == min(one["data_until"] for one in alone)


def test_newer_history_moves_the_forecast_on(served: Any) -> None:
    """Values that the model has not seen are laid over the kept history; a month between may be missing."""
    end, value = (ask(served, SERIES, horizon=1)[name] for name in ("data_until", "predictions"))
    newer = [{**SERIES, "month": later(end, ahead), "value": value[0]["prediction"]} for ahead in (1, 3)]

    answer = ask(served, *newer, horizon=2)

    assert answer["data_until"] == later(end, 3)
    assert [row["month"] for row in answer["predictions"]] == [later(end, 4), later(end, 5)]


@pytest.mark.parametrize(
    ("records", "options", "words"),
    [
        ([{"measurement": "rainfall"}], {}, ["'rainfall' is unknown", "send its history"]),
        ([SERIES], {"horizon": 13}, ["horizon", "from 1 to 12", "got 13"]),
        ([SERIES], {"horizon": 0}, ["horizon", "from 1 to 12"]),
        ([SERIES], {"quantiles": [0.5, 1.5]}, ["quantiles", "from 0.1 to 0.9", "[0.5,1.5]"]),
        ([SERIES], {"steps": 3}, ["steps", "'records', 'horizon' and 'quantiles'"]),
        ([{**SERIES, "month": "2030-01-01", "value": 1.0}] * 2, {}, ["2 rows", "2030-01-01"]),
        ([{**SERIES, "month": "2030-01-15", "value": 1.0}], {}, ["2030-01-15", "frequency MS", "2030-01-01"]),
        ([{**SERIES, "month": "last May", "value": 1.0}], {}, ["0.month", "a date such as"]),
        ([{**SERIES, "month": "2030-01-01", "value": "1,5"}], {}, ["0.value", "a number or null", "1,5"]),
        ([{"month": "2030-01-01", "value": 1.0}], {}, ["0.measurement", "missing"]),
        ([], {}, ["expected 1 to"]),
    ],
)
def test_what_cannot_be_answered_is_said_by_name(
    served: Any, records: list[dict[str, Any]], options: dict[str, Any], words: list[str]
) -> None:
    """422 with the value, what was expected, and the next step; never a forecast of something else."""
    message = refused(served, *records, **options)

    assert [word for word in words if word not in message] == [], message


def test_mlflow_s_clients_give_options_as_params(served: Any) -> None:
    """The same rows through MLflow's protocol; a forecast is an object for each step."""
    expected = ask(served, SERIES, horizon=2, quantiles=[0.5])["predictions"]
    params = {"horizon": 2, "quantiles": [0.5]}
    tables: list[dict[str, Any]] = [
        {"dataframe_split": {"columns": list(SERIES), "data": [list(SERIES.values())]}},
        {"dataframe_records": [SERIES]},
        {"inputs": {name: [value] for name, value in SERIES.items()}},
    ]

    def invoke(**content: object) -> Any:
        body = json.dumps(content).encode()
        return json.loads(invocations.answered(served, body, b"application/json").body)

    for table in tables:
        assert invoke(**table, params=params) == {"predictions": expected}
    with pytest.raises(refusal.Refused, match="params.horizon: expected a whole number from 1 to 12"):
        invoke(inputs=[SERIES], params={"horizon": 99})


def test_the_page_asks_for_series_and_horizon(served: Any) -> None:
    """One control for the key, one for each option, none for the history."""
    page = form.render(served, "")

    assert 'name="measurement"' in page
    assert 'name="horizon" data-option="integer"' in page
    assert 'name="quantiles" data-option="array"' in page
    assert 'name="value"' not in page


def test_the_document_says_what_a_forecast_is(served: Any) -> None:
    """Every entry of an answer is in the OpenAPI document, the bands by their pattern."""
    answer = ask(served, SERIES, horizon=1)

    schema = served.openapi["components"]["schemas"]["Prediction"]["properties"]
    assert set(answer) == set(schema)
    row = schema["predictions"]["items"]
    named = {name for name in answer["predictions"][0] if not name.startswith("quantile_")}
    assert named == set(row["properties"]) == set(row["required"])
    assert list(row["patternProperties"]) == ["^quantile_"]
    record = served.openapi["components"]["schemas"]["Record"]
    assert (set(record["properties"]), record["required"]) == ({"measurement", "month", "value"}, ["measurement"])
