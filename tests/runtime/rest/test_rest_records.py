"""The request model that is made from the contract."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from mlgen_runtime.bundle.option import Option
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.contract.vocabulary import Vocabulary
from mlgen_runtime.rest.records import RequestModel
from mlgen_runtime.rest.refusal import Refused
from mlgen_runtime.usecase import registry
from sample_projects import USE_CASES

VOCABULARIES = {case: registry.find(case).vocabulary for case in USE_CASES}


def contract(vocabulary: Vocabulary) -> Contract:
    """Columns of every type, in a use case's words."""
    role = vocabulary.input_roles[0]
    return Contract(
        vocabulary=vocabulary,
        task=vocabulary.tasks[0],
        columns=(
            Column(name="customer", role="ignore", type="text"),
            Column(name="age", role=role, type="integer", minimum=18, maximum=90),
            Column(name="total charges", role=role, type="number", nullable=True, written_as_text=True),
            Column(name="plan", role=role, type="category", categories=("1", "2")),
            Column(name="since", role=role, type="datetime", nullable=True),
            Column(name="active", role=role, type="boolean"),
        ),
    )


CONTRACT = contract(VOCABULARIES["tabular"])
OPTIONS = {
    "horizon": Option("integer", 1, 48, "how many steps"),
    "quantiles": Option("numbers", 0.01, 0.99, "which quantiles"),
}
GOOD: dict[str, Any] = {
    "age": 30,
    "total charges": " 12.5 ",
    "plan": 1,
    "since": "2024-02-29T10:00:00Z",
    "active": True,
}


@pytest.fixture(params=USE_CASES, autouse=True)
def each_use_case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is read in the same way whatever the roles of its fields are called."""
    monkeypatch.setattr(sys.modules[__name__], "CONTRACT", contract(VOCABULARIES[request.param]))


def decode(records: object, strict: bool = False, limit: int = 3) -> dict[str, Any]:
    columns, _ = RequestModel(CONTRACT, limit, strict).decode(json.dumps({"records": records}).encode())
    return columns


def faults(records: object, strict: bool = False) -> dict[str, str]:
    """The message of each fault by its path below the records."""
    with pytest.raises(Refused) as caught:
        decode(records, strict)
    assert caught.value.status == 422
    assert isinstance(caught.value.detail, list)
    return {".".join(map(str, fault.where[2:])): fault.message for fault in caught.value.detail}


def test_records_become_columns() -> None:
    """Every input of the contract is a column in the records' order; a field that may be missing may be left out."""
    columns = decode([GOOD, {"age": 31.0, "plan": "2", "active": 0}])

    assert columns["age"] == (30, 31)
    assert columns["total charges"] == (" 12.5 ", None)
    assert list(columns) == ["age", "total charges", "plan", "since", "active"]


def test_an_identifier_may_come_along() -> None:
    """A column that the contract knows but the model does not see is accepted and left out."""
    assert "customer" not in decode([GOOD | {"customer": "7590-VHVEG"}])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("age", 30.5),
        ("age", "3o"),
        ("age", None),
        ("age", True),
        ("age", 1e300),
        ("total charges", "twelve"),
        ("total charges", [1]),
        ("plan", None),
        ("plan", {}),
        ("since", "2023-02-29"),
        ("since", 20240101),
        ("active", 2),
        ("active", "yes please"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: object) -> None:
    """A value of the wrong type or meaning is refused under its field's name, beside no other."""
    assert list(faults([GOOD | {name: value}])) == [f"0.{name}"]


def test_all_faults_are_named_at_once() -> None:
    """Wrong, missing and unknown fields of several records come in one answer, with the nearest name."""
    found = faults([GOOD, {"agee": 1, "plan": "1", "active": "x"}])

    assert found["1.agee"] == "unknown field (did you mean 'age'?)"
    assert found["1.age"] == "required field is missing"
    assert set(found) == {"1.agee", "1.age", "1.active"}


def test_a_flood_of_faults_is_cut() -> None:
    """However many fields are wrong, the answer stays small."""
    model = RequestModel(CONTRACT, 1000)

    assert len(model.faults([{}] * 1000, ("body",))) == 101


def test_strict_holds_to_ranges_and_categories() -> None:
    """Only where the setting says so, a value that training did not hold is refused."""
    assert decode([GOOD | {"age": 91, "plan": "3"}])

    found = faults([GOOD | {"age": 91, "plan": "3"}], strict=True)

    assert found["0.age"] == "expected a whole number from 18 to 90, got 91"
    assert set(found) == {"0.age", "0.plan"}


def test_what_the_model_can_do_without_may_be_left_out() -> None:
    """A column that is not needed may be null or absent; where none is needed, so may every record."""
    one = RequestModel(CONTRACT, 3, needed=["plan"])
    none = RequestModel(CONTRACT, 3, needed=[])

    assert one.decode(b'{"records": [{"plan": "1", "age": null}]}')[0]["age"] == (None,)
    assert one.columns([{"plan": "1"}])["active"] == (None,)
    assert none.decode(b'{"records": []}')[0] == none.columns([]) == dict.fromkeys(none.names, ())
    with pytest.raises(Refused, match="plan: required field is missing"):
        one.decode(b'{"records": [{"age": 30}]}')
    with pytest.raises(Refused, match="expected 1 to 3 records"):
        one.decode(b'{"records": []}')


