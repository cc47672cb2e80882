"""A text column becomes the weights of its words, on every path alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rest.records import RequestModel
from mlgen_runtime.rows.contract import proposal
from mlgen_runtime.tabular import inference, words
from mlgen_runtime.tabular.encoding import Encoding
from mlgen_runtime.tabular.preprocessing import Preprocessing
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion
from sample_projects import copied, rendered

LEARNT = Encoding(column="x", kind="text", vocabulary=("call", "free", "now"), idf=(1.5, 2.0, 3.25), words=("none",))
CELLS = ("FREE call!", "call call now", "", " ", None, "none", "nothing known", 3, True, "now\u00a0call")


def messages(rows: int = 300) -> pd.DataFrame:
    """Messages whose target hangs on one word and on an amount; each is different."""
    random = np.random.default_rng(5)
    hit = random.random(rows) < 0.5
    amount = random.normal(size=rows)
    some = np.array(["meet", "later", "tomorrow", "office", "lunch", "train"])
    text = [f"{'Free' if one else 'please'} {' '.join(random.choice(some, 3))} no{at}" for at, one in enumerate(hit)]
    label = np.where(hit ^ (random.random(rows) < 0.05), "spam", "ham")
    return pd.DataFrame({"message": text, "amount": amount, "label": label})


def test_few_rows_and_many_are_encoded_to_the_same_bits() -> None:
    """Cell by cell, as a request is read, and column by column; missing text is text without a known word."""
    fitted = Preprocessing((LEARNT,))
    few = inference._cell(LEARNT)

    many = fitted.encode({"x": list(CELLS)})

    assert many.tobytes() == np.array([few(cell) for cell in CELLS], dtype=np.float32).tobytes()
    assert not many[2:8].any() and many[0].any()
    again = Preprocessing.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert again == fitted
    assert fitted.features == ("x: call", "x: free", "x: now")


def test_what_is_no_text_is_refused_by_name() -> None:
    """A list is no text."""
    with pytest.raises(InputError, match=r"column 'x' holds \[1\], expected a text"):
        Preprocessing((LEARNT,)).encode({"x": ["call", [1]]})


def test_the_contract_proposes_prose_as_a_feature_and_codes_not() -> None:
    """Where texts share words, the note says what becomes of them; where none do, the column is left out."""
    frame = messages()
    frame["code"] = [f"{number:x} {number * 7919 % 100_003:x}" for number in range(1000, 1000 + len(frame))]

    columns = {column.name: column for column in proposal.infer(frame, target="label").columns}

    entry, code = columns["message"], columns["code"]
    assert (entry.role, entry.type, entry.categories) == ("feature", "text", ())
    assert "its words are features, role: ignore leaves them out" in str(entry.note)
    assert code.role == "ignore"


@pytest.mark.parametrize("classes", [2, 0])
def test_the_words_that_say_most_are_kept(classes: int) -> None:
    """The one that decides is kept first, for classes and for amounts; rare ones never are."""
    frame = messages()
    target = (frame["label"] == "spam").to_numpy().astype(np.int64 if classes else np.float64)
    bare = Encoding(column="message", kind="text")

    one = words._learnt(bare, frame["message"].to_numpy(), target, classes, 2)
    most = words._learnt(bare, frame["message"].to_numpy(), target, classes, 200)

    assert set(one.vocabulary) == {"free", "please"}
    assert list(most.vocabulary) == sorted(most.vocabulary) and len(most.vocabulary) == 8
    assert most.idf == tuple(most.idf) and min(most.idf) > 1


def test_a_text_column_is_learnt_and_answered_on_every_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """train, predict and a request; the words outdo the amount alone, and importance is the column's."""
    root = copied(rendered("tabular"), tmp_path / "project")
    monkeypatch.chdir(root)
    messages().to_csv("rows.csv", index=False)
    quick = ["model=lightgbm", "model.n_estimators=20", "gate.resamples=50", "split.folds=1"]

    assert main(["train", "data.path=rows.csv", "data.target=label", *quick]) == 0
    assert main(["predict", "input=rows.csv", "output=answers.csv"]) == 0

    told = json.loads((root / "reports" / "train.json").read_text("utf8"))
    assert told["headline"]["roc_auc"] > 0.85
    champion = load_champion(load([], root))
    assert champion.card["importance"].keys() == {"message", "amount"}
    assert champion.card["importance"]["message"] > 0.5
    rows = pd.read_csv("rows.csv")[["message", "amount"]].to_dict("records")[:50]
    body = json.dumps({"records": rows}).encode()
    served = champion.predict(RequestModel(champion.contract, len(rows)).decode(body)[0])
    answers = pd.read_csv("answers.csv")["probability_spam"].to_numpy()[:50]
    assert np.asarray(served["probability_spam"]).tolist() == answers.tolist()


def test_no_words_leave_the_text_unused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """train.words=0: the model looks at the other columns, and a request still has the field."""
    root = copied(rendered("tabular"), tmp_path / "project")
    monkeypatch.chdir(root)
    messages().to_csv("rows.csv", index=False)
    quick = ["model=lightgbm", "model.n_estimators=20", "gate.resamples=50", "split.folds=1"]

    assert main(["train", "data.path=rows.csv", "data.target=label", *quick, "train.words=0"]) == 0

    told = json.loads((root / "reports" / "train.json").read_text("utf8"))
    assert told["headline"]["roc_auc"] < 0.7
