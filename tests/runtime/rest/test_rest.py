"""The service's endpoints, over a model trained on the sample rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mlgen_runtime.rest.app import build
from mlgen_runtime.rest.form import escape, render
from mlgen_runtime.rest.logs import JsonLog
from mlgen_runtime.rest.metrics import Metrics
from mlgen_runtime.rest.server import load
from mlgen_runtime.rest.settings import RestSettings, from_environment
from mlgen_runtime.rest.state import State
from starlette.testclient import TestClient

#: This module runs in each use case.
EACH_USE_CASE = True


@pytest.fixture
def state(trained_once: Path, tmp_path: Path) -> Iterator[State]:
    """The shared state over the champion of the trained project."""
    settings = RestSettings(
        store=str(trained_once / "bundles"), body_limit=50_000, outcomes=str(tmp_path / "log" / "outcomes.jsonl")
    )
    _, served = load(settings)
    with (tmp_path / "log.txt").open("w") as file, ThreadPoolExecutor(1) as pool:
        log = JsonLog(file.fileno())
        yield State(settings, served, Metrics(), log, pool, ready=True)
        log.close()


@pytest.fixture
def client(state: State) -> TestClient:
    return TestClient(build(state), raise_server_exceptions=False)


@pytest.fixture
def records(state: State) -> list[dict[str, Any]]:
    """Good records, whatever they are in this project."""
    return list(state.served.example)


def column(state: State) -> str:
    """An input that must be given, or any."""
    fields = state.served.request.inputs
    return next((field.name for field in fields if field.required), fields[0].name)


def predict(client: TestClient, *records: object, **headers: str) -> Any:
    return client.post("/predict", json={"records": list(records)}, headers=headers)


def test_predictions_are_the_predictors(client: TestClient, state: State, records: list[dict[str, Any]]) -> None:
    """The answer holds what the predictor says of the same columns, in the use case's words, the version and an id."""
    answer = predict(client, *records).json()

    found = state.served.model.predict({name: [record[name] for record in records] for name in records[0]})
    expected = state.served.model.plain(found)
    assert answer["predictions"] == expected["predictions"]
    assert set(answer) == {*expected, "model_version", "request_id"}
    assert answer["model_version"] == "1"


def test_an_option_is_held_to_its_limits(client: TestClient, state: State, records: list[dict[str, Any]]) -> None:
    """What may be said beside the records is checked like them; what may not is unknown."""
    for name, value in state.served.request.options.values.items():
        answer = client.post("/predict", json={"records": records, name: "much"})
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", name])
        assert value.expects in answer.text

    answer = client.post("/predict", json={"records": records, "unheard of": 1})

    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "unheard of"])


def test_the_request_id_is_the_clients(client: TestClient, records: list[dict[str, Any]]) -> None:
    """A client's own id comes back in body and header; one that could forge a log line is replaced."""
    answer = predict(client, *records, **{"x-request-id": "order-17"})
    assert (answer.json()["request_id"], answer.headers["x-request-id"]) == ("order-17", "order-17")

    assert predict(client, *records, **{"x-request-id": 'x" y'}).json()["request_id"] != 'x" y'


def test_faults_name_their_field(client: TestClient, state: State, records: list[dict[str, Any]]) -> None:
    """A wrong record is refused with 422 and the path of each field at fault."""
    name, record = column(state), records[0]

    answer = predict(client, record, record | {name: {"no": "value"}, "unheard of": 1})

    assert answer.status_code == 422
    paths = [fault["loc"] for fault in answer.json()["detail"]]
    assert sorted(paths, key=str) == sorted(
        [["body", "records", 1, name], ["body", "records", 1, "unheard of"]], key=str
    )


def test_other_refusals(client: TestClient) -> None:
    """Too large, not JSON, wrong method, wrong path: each has its status."""
    assert client.post("/predict", content=b"x" * 60_000).status_code == 413
    assert client.post("/predict", content=iter([b"x" * 30_000] * 2)).status_code == 413
    assert client.post("/predict", content=b"a,b", headers={"content-type": "text/csv"}).status_code == 415
    assert client.post("/predict", content=b"{").status_code == 400
    assert client.get("/predict").status_code == 405
    assert client.get("/predict").headers["allow"] == "POST"
    assert client.get("/nothing").status_code == 404