def test_options_stand_beside_the_records() -> None:
    """Options come out as the model takes them; those that are not given are not there."""
    model = RequestModel(CONTRACT, 3, needed=[], options=OPTIONS)

    _, options = model.decode(b'{"records": [], "horizon": 12.0, "quantiles": [0.1, 0.9]}')

    assert options == {"horizon": 12, "quantiles": [0.1, 0.9]}
    assert isinstance(options["horizon"], int)
    assert model.decode(b'{"records": []}')[1] == {}
    assert model.options.checked({"horizon": 3}, ("body", "params")) == {"horizon": 3}


@pytest.mark.parametrize(
    ("options", "name", "message"),
    [
        ({"horizon": 49}, "horizon", "expected a whole number from 1 to 48, got 49"),
        ({"horizon": 1.5}, "horizon", "whole number"),
        ({"horizon": None}, "horizon", "whole number"),
        ({"quantiles": []}, "quantiles", "a list of 1 to 100 numbers from 0.01 to 0.99"),
        ({"quantiles": [0.5, 1]}, "quantiles", "got [0.5,1]"),
        ({"quantiles": 0.5}, "quantiles", "a list"),
        ({"quantile": [0.5]}, "quantile", "expected only 'records', 'horizon' and 'quantiles'"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str, message: str) -> None:
    """An option out of its limits, of another kind or unknown is refused under its name, by every protocol."""
    model = RequestModel(CONTRACT, 3, options=OPTIONS)

    with pytest.raises(Refused) as caught:
        model.decode(json.dumps({"records": [GOOD], **options}).encode())

    assert isinstance(caught.value.detail, list)
    assert [list(fault.where) for fault in caught.value.detail] == [["body", name]]
    assert message in str(caught.value)
    with pytest.raises(Refused, match=f"params.{name}: "):
        model.options.checked(options, ("body", "params"))


@pytest.mark.parametrize("records", [[], [GOOD] * 4, {}, [1], "x", None])
def test_a_list_of_records_is_needed(records: object) -> None:
    """Anything but a list of one to the limit of objects is refused."""
    assert faults(records)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe\x00", 400),
        (b"[" * 100_000, 400),
        (b'{"records":' + b"[" * 100_000, 400),
        (b'{"records": [{"age": NaN}]}', 400),
        (b'{"records": [{"age": -Infinity}]}', 400),
        (b'{"records": [{"age": 1e999}]}', 422),
        (b'{"records": [{"age": ' + b"9" * 5000 + b"}]}", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'{"records": [], "more": 1}', 422),
    ],
)
def test_what_is_no_request_is_refused(body: bytes, status: int) -> None:
    """A body that is no JSON is 400; JSON of another shape is 422."""
    with pytest.raises(Refused) as caught:
        RequestModel(CONTRACT, 3).decode(body)
    assert caught.value.status == status


#: Names of one column of CONTRACT, and others that its request model has to find in JSON.
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ['"', "\\", "a\nb", "\t", "\r", "\0", "column 0", "column 1", "f0", "records", "__proto__", "\u2028"]
)
CELLS = (
    st.sampled_from([30, 30.0, 17.5, "30", None, True, [], {}, 1e300, "x", ""]) | st.integers() | st.text(max_size=3)
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAMES, min_size=6, max_size=6, unique=True), st.data())
def test_whatever_columns_are_called_a_request_is_read_alike(names: list[str], data: st.DataObject) -> None:
    """With any names, quotes and line breaks among them: the values, and the refusals, of plain names."""
    called = dict(zip((column.name for column in CONTRACT.columns), names, strict=True))
    columns = tuple(dataclasses.replace(column, name=called[column.name]) for column in CONTRACT.columns)
    plain, odd = RequestModel(CONTRACT, 3), RequestModel(dataclasses.replace(CONTRACT, columns=columns), 3)
    record = {name: data.draw(CELLS | st.just(value)) for name, value in GOOD.items()}
    if data.draw(st.booleans()):
        record["customer"] = data.draw(CELLS)
    for name in data.draw(st.lists(st.sampled_from(sorted(record)), max_size=1)):
        del record[name]

    def read(model: RequestModel, given: dict[str, Any], spelt: dict[str, str]) -> Any:
        try:
            found, _ = model.decode(json.dumps({"records": [given]}).encode())
        except Refused as refused:
            return [(*fault.where[:3], *(spelt[str(name)] for name in fault.where[3:])) for fault in refused.detail]  # type: ignore[union-attr]
        return {spelt[name]: values for name, values in found.items()}

    assert read(
        odd, {called[name]: value for name, value in record.items()}, {b: a for a, b in called.items()}
    ) == read(plain, record, {name: name for name in called})


@pytest.mark.parametrize("sent", ["column 0", "column 1", "a\nc", ""])
def test_only_the_name_itself_is_a_field(sent: str) -> None:
    """However an odd name is looked for: nothing else stands for it."""
    first, *others = (column for column in CONTRACT.columns if column.name in ("age", "active"))
    model = RequestModel(dataclasses.replace(CONTRACT, columns=(dataclasses.replace(first, name="a\nb"), *others)), 3)
    given = {"a\nb": 30, "active": True}

    assert model.decode(json.dumps({"records": [given]}).encode())[0] == {"a\nb": (30.0,), "active": (True,)}
    with pytest.raises(Refused) as refused:
        model.decode(json.dumps({"records": [{sent: 30, "active": True}]}).encode())
    assert "required field is missing" in str(refused.value) and "unknown field" in str(refused.value)
