"""`mlgen list`: what is asked, what is offered, and what each choice adds."""

from __future__ import annotations

from pathlib import Path

from trees import Run

from mlgen.questions import load


def test_it_shows_every_choice_and_what_it_adds(mlgen: Run) -> None:
    """Each question with its help, each choice with its words and, where it has a layer, its files."""
    text = mlgen("list").stdout

    for name, question in load().questions.items():
        assert f"\n{name}" in f"\n{text}"
        for choice in question.choices:
            assert f"    {choice!s:10} {choice.label}" in text
    assert ".github/workflows/ci.yml" in text and "make/cron.mk" in text and "scheduling/cron" in text


def test_it_shows_one_question(mlgen: Run) -> None:
    """`mlgen list ci` is about nothing else."""
    text = mlgen("list", "ci").stdout

    assert text.startswith("ci\n") and "scheduler" not in text


def test_it_shows_presets_of_an_organisation(mlgen: Run, tmp_path: Path) -> None:
    """Presets are listed with the comment that their file begins with."""
    (tmp_path / "preset").mkdir()
    (tmp_path / "preset" / "acme.yaml").write_text("# @package _global_\n# How projects at Acme begin.\n")

    assert "acme       How projects at Acme begin." in mlgen("list", "--config-dir", tmp_path).stdout


def test_a_question_that_is_none_is_answered(mlgen: Run) -> None:
    """A misspelt question names the nearest."""
    done = mlgen("list", "schduler")

    assert done.returncode == 2 and "Did you mean 'scheduler'?" in done.stderr
