"""Pictures for a paper have the width of a column, letters that can be read, and their font inside."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path

import pytest
from PIL import Image

from eval_server.figures.sheet import SIZE, PictureSheet
from harness.reports.paper_pictures import COLUMN, FORMS, width_of, write_for_paper

INCH = 2.54


def a_picture(width: float = 360) -> str:
    sheet = PictureSheet(100, width)
    sheet.text((10, 40), "naive-bayes 50.24", role="ink")
    sheet.rect((10, 50), (40, 20), fill="all")
    return sheet.svg("a title", "what it says")


@pytest.fixture(params=FORMS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, bytes]:
    file = tmp_path / f"picture.{request.param}"
    write_for_paper(file, a_picture(), request.param)
    return request.param, file.read_bytes()


def test_a_picture_is_as_wide_as_a_column(written):
    form, content = written
    assert _centimetres(form, content) == pytest.approx(COLUMN, abs=0.01)


def _centimetres(form: str, content: bytes) -> float:
    if form == "svg":
        return float(re.search(rb'width="([\d.]+)cm"', content)[1])
    if form == "pdf":
        box = re.search(rb"/MediaBox ?\[([^\]]+)\]", content)[1].split()
        return float(box[2]) / 72 * INCH
    with Image.open(io.BytesIO(content)) as image:
        return image.width / 600 * INCH


def test_a_pdf_holds_its_font_and_words_as_text(tmp_path):
    write_for_paper(tmp_path / "picture.pdf", a_picture(), "pdf")
    content = (tmp_path / "picture.pdf").read_bytes()
    assert b"LiberationSans" in content
    assert re.search(rb"/FontFile[23]", content)
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S)
    plain = [zlib.decompress(one) for one in streams if one[:1] == b"x"]
    assert any(b" Tj" in one or b"TJ" in one for one in plain)


def test_a_png_is_dark_on_white_and_shows_its_colours(tmp_path):
    write_for_paper(tmp_path / "picture.png", a_picture(), "png")
    with Image.open(tmp_path / "picture.png") as image:
        on_white = Image.new("RGB", image.size, "white")
        on_white.paste(image, mask=image.getchannel("A"))
        colours = {colour for _, colour in on_white.getcolors(2**20)}
    assert (0xD5, 0x5E, 0x00) in colours
    assert min(sum(colour) for colour in colours) < 3 * 0x30


@pytest.mark.parametrize("form", ["svg", "pdf", "png"])
def test_the_same_picture_gives_the_same_bytes(form, tmp_path):
    for name in ("one", "other"):
        write_for_paper(tmp_path / f"{name}.{form}", a_picture(), form)
    assert (tmp_path / f"one.{form}").read_bytes() == (tmp_path / f"other.{form}").read_bytes()


@pytest.mark.parametrize("pixels", [200, 360, 508, 542, 900, 2000])
def test_letters_are_never_smaller_than_six_points(pixels):
    points = SIZE / pixels * width_of(pixels) / INCH * 72
    assert points >= 5.99
    assert width_of(pixels) >= COLUMN