def test_invocations_take_every_form_of_mlflow(client: TestClient, state: State, records: list[dict[str, Any]]) -> None:
    """Each form of MLflow's protocol gives the predictions of /predict."""
    expected = predict(client, *records).json()["predictions"]
    names = list(state.served.request.names)
    rows = [[record.get(name) for name in names] for record in records]
    columns = {name: [row[index] for row in rows] for index, name in enumerate(names)}
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    forms: list[Any] = [
        {"dataframe_split": {"columns": names, "index": list(range(len(rows))), "data": rows}},
        {"dataframe_split": {"columns": names[::-1], "data": [row[::-1] for row in rows]}},
        {"dataframe_records": records},
        {"dataframe_records": [records[0] | {"a column that the model does not know": 1}, *records[1:]]},
        {"instances": records},
        {"instances": rows},
        {"instances": columns},
        {"inputs": columns},
        {"inputs": {name: [[value] for value in values] for name, values in columns.items()}},
        {"inputs": records, "params": {}},
    ]

    for form in forms:
        assert client.post("/invocations", json=form).json() == {"predictions": expected}, form
    for name in state.served.request.options.values:
        refused = client.post("/invocations", json={"inputs": records, "params": {name: "much"}})
        assert (refused.status_code, f"params.{name}: expected" in refused.text) == (400, True)
    answer = client.post("/invocations", content=text.getvalue(), headers={"content-type": "text/csv; charset=utf-8"})
    assert answer.json() == {"predictions": expected}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"instances": [[1]]}', "application/json", 400),
        (b'{"instances": [], "inputs": []}', "application/json", 400),
        (b'{"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}', "application/json", 400),
        (b'{"dataframe_split": {"columns": [1], "data": []}}', "application/json", 400),
        (b'{"inputs": {"a": [1], "b": [1, 2]}}', "application/json", 400),
        (b'{"dataframe_records": [{}], "params": {"x": 1}}', "application/json", 400),
        (b"a\n1\n", "text/csv", 400),
        (b"", "text/csv", 400),
        (b'a\n"', "text/csv", 400),
        (b"\xff", "text/csv", 400),
        (b"x", "application/parquet", 415),
        (b"a\n1\n", "text/csv; charset=latin-1", 415),
    ],
)
def test_invocations_refuse_in_mlflows_words(client: TestClient, body: bytes, kind: str, status: int) -> None:
    """What cannot be read is 400 or 415 with MLflow's error object."""
    answer = client.post("/invocations", content=body, headers={"content-type": kind})

    assert answer.status_code == status
    assert set(answer.json()) == {"error_code", "message"}


def test_invocations_take_nan_for_missing(client: TestClient, state: State, records: list[dict[str, Any]]) -> None:
    """MLflow's client writes a missing number as NaN; it is a null. Infinity is refused, and NaN elsewhere."""
    name, record = column(state), records[0]
    body = json.dumps({"dataframe_records": [record | {name: None}]})
    plain = client.post("/invocations", content=body)

    assert client.post("/invocations", content=body.replace("null", "NaN")).json() == plain.json()
    assert client.post("/invocations", content=body.replace("null", "Infinity")).status_code == 400
    assert client.post("/predict", content=json.dumps({"records": [record | {name: float("nan")}]})).status_code == 400


def truth(state: State) -> Any:
    """A value that the target can have."""
    labels = state.served.contract.label_values
    return labels[0] if labels else 12.5


def test_outcomes_are_kept(client: TestClient, state: State) -> None:
    """Outcomes are appended to the log, one line each, before the answer."""
    value = truth(state)

    one = client.post("/outcome", json={"request_id": "r1", "truth": value})
    many = client.post(
        "/outcome", json={"outcomes": [{"key": "k", "truth": value}, {"request_id": "r", "row": 2, "truth": value}]}
    )

    assert (one.status_code, many.json()["stored"]) == (201, 2)
    lines = [json.loads(line) for line in Path(state.settings.outcomes).read_text("utf8").splitlines()]
    assert [line.get("request_id") for line in lines] == ["r1", None, "r"]
    assert all(line["truth"] == value and line["model_version"] == "1" for line in lines)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"truth": {"no": "truth"}}, "truth"),
        ({"truth": None}, "truth"),
        ({"request_id": ""}, "request_id"),
        ({"request_id": 1}, "request_id"),
        ({"key": "both"}, "request_id"),
        ({"row": -1}, "row"),
        ({"row": 1.5}, "row"),
        ({"more": 1}, "more"),
    ],
)
def test_wrong_outcomes_are_refused(client: TestClient, state: State, change: dict[str, Any], field: str) -> None:
    """An outcome that nobody could join later is 422, names the field, and writes nothing."""
    answer = client.post("/outcome", json={"request_id": "r", "truth": truth(state)} | change)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][-1] == field
    assert not Path(state.settings.outcomes).exists()


def test_a_full_disk_is_no_crash(client: TestClient, state: State) -> None:
    """Where outcomes cannot be written the sender is told to come again, and predictions go on."""
    Path(state.settings.outcomes).parent.write_text("a file where the folder should be")

    assert client.post("/outcome", json={"key": "k", "truth": truth(state)}).status_code == 503
    assert predict(client, *state.served.example).status_code == 200


