"""Training on series, through the front door: a champion that forecasts, fair rematches, noise, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle import ledger
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.usecase import loading
from mlgen_runtime.usecase.configuration import load


@pytest.fixture
def at(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trained project as the current folder."""
    monkeypatch.chdir(trained)
    return trained


@pytest.fixture
def new(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An untrained project as the current folder."""
    monkeypatch.chdir(project)
    return project


def report(root: Path) -> dict[str, object]:
    """reports/train.json"""
    found: dict[str, object] = json.loads((root / "reports" / "train.json").read_text("utf8"))
    return found


def series(root: Path, values: np.ndarray, name: str = "own.csv", start: str = "2015-01-01") -> str:
    """Write monthly values and return the overrides that train on them."""
    months = pd.date_range(start, periods=len(values), freq="MS")
    pd.DataFrame({"month": months, "value": values}).to_csv(root / "data" / name, index=False)
    return f"data.path=data/{name}"


SINGLE = ["data.series=[]", "+experiment=quick"]


def test_a_first_training_makes_a_champion_with_its_history(trained: Path) -> None:
    """The bundle is whole, holds no pickle, and its ledger has one row."""
    store = Store(trained / "bundles")
    pointer = store.champion()

    assert pointer is not None
    folder = store.fetch(pointer.bundle)
    bundle.verify(folder, pointer.manifest)
    assert {"history.npz", "backtest.npz", "inference.json", "contract.json"} <= {
        path.name for path in folder.iterdir()
    }
    for path in folder.glob("*.npz"):
        with np.load(path, allow_pickle=False) as file:
            assert all(file[name].dtype.kind != "O" for name in file)
    assert [row.version for row in ledger.rows(store)] == [pointer.version]


def test_the_card_has_the_pictures_of_a_forecast(trained: Path) -> None:
    """History with bands, windows, the error by step and by series: pictures within one file."""
    card = (trained / "reports" / "train.html").read_text("utf8")

    for picture in ("forecast", "windows", "error by step", "error by series", "autocorrelation"):
        assert f'alt="{picture}' in card
    assert "http://" not in card
    assert "https://" not in card


def test_the_same_training_again_gives_the_same_bundle_and_changes_nothing(at: Path) -> None:
    """Bytes are equal but for the run's id, and a candidate that equals the champion is not promoted."""
    assert main(["train", "+experiment=quick"]) == 0

    store = Store(at / "bundles")
    pointer = store.champion()
    assert pointer is not None
    assert pointer.version == "1"
    one, other = (store.fetch(version) for version in ("1", "2"))
    for path in one.iterdir():
        if path.name not in ("lineage.json", "manifest.json"):
            assert path.read_bytes() == (other / path.name).read_bytes(), path.name
    entrants = {entry["kind"]: entry for entry in report(at)["entrants"]}  # type: ignore[attr-defined]
    assert entrants["champion"]["metrics"]["mase"] == pytest.approx(entrants["candidate"]["metrics"]["mase"])


def test_a_champion_is_judged_on_newer_windows_by_its_own_predictor(new: Path) -> None:
    """With two more years of data the champion meets the candidate on windows that it had never seen."""
    random = np.random.default_rng(8)
    months = np.arange(150)
    values = 100 + months + 20 * np.sin(months / 12 * 2 * np.pi) + random.normal(size=150)
    assert main(["train", series(new, values[:126]), "data.horizon=6", *SINGLE]) == 0
    assert report(new)["promoted"] == "ets"

    assert main(["train", series(new, values), "data.horizon=6", *SINGLE]) == 0

    found = report(new)
    entrants = {entry["kind"]: entry for entry in found["entrants"]}  # type: ignore[attr-defined]
    assert "champion" in entrants
    assert entrants["champion"]["metrics"]["mase"] < entrants["baseline"]["metrics"]["mase"]


@pytest.mark.parametrize(("seed", "bar"), [(1, "shown"), (2, "ahead")])
def test_on_noise_the_gate_s_bar_decides(seed: int, bar: str, new: Path) -> None:
    """With gate.baseline=shown a random walk promotes only who is shown to be better; by default whoever is ahead."""
    values = np.cumsum(np.random.default_rng(seed).normal(size=120)) + 500

    assert main(["train", series(new, values), "data.horizon=6", *SINGLE, f"gate.baseline={bar}"]) == 0

    found = report(new)
    comparison = next(entry for entry in found["comparisons"] if entry["against"].startswith("baseline"))  # type: ignore[attr-defined]
    assert (found["promoted"] == "ets") == (comparison["low" if bar == "shown" else "improvement"] > 0)


def test_a_test_file_is_what_models_are_judged_on(new: Path) -> None:
    """With data.test_path the figures are those of the steps after the training rows, which no model has seen."""
    months = np.arange(132)
    values = 100 + 20 * np.sin(months / 12 * 2 * np.pi) + np.random.default_rng(3).normal(size=132)
    path = series(new, values[:120])
    later = pd.date_range("2025-01-01", periods=12, freq="MS")
    pd.DataFrame({"month": later, "value": values[120:]}).to_csv(new / "data" / "test.csv", index=False)

    assert main(["train", path, "data.test_path=data/test.csv", *SINGLE]) == 0

    found = report(new)
    assert found["data"]["split"] == "file"  # type: ignore[index]
    assert found["data"]["cases"] == 1  # type: ignore[index]
    model = loading.load_champion(load(["data.series=[]"], new))
    assert str(model.inference.frequency.times(model.inference.panel.end)[0].astype("M8[D]")) == "2024-12-01"


@pytest.mark.parametrize(
    ("spoil", "changed", "words"),
    [
        (lambda rows: pd.concat([rows, rows.tail(1)]), [], "another row has too"),
        (lambda rows: rows.assign(value="much"), [], "expected numbers"),
        (lambda rows: rows.assign(value=rows["value"].astype(str).where(rows.index != 9, "?!")), [], "'?!'"),
        (lambda rows: rows, ["data.frequency=fortnight"], "fortnight"),
        (lambda rows: rows.head(11), [], "11 values"),
        (lambda rows: rows, ["data.horizon=90"], "lower data.horizon"),
        (lambda rows: rows, ["data.known_future=[price]"], "no column 'price'"),
        (
            lambda rows: rows.assign(month=rows["month"] + np.where(rows.index < 9, "T00:00:00+01:00", "T00:00:00Z")),
            [],
            "2 offsets from UTC",
        ),
        (lambda rows: rows, ["data.holidays=Atlantis"], "Atlantis"),
    ],
    ids=["doubled", "text", "one bad cell", "frequency", "short", "horizon", "covariate", "zones", "holidays"],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    spoil: object, changed: list[str], words: str, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, the value and the next step in one line; no contract, no bundle, no run."""
    override = series(new, 100 + np.arange(80.0) % 12)
    path = new / "data" / "own.csv"
    spoil(pd.read_csv(path)).to_csv(path, index=False)  # type: ignore[operator]

    code = main(["train", override, *SINGLE, *changed])

    error = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert len(error) == 1
    assert words in error[0]
    for left in ("bundles", "mlflow.db", "data/contract.yaml", "reports/train.json"):
        assert not (new / left).exists()
