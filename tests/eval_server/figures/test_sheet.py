"""Every picture can be read: by a program, by a screen reader, on a telephone, in the dark, on paper."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from eval_server.figures.picture import STYLE, Picture, picture
from eval_server.figures.sheet import ROLES, SIZE, WIDTH, AxisScale, PictureSheet, shortened, width_of
from tests.eval_server.figures.samples import pictures

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=pictures(), ids=lambda one: one.name)
def drawn(request: pytest.FixtureRequest) -> Picture:
    chosen: Picture = request.param
    return chosen


def test_a_picture_is_well_formed_and_says_its_title_and_what_to_see(drawn: Picture) -> None:
    root = ElementTree.fromstring(drawn.svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    spoken = {child.get("id"): child.text for child in root if child.get("id")}
    assert [spoken[key] for key in root.get("aria-labelledby", "").split()] == [drawn.title, drawn.caption]


def test_no_words_are_smaller_than_thirteen_pixels_or_leave_the_sheet(drawn: Picture) -> None:
    root = ElementTree.fromstring(drawn.svg)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    assert float(root.get("font-size", 0)) >= 13
    for words in root.iter(f"{SVG}text"):
        size = float(words.get("font-size", SIZE))
        said = (words[-1].tail if len(words) else words.text) or ""
        room = width_of(said, size)
        shift = {"start": 0.0, "middle": room / 2, "end": room}[words.get("text-anchor", "start")]
        left = float(words.get("x", 0)) - shift
        assert size >= 13
        assert left >= -3, said
        assert left + room <= width + 8, said
        assert 8 <= float(words.get("y", 0)) <= height, said


def test_a_picture_of_few_entries_fits_a_telephone_without_shrinking(drawn: Picture) -> None:
    assert ElementTree.fromstring(drawn.svg).get("width") == str(WIDTH)


def test_no_mark_needs_a_style_attribute_a_script_or_the_network(drawn: Picture) -> None:
    assert not re.search(r"style=|<style|<script|href|url\(|onload", drawn.svg)


def test_names_are_escaped_wherever_they_are_drawn(drawn: Picture) -> None:
    assert "<b>" not in drawn.svg
    assert "<b>" not in drawn.standalone()


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert [one.svg for one in pictures()] == [one.svg for one in pictures()]


def test_no_two_pictures_share_an_id() -> None:
    keys = re.findall(r' id="([^"]+)"', "".join(one.svg for one in pictures()))
    assert len(keys) == len(set(keys)) == 2 * len(pictures())


def test_a_file_of_its_own_carries_the_style_for_light_and_dark() -> None:
    alone = pictures()[0].standalone()
    assert ElementTree.fromstring(alone).tag == f"{SVG}svg"
    assert "prefers-color-scheme: dark" in alone


def test_a_row_with_too_few_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="every row of ranks needs 2 cells"):
        picture("ranks", "Ranks", "", "<svg/>", ("entry", "rank"), [("forest",)])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), [("faint", "paper"), ("on-all", "all"), ("on-normal", "normal")])
def test_words_contrast_with_what_they_stand_on(scheme: str, ink: str, ground: str) -> None:
    colours = palette(scheme)
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("role", ["all", "normal", "chosen", "third"])
def test_marks_contrast_with_the_paper(scheme: str, role: str) -> None:
    colours = palette(scheme)
    assert contrast(colours[role], colours["paper"]) >= 3


def test_the_plain_attributes_are_the_light_colours_of_the_style_sheet() -> None:
    light = palette("light")
    assert {role: colour for role, colour in ROLES.items() if role != "ink"} == light


def test_drawing_loads_no_drawing_library_and_no_torch() -> None:
    program = "import sys, tests.eval_server.figures.samples as s; s.pictures(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"matplotlib", "torch", "tkinter"} & set(done.stdout.split())


def test_ticks_are_round_and_inside_the_scale() -> None:
    assert AxisScale(0.47, 0.76, 0, 100).ticks(6) == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
    assert AxisScale(1, 9, 0, 100).ticks(8) == tuple(range(1, 10))


def test_words_that_are_too_long_end_in_an_ellipsis() -> None:
    assert shortened("forest", 100) == "forest"
    assert shortened("a random forest of many trees", 80).endswith("…")
    assert width_of(shortened("a random forest of many trees", 80)) <= 80


def palette(scheme: str) -> dict[str, str]:
    """The colours of the style sheet, written out in six digits."""
    light, dark = STYLE.split("@media")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", light))
    if scheme == "dark":
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", dark))
    return found


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_path_of_many_points_has_each_place_once_in_a_row() -> None:
    sheet = PictureSheet(20)
    sheet.path([(1, 2), (1.01, 2.04), (3, 4), (3, 4), (1, 2)])
    assert 'd="M1 2L3 4L1 2"' in sheet.svg("title", "words")
