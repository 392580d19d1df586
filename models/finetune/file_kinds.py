"""What a file that was given as weights is, by its bytes: one of the formats that are read, or what else.

Nothing is unpickled here, and the file's name is not believed.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.contract import EntryUnavailable
from submissions.problems import bare, shown

HOW = (
    "Give --weights FILE (a timm or Cadene state dict, .safetensors or .pth), or --weights none to "
    "start from random weights, which will not reach the published numbers."
)
AGAIN = "Fetch the file again, or save it again with torch.save(network.state_dict(), FILE)."
_CONVERT = "Convert it to a PyTorch state dict (.safetensors or .pth) where it was made."
_SAVE = "Save the tensors alone where it was made: torch.save(network.state_dict(), FILE)."
_UNPACK = "Unpack it, and give the .safetensors or .pth file in it."
_DOWNLOAD = "This is what a page or a server answered: download the file itself, not the page that shows it."

_HEAD = 512
_TORCH = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The number with which torch.save began its pickles before 2020."""
_WEIGHTS_ENDINGS = (".pth", ".pt", ".safetensors", ".bin", ".ckpt")

Format = Literal["safetensors", "zip", "pickle"]
"""How weights are stored: safetensors, PyTorch's zip, or its format of before 2020."""


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A kind of file that holds no weights for us: how it is recognised, named and mended."""

    start: bytes
    what: str
    hint: str = HOW
    at: int = 0


_FOREIGN = (
    _Foreign(b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras writes", _CONVERT),
    _Foreign(b"\x93NUMPY", "a NumPy array (.npy)", _CONVERT),
    _Foreign(b"TFL3", "a TensorFlow Lite model", _CONVERT, at=4),
    _Foreign(b"GGUF", "a GGUF model", _CONVERT),
    _Foreign(b"\x89PNG", "an image (PNG)"),
    _Foreign(b"\xff\xd8\xff", "an image (JPEG)"),
    _Foreign(b"GIF8", "an image (GIF)"),
    _Foreign(b"BM", "an image (BMP)"),
    _Foreign(b"II*\x00", "an image (TIFF)"),
    _Foreign(b"MM\x00*", "an image (TIFF)"),
    _Foreign(b"%PDF", "a PDF document"),
    _Foreign(b"SQLite format 3", "an SQLite database"),
    _Foreign(b"\x1f\x8b", "a gzip-compressed file", _UNPACK),
    _Foreign(b"BZh", "a bzip2-compressed file", _UNPACK),
    _Foreign(b"\xfd7zXZ", "an xz-compressed file", _UNPACK),
    _Foreign(b"\x28\xb5\x2f\xfd", "a Zstandard-compressed file", _UNPACK),
    _Foreign(b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    _Foreign(b"Rar!", "a RAR archive", _UNPACK),
    _Foreign(b"ustar", "a tar archive", _UNPACK, at=257),
)
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f\b\x1b") | {127}


def format_of(file: Path) -> Format:
    """The format of a file of weights; `EntryUnavailable` says what it is where it is none."""
    size = _size(file)
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
    if head[:2] == b"PK":
        return _of_zip(file)
    if head[:1] == b"\x80" and _TORCH in head[:32]:
        return "pickle"
    if head[8:9] == b"{" and not _is_text(head):
        return _of_safetensors(file, int.from_bytes(head[:8], "little"), size)
    raise _named(file, head)


def _size(file: Path) -> int:
    if file.is_dir():
        raise EntryUnavailable(f"{file} is a folder, not a file of weights", "Name one file in it.")
    if not file.is_file():
        raise EntryUnavailable(f"there is no weights file {file}", HOW)
    size = file.stat().st_size
    if not size:
        raise EntryUnavailable(f"{file} is empty (0 bytes)", AGAIN)
    return size


def _of_safetensors(file: Path, header: int, size: int) -> Format:
    if header + 8 > size:
        raise EntryUnavailable(
            f"{file} is a safetensors file that is cut off or damaged: its header claims {header:,} bytes, "
            f"the whole file has {size:,}",
            AGAIN,
        )
    return "safetensors"


def _of_zip(file: Path) -> Format:
    """PyTorch's zip, or what else is in it."""
    try:
        with zipfile.ZipFile(file) as opened:
            names, damaged = opened.namelist(), opened.testzip()
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        raise EntryUnavailable(
            f"{file} is cut off or damaged: it begins as a zip archive, such as torch.save writes, and "
            "its end is not there",
            AGAIN,
        ) from error
    if damaged:
        raise EntryUnavailable(
            f"{file} is damaged: the checksum of {bare(damaged)} in it does not agree", AGAIN
        )
    last = [name.rpartition("/")[2] for name in names]
    if "data.pkl" in last and "constants.pkl" not in last:
        return "zip"
    raise EntryUnavailable(f"{file} is {_archive(last)}", _hint_of_archive(last))


def _archive(names: list[str]) -> str:
    if "constants.pkl" in names:
        return "a TorchScript archive: a program with its weights, not a state dict"
    if names and all(name.endswith(".npy") for name in names):
        return "a NumPy archive (.npz)"
    if "model.weights.h5" in names:
        return "a Keras model"
    if "[Content_Types].xml" in names:
        return "an office document"
    told = ", ".join(bare(name) for name in names[:3] if name)
    more = ", …" if len(names) > 3 else ""
    return f"a zip archive of other files: {told}{more}" if told else "an empty zip archive"


def _hint_of_archive(names: list[str]) -> str:
    if any(name.endswith(_WEIGHTS_ENDINGS) for name in names):
        return _UNPACK
    return _CONVERT if _archive(names).startswith(("a NumPy", "a Keras", "a TorchScript")) else HOW


def _named(file: Path, head: bytes) -> EntryUnavailable:
    """The error for a file in no format of ours, which says what it is."""
    if _is_text(head):
        return _text(file, head)
    known = next((one for one in _FOREIGN if head[one.at :].startswith(one.start)), None)
    if known:
        return EntryUnavailable(f"{file} is {known.what}, not a state dict", known.hint)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return EntryUnavailable(f"{file} is a pickle, but none of torch.save: it is not opened", _SAVE)
    if file.suffix == ".onnx" or (head[:1] == b"\x08" and head[2:3] == b"\x12"):
        return EntryUnavailable(f"{file} is an ONNX or TensorFlow model, not a state dict", _CONVERT)
    starts = head[:8].hex(" ")
    return EntryUnavailable(f"{file} is no file of weights: it starts with the bytes {starts}", HOW)


def _is_text(head: bytes) -> bool:
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") or not any(byte in _CONTROL for byte in head)


def _text(file: Path, head: bytes) -> EntryUnavailable:
    words = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if words.startswith(b"version https://git-lfs"):
        return EntryUnavailable(
            f"{file} is a Git LFS pointer, not the weights that it points to",
            "Type `git lfs pull` in the repository that it is from, or download the file itself.",
        )
    if words[:9].lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        return EntryUnavailable(f"{file} is a web page (HTML or XML), not weights", _DOWNLOAD)
    if words[:1] in (b"{", b"["):
        return EntryUnavailable(f"{file} is a text (JSON), not weights", _DOWNLOAD)
    line = (words.splitlines() or [b""])[0]
    return EntryUnavailable(f"{file} is a text, not weights; it starts with {shown(line, 40)}", HOW)
