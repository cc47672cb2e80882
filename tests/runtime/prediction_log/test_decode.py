"""From lines of the files to rows of the tables."""

from __future__ import annotations

from mlgen_runtime.prediction_log import decode


def test_an_answer_is_read_by_its_own_use_case() -> None:
    """One log may hold answers of several: a line names the use case; one that nobody knows is counted, not guessed."""
    row = b'{"id":"a","at":1.0,"use_case":"tabular","request":{"records":[{"age":4}]},"answer":'
    row += b'{"predictions":["no"],"probabilities":[{"no":0.9}],"model_version":"1"}}'
    unknown = row.replace(b"tabular", b"tabulra")
    found = decode.Rows()

    decode.fill(found, decode.entries([row, unknown], found), ("age",))

    [(name, at, *_, key, features, prediction, output)] = found.predictions
    assert (name, at, key, features) == ("a", 0, '["4"]', '{"age":4}')
    assert (prediction, output) == ('"no"', '{"probability_no":0.9}')
    assert found.broken == 1
