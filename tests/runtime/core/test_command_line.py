"""What a message tells the user to type arrives as it was meant: through a shell's hands, and then through Hydra's."""

from __future__ import annotations

import shutil
import subprocess

import hypothesis.strategies as st
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from mlgen_runtime.config import overrides
from mlgen_runtime.core.command_line import command, override, word
from omegaconf import OmegaConf

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="there is no bash here")
#: What means something to a shell, to Hydra, to OmegaConf, or to two of them.
AWKWARD = st.text(alphabet=" \t\n\r\x01\"'\\${}[](),=;#|&!*?~`<>%:+-.0123456789eAé日null", max_size=12)


def typed(text: str) -> list[str]:
    """The words that bash makes of a text."""
    said = subprocess.run([str(BASH), "-c", f"printf '%s\\0' {text}"], capture_output=True, check=True).stdout
    return said.decode("utf8").split("\0")[:-1]


def read(text: str) -> object:
    """The value that a run would find in its configuration after the text of an override was typed."""
    (one,) = typed(text)
    found = OverridesParser.create().parse_override(overrides.quoted(one))
    return OmegaConf.to_container(OmegaConf.create({"value": found.value()}), resolve=True)["value"]  # type: ignore[index,call-overload]


@settings(max_examples=150, deadline=None)
@given(AWKWARD)
def test_any_text_comes_back(text: str) -> None:
    """As a value and within a list; a whole number comes back as one, which is the same text where a text is asked for,
    and nothing needs more than a line."""
    shown = override("data.target", text)
    listed = override("data.key", [text, "b c"])

    assert str(read(shown)) == text
    assert list(map(str, read(listed))) == [text, "b c"]  # type: ignore[call-overload]
    assert "\n" not in shown + listed and "\r" not in shown + listed


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("data.target", "churned", "data.target=churned"),
        ("data.path", "data/raw/mine.csv", "data.path=data/raw/mine.csv"),
        ("data.path", "my rows.csv", "'data.path=\"my rows.csv\"'"),
        ("data.key", ["Customer ID (new)"], "'data.key=[\"Customer ID (new)\"]'"),
        ("data.drop", ["a", "b"], "'data.drop=[a,b]'"),
        ("data.separator", "\t", "$'data.separator=\"\\t\"'"),
        ("data.separator", ";", "'data.separator=\";\"'"),
        ("version", "12", "version=12"),
        ("data.target", "1e5", "'data.target=\"1e5\"'"),
        ("data.target", "null", "'data.target=\"null\"'"),
        ("seed", 7, "seed=7"),
        ("gate.strict", True, "gate.strict=true"),
        ("data.test_path", None, "data.test_path=null"),
    ],
)
def test_quotes_are_there_where_they_are_needed(key: str, value: object, shown: str) -> None:
    """What is plain stays plain; what looks like something else than a text is quoted."""
    assert override(key, value) == shown  # type: ignore[arg-type]
    assert read(shown) == (int(value) if value == "12" else value)  # type: ignore[call-overload]


def test_a_command_is_its_words_and_its_settings() -> None:
    """Each is one word again."""
    shown = command("my churn", "predict", input="a b.csv", output="out.csv")

    assert typed(shown) == ["my churn", "predict", 'input="a b.csv"', "output=out.csv"]


def test_a_path_is_a_word() -> None:
    """With blanks, quotes or nothing of the sort."""
    for path in ("plain/path", "my folder", "it's", "a\nb", "$HOME"):
        assert typed(word(path)) == [path]
