"""The bundle: whole, or refused by the name of the file at fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.core.errors import InputError


def test_a_sealed_bundle_is_accepted(folder: Path) -> None:
    """What was sealed verifies, also against the sha256 of its manifest."""
    bundle.verify(folder)
    bundle.verify(folder, bundle.digest(folder / bundle.MANIFEST))


@pytest.mark.parametrize("name", ["model.bin", "parts/more.bin", "contract.json"])
def test_a_changed_byte_is_refused_by_name(folder: Path, name: str) -> None:
    """One flipped bit in any file is found, and the message names that file."""
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)

    with pytest.raises(InputError, match=f"{name} is corrupt"):
        bundle.verify(folder)


@pytest.mark.parametrize("name", ["model.bin", "parts/more.bin"])
def test_a_missing_file_is_refused_by_name(folder: Path, name: str) -> None:
    """A file that the manifest lists and the folder lacks is named."""
    (folder / name).unlink()

    with pytest.raises(InputError, match=f"{name} is missing"):
        bundle.verify(folder)


@pytest.mark.parametrize("name", ["payload.pkl", "parts/payload.pkl"])
def test_a_foreign_file_is_refused_by_name(folder: Path, name: str) -> None:
    """A file that was not sealed is named, in a subfolder too."""
    (folder / name).write_bytes(b"?")

    with pytest.raises(InputError, match=f"{name} is foreign"):
        bundle.verify(folder)


def test_a_link_is_foreign(folder: Path, tmp_path: Path) -> None:
    """A link to a folder outside is refused, not followed."""
    (folder / "outside").symlink_to(tmp_path, target_is_directory=True)

    with pytest.raises(InputError, match="outside is foreign"):
        bundle.verify(folder)


def test_all_faults_are_named_at_once(folder: Path) -> None:
    """One message names every file at fault."""
    (folder / "model.bin").unlink()
    (folder / "extra").touch()

    with pytest.raises(InputError, match=r"model\.bin is missing; extra is foreign"):
        bundle.verify(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "files": 7}'])
def test_a_broken_manifest_is_refused(folder: Path, text: str) -> None:
    """A manifest that is no manifest is called corrupt."""
    (folder / bundle.MANIFEST).write_text(text)

    with pytest.raises(InputError, match=r"manifest\.json is corrupt"):
        bundle.verify(folder)


def test_a_missing_manifest_is_refused(folder: Path) -> None:
    """Without a manifest nothing can be trusted."""
    (folder / bundle.MANIFEST).unlink()

    with pytest.raises(InputError, match=r"manifest\.json is missing"):
        bundle.verify(folder)


def test_another_format_is_refused(folder: Path) -> None:
    """A bundle of a later format is not half understood."""
    bundle.write_json(folder, bundle.MANIFEST, {"format": 99, "files": {}})

    with pytest.raises(InputError, match="format 99"):
        bundle.verify(folder)


def test_a_manifest_sealed_anew_is_not_the_promoted_one(folder: Path) -> None:
    """Changing a file and the manifest with it does not get past the pointer's sha256."""
    promised = bundle.digest(folder / bundle.MANIFEST)
    (folder / "model.bin").write_bytes(b"other weights")
    bundle.seal(folder)

    with pytest.raises(InputError, match="not the one that was promoted"):
        bundle.verify(folder, promised)


def test_a_path_that_is_no_bundle_is_named(tmp_path: Path) -> None:
    """A folder that does not exist is named in the message."""
    with pytest.raises(InputError, match="nowhere"):
        bundle.verify(tmp_path / "nowhere")


def test_the_same_value_gives_the_same_bytes(tmp_path: Path) -> None:
    """JSON is written the same way twice, umlauts readable, and NaN is refused."""
    bundle.write_json(tmp_path, "one.json", {"größe": 1.5})
    bundle.write_json(tmp_path, "two.json", {"größe": 1.5})

    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert "größe" in (tmp_path / "one.json").read_text("utf8")
    with pytest.raises(ValueError, match="not JSON compliant"):
        bundle.write_json(tmp_path, "three.json", {"value": float("nan")})
