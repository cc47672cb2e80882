"""What a message tells the user to type is typed, as it is printed: through bash, and then into the command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.bundle.promotion import promote
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.cli import command
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.config.settings import TAB
from mlgen_runtime.contract import file
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.usecase.configuration import load

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="there is no bash here")
Told = Callable[..., str]


def words(text: str) -> list[str]:
    """The words that bash makes of a command."""
    said = subprocess.run([str(BASH), "-c", f"printf '%s\\0' {text}"], capture_output=True, check=True).stdout
    return said.decode("utf8").split("\0")[:-1]


def run(root: Path, *typed: str) -> int:
    """The command line in a project."""
    before = Path.cwd()
    os.chdir(root)
    try:
        return main(typed)
    finally:
        os.chdir(before)


@pytest.fixture
def told(project: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """The one line with which a command line is refused."""

    def refused(*typed: str) -> str:
        capsys.readouterr()
        assert run(project, *typed) == 2
        return capsys.readouterr().err.strip()

    return refused


def table(root: Path) -> None:
    """Sixty rows with a number, and a key and a target of awkward names."""
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "size": random.normal(size=60),
            "Customer ID (new)": range(60),
            "left, then?": random.choice(["no", "yes"], 60),
        }
    )
    frame.to_csv(root / "rows.csv", index=False)


TARGET = 'data.target="left, then?"'


@pytest.mark.parametrize("separator", [TAB, ";", "|"], ids=["tab", "semicolon", "bar"])
def test_the_separator_of_a_message_reads_the_file(project: Path, told: Told, separator: str) -> None:
    """Whatever a shell and Hydra make of the character."""
    table = pd.DataFrame({"size": [1.5, 2.5, 0.5] * 20, "left": ["no", "yes", "yes", "no"] * 15})
    table.to_csv(project / "rows.csv", sep=separator)
    typed = ("contract", "data.path=rows.csv", "data.target=left")

    found = re.search(r"set (\S+)$", told(*typed))

    assert found is not None
    (setting,) = words(found[1])
    assert run(project, *typed, setting) == 0
    assert load([setting], project).data.separator == separator


@pytest.mark.parametrize("typed", ["data.separator='\\t'", "'data.separator=\"\\t\"'", "$'data.separator=\"\\t\"'"])
def test_a_tab_is_written_as_people_write_it(project: Path, typed: str) -> None:
    """As the two characters that stand for it, in any quotes, or as itself."""
    (setting,) = words(typed)

    assert load([setting], project).data.separator == TAB


def test_quotes_within_quotes_are_put_where_they_belong(project: Path, told: Told) -> None:
    """A list of columns stays a list, each name in quotes of its own."""
    table(project)
    typed = ("contract", "data.path=rows.csv", TARGET)

    found = re.search(r"quotes within quotes: (.*)$", told(*typed, "data.key=[Customer ID (new)]"))

    assert found is not None and found[1] == "'data.key=[\"Customer ID (new)\"]'"
    (setting,) = words(found[1])
    assert run(project, *typed, setting) == 0
    contract = file.load(project / "data/contract.yaml", VOCABULARY)
    assert [column.name for column in contract.columns if column.role == "id"] == ["Customer ID (new)"]


def test_a_refusal_is_one_line_whatever_a_column_is_called(project: Path, told: Told) -> None:
    """A line break in a header is shown, not printed."""
    pd.DataFrame({"a\nb": [1, 2], "c": [3, 4]}).to_csv(project / "rows.csv", index=False)

    (line,) = told("contract", "data.path=rows.csv", "data.target=d").splitlines()

    assert "a\\nb" in line


def test_a_text_that_needs_quotes_gets_them(project: Path, told: Told) -> None:
    """A name with a comma and a bracket."""
    table(project)

    found = re.search(
        r"quotes within quotes: (.*)$", told("contract", "data.path=rows.csv", "data.target=left, then?(")
    )

    assert found is not None
    assert load(words(found[1]), project).data.target == "left, then?("


def test_the_target_of_the_contract_is_named_as_it_is_typed(project: Path, told: Told) -> None:
    """With its blanks and its comma."""
    table(project)
    assert run(project, "contract", "data.path=rows.csv", TARGET) == 0

    found = re.search(r"set ('.*'), or infer", told("contract", "data.path=rows.csv", "data.target=size"))

    assert found is not None
    assert run(project, "contract", "data.path=rows.csv", *words(found[1])) == 0


def test_several_values_are_one_list_as_it_is_printed(project: Path, told: Told) -> None:
    """Brackets mean files to a shell."""
    found = re.search(r"one list is (.*)$", told("contract", "data.drop=a,b"))

    assert found is not None and found[1].startswith("'")
    assert load(words(found[1]), project).data.drop == ["a", "b"]


@pytest.mark.parametrize(
    ("typed", "pattern", "value"),
    [
        ("model.extra.path_smooth=1.0", r"add it with a plus: (\S+)=VALUE", "1.0"),
        ("experiment=quick", r"add it with a plus: (\S+)", None),
    ],
)
def test_a_plus_is_put_where_it_belongs(project: Path, told: Told, typed: str, pattern: str, value: str | None) -> None:
    """Before an entry that is new, and before a group that the defaults list does not have."""
    chosen = ["model=lightgbm"] if typed.startswith("model.") else []
    found = re.search(pattern, told("contract", *chosen, typed))

    assert found is not None
    load([*chosen, *words(found[1] if value is None else f"{found[1]}={value}")], project)


def test_what_a_training_prints_is_typed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line that ends it, in a project whose rows and whose database have blanks in their paths."""
    (project / "my data").mkdir()
    (project / "my runs").mkdir()
    random = np.random.default_rng(2)
    frame = pd.DataFrame({"size": random.normal(size=300)})
    frame["left"] = np.where(frame["size"] + random.normal(size=300) > 0, "yes", "no")
    frame.to_csv(project / "my data" / "it's rows.csv", index=False)
    settings = ("data.path=my data/it's rows.csv", "data.target=left", "tracking.uri=sqlite:///my runs/mlflow.db")
    for _ in range(2):
        quoted = [f'{key}="{value}"' for key, _, value in (each.partition("=") for each in settings)]
        assert run(project, "train", "+experiment=quick", *quoted) == 0
    lines = dict(re.findall(r"^  (predict|serve it|experiments) +(.*)$", capsys.readouterr().out, re.MULTILINE))

    name, *predict = words(lines["predict"])
    assert name == "churn" and run(project, *predict) == 0
    name, *serve = words(lines["serve it"].partition("   # ")[0])
    assert name == "churn" and run(project, *serve) == 0
    assert words(lines["serve it"])[1:][: len(serve)] == serve
    assert words(lines["experiments"]) == ["mlflow", "ui", "--backend-store-uri", "sqlite:///my runs/mlflow.db"]