def test_metrics_count_what_was_answered(client: TestClient, records: list[dict[str, Any]]) -> None:
    """Requests, errors, latency and predictions by class or bin are in the Prometheus text."""
    answer = predict(client, *records).json()
    predict(client, {"unheard of": 1})

    lines = client.get("/metrics").text.splitlines()

    assert 'http_requests_total{method="POST",path="/predict",status="200"} 1' in lines
    assert 'http_errors_total{path="/predict",status="422"} 1' in lines
    assert 'http_request_seconds_count{path="/predict"} 2' in lines
    assert 'http_request_seconds_bucket{le="+Inf",path="/predict"} 2' in lines
    counted = [line for line in lines if line.startswith("model_predictions_total{")]
    assert sum(int(line.rpartition(" ")[2]) for line in counted) == len(answer["predictions"])
    assert all('version="1"' in line for line in counted)


def test_unknown_paths_share_one_label(client: TestClient) -> None:
    """A scanner cannot fill the metrics with paths of its own."""
    for number in range(20):
        client.get(f"/admin{number}")

    assert client.get("/metrics").text.count('status="404"') == 2


def test_health(client: TestClient, state: State) -> None:
    """Live whenever it answers; ready only between warm-up and draining."""
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").json() == {"status": "ready", "model_version": "1"}
    assert client.get("/ping").status_code == 200

    state.draining = True

    assert (client.get("/health/ready").status_code, client.get("/ping").status_code) == (503, 503)
    assert client.get("/health/live").status_code == 200


def test_the_key_is_asked_for(state: State) -> None:
    """Where a key is set, what uses the model needs one of them; health and metrics stay open."""
    state.keys = (b"old secret", b"new secret")
    client, records = TestClient(build(state)), state.served.example

    assert predict(client, *records).status_code == 401
    assert predict(client, *records, **{"x-api-key": "wrong"}).status_code == 401
    assert predict(client, *records, **{"x-api-key": "new secret"}).status_code == 200
    assert predict(client, *records, authorization="Bearer old secret").status_code == 200
    assert client.post("/outcome", json={}).status_code == client.post("/invocations", json={}).status_code == 401
    assert client.get("/health/ready").status_code == client.get("/metrics").status_code == 200


def test_the_pages_need_nothing_from_elsewhere(client: TestClient, state: State) -> None:
    """The pages name the model, hold a control for all that one asks with, and load only from this service."""
    page, docs = client.get("/"), client.get("/docs")

    first, *more = state.served.example
    for name in [*first, *state.served.request.options.values]:
        assert (f'name="{name}"' in page.text) or (more and "data-records" in page.text)
    for text in (page.text, docs.text, client.get("/assets/page.css").text, client.get("/assets/page.js").text):
        assert "//" not in text.replace("http://HOST", "").replace("// ", "")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")


def test_an_example_of_several_records_is_shown_as_text(state: State) -> None:
    """Where one record is no request that makes sense, the form holds the JSON of all, to be edited."""
    state.served.example = [{"series": "A<b>", "day": day} for day in ("2024-01-01", "2024-01-02")]

    page = render(state.served, "")

    assert "data-records" in page
    assert "2024-01-02" in page
    assert "<b>" not in page


def test_names_from_data_cannot_break_the_page() -> None:
    """A category or name with markup in it is shown, not run."""
    assert escape('<script>"x"</script>') == "&lt;script&gt;&quot;x&quot;&lt;/script&gt;"


def test_openapi_describes_the_contract(client: TestClient, state: State) -> None:
    """The document has the contract's fields, closed, with those required that may not be missing."""
    document = client.get("/openapi.json").json()

    schema = document["components"]["schemas"]["Record"]
    assert set(schema["properties"]) >= {field.name for field in state.served.request.inputs}
    assert schema["additionalProperties"] is False
    assert schema["required"] == [field.name for field in state.served.request.inputs if field.required]
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"records", *state.served.request.options.values}
    assert body["examples"] == [{"records": state.served.example}]


def test_settings_come_from_variables() -> None:
    """A container sets what conf/ sets elsewhere; an unknown or unreadable variable is named."""
    from mlgen_runtime.core.errors import InputError

    settings = from_environment(
        {"REST_PORT": "81", "REST_STRICT": "true", "REST_BUNDLE": "", "REST_API_KEY": "s", "PATH": ""}
    )
    assert (settings.port, settings.strict, settings.bundle) == (81, True, None)

    with pytest.raises(InputError, match="REST_PROT.*REST_PORT"):
        from_environment({"REST_PROT": "81"})
    with pytest.raises(InputError, match="REST_PORT is 'x'; expected a whole number"):
        from_environment({"REST_PORT": "x"})


def test_conf_and_container_start_from_the_same_values(configure: Any) -> None:
    """The values in conf/rest/default.yaml are those of the slim entry, which has no conf/."""
    assert configure().layer("rest", RestSettings) == RestSettings()
