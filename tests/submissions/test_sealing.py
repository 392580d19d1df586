"""What is read back is what was written, or is refused by name."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submissions import sealing
from submissions.sealing import (
    Blocks,
    SealBroken,
    break_seal,
    marked,
    require_folder,
    require_marked,
    seal_blocks,
    seal_folder,
    sealed,
    unsealed,
)

MADE_FROM = {"entry": "tiny", "seed": 0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fitted" / "deep").mkdir(parents=True)
    (tmp_path / "fitted" / "model.bin").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "fitted" / "deep" / "about.json").write_text("{}")
    seal_folder(tmp_path / "fitted", MADE_FROM)
    return tmp_path / "fitted"


def test_a_folder_as_written_says_what_it_was_made_from(folder: Path) -> None:
    assert require_folder(folder, MADE_FROM) == MADE_FROM


@pytest.mark.parametrize("name", ["model.bin", "deep/about.json", "seal.json"])
@pytest.mark.parametrize("harm", ["change", "cut", "empty", "remove"])
def test_any_harm_to_any_file_of_a_folder_is_refused_by_name(folder: Path, name: str, harm: str) -> None:
    file = folder / name
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle] ^= 1
    if harm == "remove":
        file.unlink()
    else:
        file.write_bytes({"change": bytes(content), "cut": bytes(content[:middle]), "empty": b""}[harm])
    with pytest.raises(SealBroken, match=name):
        require_folder(folder)


def test_a_file_that_somebody_added_is_refused(folder: Path) -> None:
    (folder / "other.bin").write_bytes(b"1")
    with pytest.raises(SealBroken, match=r"other\.bin was not there"):
        require_folder(folder)


def test_a_folder_made_from_something_else_is_refused_by_what_differs(folder: Path) -> None:
    with pytest.raises(SealBroken, match="made from another seed: 0, expected 1"):
        require_folder(folder, {**MADE_FROM, "seed": 1})


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_sealed_document_with_one_bit_turned_says_the_same_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    document = {"a": [1, 2.5, None], "é": {"b": "text"}}
    content = bytearray(sealed(document).encode())
    content[at % len(content)] ^= 1 << bit
    file = tmp_path_factory.mktemp("sealed") / "document.json"
    file.write_bytes(bytes(content))
    with contextlib.suppress(SealBroken):
        assert unsealed(file) == document


def test_a_large_file_is_checked_by_the_blocks_that_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BLOCK", 64)
    file = tmp_path / "crops.npy"
    file.write_bytes(bytes(range(250)))
    seal_blocks(file, MADE_FROM)
    harmed = bytearray(file.read_bytes())
    harmed[130] ^= 1
    file.write_bytes(bytes(harmed))
    blocks = Blocks.open(file, MADE_FROM)
    with blocks.opened([(0, 128), (192, 250)]):
        pass
    with pytest.raises(SealBroken, match="changed between bytes 128 and 192"), blocks.opened([(100, 129)]):
        pass


def test_a_large_file_of_another_size_or_origin_is_refused_at_once(tmp_path: Path) -> None:
    file = tmp_path / "crops.npy"
    file.write_bytes(b"12345")
    seal_blocks(file, MADE_FROM)
    with pytest.raises(SealBroken, match="another entry"):
        Blocks.open(file, {"entry": "majority"})
    file.write_bytes(b"1234")
    with pytest.raises(SealBroken, match="has 4 bytes, not 5"):
        Blocks.open(file, MADE_FROM)
    file.unlink()
    with pytest.raises(SealBroken, match="is missing"):
        Blocks.open(file, MADE_FROM)


def test_a_large_file_that_changed_is_checked_again(tmp_path: Path) -> None:
    file = tmp_path / "crops.npy"
    file.write_bytes(b"12345")
    seal_blocks(file, MADE_FROM)
    blocks = Blocks.open(file, MADE_FROM)
    with blocks.opened([(0, 5)]):
        pass
    file.write_bytes(b"12344")
    os.utime(file, ns=(0, 0))
    with pytest.raises(SealBroken, match="was changed between bytes 0 and 5"), blocks.opened([(0, 5)]):
        pass
    break_seal(file)
    with pytest.raises(SealBroken, match=r"crops\.npy\.seal is missing"):
        Blocks.open(file, MADE_FROM)


def test_another_sealed_document_is_no_seal(tmp_path: Path) -> None:
    file = tmp_path / "crops.npy"
    file.write_bytes(b"12345")
    for seal in (tmp_path / "crops.npy.seal", tmp_path / "seal.json"):
        seal.write_text(sealed({"made_from": {}}))
    with pytest.raises(SealBroken, match="it has no size"):
        Blocks.open(file, {})
    with pytest.raises(SealBroken, match="it has no files"):
        require_folder(tmp_path)


def test_a_marked_document_comes_back_and_one_without_marks_is_read_as_it_is(tmp_path: Path) -> None:
    document = {"a": (1, 2.5), "é": {"10": 1, "9": None}}
    written = json.loads(json.dumps(marked(document)))
    assert require_marked(tmp_path, written) == {"a": [1, 2.5], "é": {"10": 1, "9": None}}
    assert require_marked(tmp_path, {"a": 1}) == {"a": 1}


@pytest.mark.parametrize("change", [{"a": 2}, {"b": 1}, {"sha256": "0"}, {"sealed": "no"}])
def test_a_marked_document_that_was_changed_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(SealBroken, match="was changed"):
        require_marked(tmp_path, marked({"a": 1}) | change)


@pytest.mark.parametrize("lost", ["sha256", "sealed"])
def test_one_mark_alone_is_no_mark(tmp_path: Path, lost: str) -> None:
    document = marked({"a": 1})
    del document[lost]
    with pytest.raises(SealBroken, match="was changed"):
        require_marked(tmp_path, document)
