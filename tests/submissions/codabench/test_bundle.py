"""The exported bundle: the platforms' own rules, the same bytes every time, and truth in one place only."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from submissions.codabench.bundle import BundleInvalid, Competition, Format, Round, as_held, bundle
from submissions.codabench.reference import PhaseTruth
from submissions.codabench.scoring_program import score
from submissions.codabench.texts import as_html, as_yaml
from submissions.phases import PRELIM, Phase, phase_of
from submissions.reading import read
from tests.support.codabench import run_job

START = datetime(2026, 1, 1)
LABELS = np.random.default_rng(3).integers(0, 2, len(PRELIM)).tolist()
SUBJECTS = [f"SUBJECT-{label}{at % 7}" for at, label in enumerate(LABELS)]
OTHER = phase_of("other", [f"{at}.bmp" for at in range(1, 41)])


def a_round(**more: object) -> Round:
    return replace(Round(PhaseTruth(PRELIM, LABELS, SUBJECTS), START, START + timedelta(days=9)), **more)


def second_round(start: datetime = START + timedelta(days=10)) -> Round:
    return Round(PhaseTruth(OTHER, LABELS[:40], SUBJECTS[:40]), start)


def a_competition(**more: object) -> Competition:
    return replace(Competition("C-NMC", (a_round(), second_round()), feedback="full"), **more)


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def everything(content: bytes, inside: str = "") -> dict[str, bytes]:
    """Every file of a zip and of the zips in it."""
    found = {}
    for name, part in members(content).items():
        found[inside + name] = part
        if name.endswith(".zip"):
            found |= everything(part, f"{inside}{name}/")
    return found


def document(content: bytes) -> dict:
    return yaml.safe_load(members(content)["competition.yaml"])


@pytest.mark.parametrize("form", ["2", "1.5"])
def test_the_same_competition_is_the_same_bytes(form: Format) -> None:
    assert bundle(a_competition(), form) == bundle(a_competition(), form)


def test_the_logo_is_the_same_bytes_on_every_machine() -> None:
    digest = hashlib.sha256(members(bundle(a_competition()))["logo.png"]).hexdigest()
    assert digest == LOGO


LOGO = "711c1fd903353a8054b12c098e3c0d70c7f640c4bbe8e96a5e2fd30ecf3b2e48"


@pytest.mark.parametrize("form", ["2", "1.5"])
def test_the_truth_is_in_the_reference_data_and_in_nothing_else(form: Format) -> None:
    lines = "".join(f"{label}\n" for label in LABELS).encode()
    rows = [f"{cell},{label}" for cell, label in zip(PRELIM.cells, LABELS, strict=True)]
    holding = set()
    for name, content in everything(bundle(a_competition(), form)).items():
        text = content.replace(b"\r", b"")
        run = "".join(map(str, LABELS[:40])).encode()
        tells = (b"SUBJECT-", lines, lines[:80], run, b",".join(run[at : at + 1] for at in range(40)))
        if any(one in text for one in tells) or any(row.encode() in text for row in rows[:50]):
            holding.add(name)
    assert holding == {
        *("reference_prelim.zip", "reference_prelim.zip/truth.csv"),
        *("reference_other.zip", "reference_other.zip/truth.csv"),
    }


TELLING = (
    *("UID_2_1_1_all.bmp", "fold_0/all/UID_2_1_1_all.bmp", "./UID_2_1_1_all.bmp", "UID_2_1_1_all.png"),
    *("UID_H9_1_1_hem.bmp", "hem/1.bmp", "1-HEM.png", "normal_1.bmp", "set/Blasts/7.tif", "cellHEM.bmp"),
)


@pytest.mark.parametrize("form", ["2", "1.5"])
@pytest.mark.parametrize("telling", TELLING)
def test_names_that_hold_a_class_are_in_no_public_member(telling: str, form: Format) -> None:
    cells = ["UID_77_1.bmp", "UID_77_2.bmp", telling]
    one = Round(PhaseTruth(phase_of("fold", cells), [1, 0, 1], ["a", "b", "c"]), START)
    shown = everything(bundle(a_competition(rounds=(one,)), form))
    holding = [name for name, text in shown.items() if telling.encode() in text or b"UID_77" in text]
    assert holding == ["reference_fold.zip", "reference_fold.zip/truth.csv"]


@pytest.mark.parametrize("name", ["1.bmp", "small/ball_1.bmp", "chem1.png", "UID_2_1_1.bmp", "possible/2"])
def test_names_without_a_class_are_listed_in_the_starting_kit(name: str) -> None:
    one = Round(PhaseTruth(phase_of("mine", [name, "x.bmp"]), [1, 0]), START)
    shown = everything(bundle(a_competition(rounds=(one,))))
    assert name.encode() in shown["starting_kit_mine.zip/cells.csv"]


def test_dates_are_quoted_and_a_second_lies_between_phases() -> None:
    text = members(bundle(a_competition()))["competition.yaml"].decode()
    assert 'start: "2026-01-01 00:00:00"' in text
    first, second = document(bundle(a_competition()))["phases"]
    assert first["end"] == "2026-01-10 00:00:00" < second["start"] == "2026-01-11 00:00:00"
    assert "end" not in second


def test_migration_is_off_and_the_keys_and_titles_fit() -> None:
    found = document(bundle(a_competition()))
    assert not any(phase["auto_migrate_to_this_phase"] for phase in found["phases"])
    (board,) = found["leaderboards"]
    assert board["submission_rule"] == "Force_Best"
    assert [column["key"] for column in board["columns"]] == list(score.TITLES)
    assert max(len(word) for column in board["columns"] for word in (column["key"], column["title"])) <= 36
    assert {column["precision"] for column in board["columns"]} == {4}


def test_the_logo_is_a_real_image_and_every_file_named_is_there() -> None:
    found = members(bundle(a_competition()))
    with Image.open(io.BytesIO(found["logo.png"])) as picture:
        picture.load()
        assert picture.size == (240, 240)
        assert picture.convert("RGB").getpixel((120, 120)) == (84, 39, 120)
    facts = yaml.safe_load(found["competition.yaml"])
    named = {facts["image"], facts["terms"], *(page["file"] for page in facts["pages"])}
    named |= {task[key] for task in facts["tasks"] for key in ("scoring_program", "reference_data")}
    named |= {phase["starting_kit"] for phase in facts["phases"]}
    assert named == set(found) - {"competition.yaml"}


def test_the_example_submission_of_the_starting_kit_is_scored_by_the_bundle_s_own_program(
    tmp_path: Path,
) -> None:
    """The bundle unpacked as the worker does it."""
    found = members(bundle(a_competition()))
    kit = members(found["starting_kit_other.zip"])
    assert read(kit["example_submission.zip"], OTHER).predictions.positives == 40
    assert kit["cells.csv"].decode().splitlines()[1] == "1,1.bmp"
    places = {"program": "scoring_program.zip", "input/ref": "reference_other.zip"}
    for folder, name in places.items():
        unpack(found[name], tmp_path / folder)
    unpack(kit["example_submission.zip"], tmp_path / "input/res")
    (tmp_path / "output").mkdir()
    done = run_job(tmp_path)
    assert done.code == 0
    assert done.scores["sensitivity"] == 1.0
    assert list(done.scores) == [
        one["key"] for one in document(bundle(a_competition()))["leaderboards"][0]["columns"]
    ]


def unpack(content: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)


def test_the_program_s_metadata_is_at_the_top_under_the_name_that_each_platform_knows() -> None:
    for form, name in (("2", "metadata.yaml"), ("1.5", "metadata")):
        program = members(members(bundle(a_competition(), form))["scoring_program.zip"])  # type: ignore[arg-type]
        assert set(program) == {name, "score.py"}
        command = yaml.safe_load(program[name])["command"]
        assert command == "python3 $program/score.py $input $output"


def test_the_older_form_has_its_pages_phases_and_columns() -> None:
    found = document(bundle(a_competition(), "1.5"))
    assert set(found["html"]) == {"overview", "evaluation", "terms", "data"}
    assert [phase["phasenumber"] for phase in found["phases"].values()] == [1, 2]
    results = found["leaderboard"]["leaderboards"]["Results"]
    columns = found["leaderboard"]["columns"]
    assert list(columns) == list(score.TITLES)
    assert all(column["leaderboard"] is results for column in columns.values())


@pytest.mark.parametrize(("feedback", "count"), [("full", 9), ("summary", 9), ("score", 1)])
def test_the_columns_are_those_that_the_program_writes_at_that_feedback(feedback: str, count: int) -> None:
    content = bundle(a_competition(feedback=feedback))
    keys = [column["key"] for column in document(content)["leaderboards"][0]["columns"]]
    assert keys == score.columns(feedback)
    assert len(keys) == count
    assert b'"feedback": "%s"' % feedback.encode() in everything(content)["reference_other.zip/phase.json"]


def test_columns_that_no_phase_defines_are_left_out() -> None:
    one = Round(PhaseTruth(OTHER, [1] * 40), START)
    keys = a_competition(rounds=(one,)).columns
    assert {"specificity", "macro_f1", "subject_accuracy"}.isdisjoint(keys)
    assert "sensitivity" in keys


WRONG = {
    "no title": {"title": " "},
    "a long title": {"title": "x" * 257},
    "no phases": {"rounds": ()},
    "a phase twice": {"rounds": (a_round(), a_round())},
    "no end before the next": {"rounds": (a_round(end=None), second_round())},
    "phases that touch": {"rounds": (a_round(), second_round(START + timedelta(days=9)))},
    "phases within one second": {
        "rounds": (a_round(), second_round(START + timedelta(days=9, milliseconds=900)))
    },
    "an end before the start": {"rounds": (a_round(end=START),)},
    "no terms": {"terms": "\n"},
}


def test_in_the_older_form_a_phase_ends_a_day_before_the_next_and_has_to_last_until_then() -> None:
    held = as_held(a_competition(), "1.5")
    assert [one.end for one in held.rounds] == [START + timedelta(days=9), None]
    close = a_competition(
        rounds=(a_round(end=START + timedelta(hours=5)), second_round(START + timedelta(days=1)))
    )
    assert as_held(close, "2") == close
    with pytest.raises(BundleInvalid, match="prelim would end before it starts, at 2026-01-01 00:00:00"):
        bundle(close, "1.5")


@pytest.mark.parametrize("case", WRONG)
def test_what_the_platform_would_refuse_is_no_competition(case: str) -> None:
    with pytest.raises(BundleInvalid):
        a_competition(**WRONG[case])


@pytest.mark.parametrize(
    "text", ['a "b" \\ c', "ä«» 😀", "2026-01-01", "yes", "1.0", "a: b # c", "x\ny\t", "'"]
)
def test_every_text_comes_back_from_yaml_as_it_was(text: str) -> None:
    assert yaml.safe_load(as_yaml({"a": text, "b": [{"c": text}], "d": {"e": [text, 1, True]}})) == {
        "a": text,
        "b": [{"c": text}],
        "d": {"e": [text, 1, True]},
    }


def test_pages_for_the_older_platform_are_html_with_nothing_of_a_user_s_as_markup() -> None:
    found = as_html("# A <b>\n\nOne `two`\nthree\n\n- a\n- b & c\n")
    assert found == (
        "<h1>A &lt;b&gt;</h1>\n<p>One <code>two</code>\nthree</p>\n<ul><li>a</li><li>b &amp; c</li></ul>\n"
    )


def test_a_drawn_or_partial_phase_says_so_wherever_it_is_told() -> None:
    drawn = Phase("drawn", ("1.bmp", "2.bmp"), drawn=True, partial=True)
    found = everything(bundle(a_competition(rounds=(Round(PhaseTruth(drawn, [0, 1]), START),))))
    assert b"drawn" in found["pages/overview.md"].split(b"cells")[-1]
    assert b"drawn cells, a part" in found["reference_drawn.zip/phase.json"]
