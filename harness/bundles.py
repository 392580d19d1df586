"""Competition bundles as files: the zip opened, its YAML and its picture read as the platform reads them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from harness.errors import DataWrong, UsageWrong
from submissions.codabench.check import check_bundle
from submissions.codabench.rules import NOTE, Finding

MOST_BYTES = 2**30
"""Bytes that a bundle may unpack to, for this check to read it."""


def checked_bundle(path: Path) -> list[Finding]:
    """Every mistake in the bundle at `path`; raises `DataWrong` for what is no zip."""
    return check_bundle(members_of(path), loaded, is_image)


def require_accepted(content: bytes) -> None:
    """Refuse a bundle that we made, where the check finds anything wrong in it."""
    wrong = mistakes(check_bundle(members_of(io.BytesIO(content)), loaded, is_image))
    if wrong:
        words = "; ".join(f"{one.facts.what} ({one.where}: {one.found})" for one in wrong)
        raise UsageWrong(f"the bundle would not do: {words}", wrong[0].facts.mend)


def mistakes(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that are not harmless."""
    return [one for one in findings if one.facts.kind != NOTE]


def members_of(path: Path | IO[bytes]) -> dict[str, bytes]:
    """The files of the zip; its folders are left out."""
    hint = "Name the zip that would be uploaded."
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [one for one in archive.infolist() if not one.is_dir()]
            size = sum(one.file_size for one in infos)
            if size > MOST_BYTES:
                raise DataWrong(f"{path}: expected at most {MOST_BYTES:,} bytes unpacked, found {size:,}")
            return {one.filename: archive.read(one) for one in infos}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise DataWrong(f"{path}: expected a zip, found: {error}", hint) from error


def loaded(content: bytes) -> Any:
    """A YAML document, in which dates without quotes are dates; ValueError for none."""
    import yaml

    try:
        return yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def is_image(content: bytes) -> bool:
    """Whether Pillow, which the platform uses too, can read the picture."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True
