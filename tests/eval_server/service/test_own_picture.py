"""The picture of a phase: only its pixels stay."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from eval_server.service import own_picture
from eval_server.service.own_picture import PictureRefused, taken


def a_picture(kind: str, size: tuple[int, int] = (40, 30), **more: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "purple").save(written, kind, **more)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_each_kind_becomes_a_png_without_what_else_the_file_carries(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken in the ward"
    found = taken(a_picture(kind, exif=exif) + b"<script>alert(1)</script>")
    with Image.open(io.BytesIO(found)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("PNG", (40, 30), {})
    assert b"script" not in found
    assert b"ward" not in found


def test_a_large_one_is_made_smaller_and_keeps_its_shape() -> None:
    with Image.open(io.BytesIO(taken(a_picture("PNG", (4000, 1000))))) as image:
        assert image.size == (1600, 400)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "none that can be read"),
        (a_picture("GIF"), "none that can be read"),
        (a_picture("PNG")[:60], "none that can be read"),
        (b"", "none that can be read"),
        (a_picture("PNG", (10_000, 5_000)), "pixels"),
    ],
    ids=["svg", "gif", "cut", "empty", "a bomb"],
)
def test_what_is_no_picture_of_these_kinds_and_sizes_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(PictureRefused, match=said):
        taken(data)


def test_a_file_too_large_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_picture, "MOST_BYTES", 100)
    with pytest.raises(PictureRefused, match="at most 100 bytes"):
        taken(a_picture("PNG") + b"x" * 100)