def test_the_version_to_promote_is_typed(store: Store, publish: Callable[[str], None], project: Path) -> None:
    """Where a rollback names one that never served."""
    from mlgen_runtime.bundle.promotion import rollback

    for version in ("1", "2"):
        publish(version)
    promote(store, "1", "by hand")
    with pytest.raises(InputError) as refused:
        rollback(store, "2")

    found = re.search(r"`(promote [^`]*)`", str(refused.value))

    assert found is not None
    parsed = command.parse(words(found[1]))
    assert parsed.verb == "promote" and load(parsed.overrides, project).version == "2"


def test_the_entries_of_a_mapping_are_added(project: Path) -> None:
    """As YAML writes them; those that stand there stay."""
    found = load(["model=lightgbm", "model.extra={path_smooth: 1.0}", "contract.severity={nulls: off}"], project)

    assert getattr(found.model, "extra") == {"path_smooth": 1.0}  # noqa: B009  # the protocol has no such field
    assert found.contract.severity["nulls"] == "off" and len(found.contract.severity) > 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("gate={magrin: 1}", "gate.magrin: no such setting (did you mean 'margin'?)"),
        ("contract.severity={nulls: loud}", "contract.severity.nulls: 'loud' is not one of error, warning, off"),
        ("model.extra=5", "model.extra: 5 is not a mapping, such as {name: value}"),
    ],
)
def test_a_mapping_holds_what_it_may(project: Path, typed: str, words: str) -> None:
    """Adding entries is no way around the shape of the configuration."""
    with pytest.raises(InputError) as refused:
        load(["model=lightgbm", typed], project)

    assert words in str(refused.value)
