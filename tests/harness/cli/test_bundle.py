"""`harness bundle`: an export that passes the check, a check that names what is wrong, exit codes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.support.command import Answer, harness

TABLE = "cell,label,subject\n" + "".join(
    f"{at}.bmp,{int(at % 3 > 0)},{'A' if at % 3 else 'H'}{at % 4}\n" for at in range(1, 25)
)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    (tmp_path / "truth.csv").write_text(TABLE)
    return tmp_path / "truth.csv"


def export(truth: Path, *more: object, out: str = "mine.zip") -> Answer:
    where = ("--out", truth.parent / out)
    return harness("bundle", "export", "--phase", f"mine={truth}", "--title", "Mine", *where, *more)


def document(truth: Path, out: str = "mine.zip") -> dict:
    with zipfile.ZipFile(truth.parent / out) as archive:
        return yaml.safe_load(archive.read("competition.yaml"))


def test_the_same_command_writes_the_same_bytes_and_they_pass_the_check(truth: Path) -> None:
    assert export(truth).code == export(truth, "--json", out="again.zip").code == 0
    assert (truth.parent / "mine.zip").read_bytes() == (truth.parent / "again.zip").read_bytes()
    checked = harness("bundle", "check", truth.parent / "mine.zip", "--json")
    assert (checked.code, checked.document()) == (0, {"accepted": True, "findings": []})


def test_windows_and_rules_are_those_of_the_command_line(truth: Path) -> None:
    second = ("--phase", f"late={truth}")
    windows = ("--window", "mine=2026-03-01/2026-03-31", "--window", "late=2026-04-01T08:30+02:00")
    assert export(truth, *second, *windows, "--per-day", 2, "--in-all", 9, "--feedback", "score").code == 0
    first, last = document(truth)["phases"]
    assert (first["start"], first["end"]) == ("2026-03-01 00:00:00", "2026-03-31 23:59:59")
    assert (last["start"], last.get("end")) == ("2026-04-01 06:30:00", None)
    assert (first["max_submissions_per_day"], first["max_submissions"]) == (2, 9)
    assert [column["key"] for column in document(truth)["leaderboards"][0]["columns"]] == ["weighted_f1"]


def test_an_own_phase_tells_a_summary_unless_asked(truth: Path) -> None:
    assert export(truth, "--json").document()["feedback"] == "summary"
    assert export(truth, "--json", "--feedback", "full").document()["feedback"] == "full"


def test_the_older_form_is_written_and_passes(truth: Path) -> None:
    assert export(truth, "--format", "v1.5").code == 0
    assert "html" in document(truth)
    assert harness("bundle", "check", truth.parent / "mine.zip").code == 0


def test_the_older_form_prints_the_windows_that_hold(truth: Path) -> None:
    second = ("--phase", f"late={truth}", "--format", "v1.5", "--window", "late=2026-07-01/2026-07-14")
    answer = export(truth, *second, "--window", "mine=2026-03-01/2026-06-15", "--json")
    assert answer.code == 0, answer.err
    assert [one["end"] for one in answer.document()["phases"]] == [
        "2026-06-30T00:00:00+00:00",
        "2026-07-14T23:59:59+00:00",
    ]
    assert "ends at 2026-06-30 00:00:00+00:00, not at 2026-06-15 23:59:59" in " ".join(answer.err.split())
    close = export(truth, *second, "--window", "mine=2026-06-30/2026-06-30", out="close.zip")
    assert close.code == 2
    assert "would end before it starts" in " ".join(close.err.split())
    assert not (truth.parent / "close.zip").exists()


def test_own_terms_go_into_the_bundle(truth: Path) -> None:
    (truth.parent / "terms.md").write_text("# Ours\n\nBe kind.\n")
    assert export(truth, "--terms", truth.parent / "terms.md").code == 0
    with zipfile.ZipFile(truth.parent / "mine.zip") as archive:
        assert archive.read("pages/terms.md") == b"# Ours\n\nBe kind.\n"


def test_a_list_of_cells_that_tells_their_class_is_left_out_and_said(truth: Path) -> None:
    truth.write_text("cell,label\nhem/1.bmp,0\nall/2.bmp,1\n")
    answer = export(truth, "--json")
    assert answer.code == 0, answer.err
    words = " ".join(answer.err.split())
    assert "mine: the list of cells is left out" in words
    assert "(all, hem)" in words


USAGE = {
    "a phase without a file": (("--phase", "mine"), "expected NAME=TRUTH.CSV"),
    "a name with a slash": (("--phase", "a/b=x.csv"), "expected a name of 1 to 36"),
    "an end before the start": (("--window", "mine=2026-03-01/2026-02-01"), "before it starts"),
    "a window of no phase": (("--window", "other=2026-03-01"), "--phase does not"),
    "a contact that is none": (("--contact", "nobody"), "a contact_email that is none"),
    "no date": (("--window", "mine=tomorrow"), "expected a day such as"),
}


@pytest.mark.parametrize("case", USAGE)
def test_what_cannot_be_is_said_with_exit_code_2(truth: Path, case: str) -> None:
    more, words = USAGE[case]
    answer = export(truth, *more)
    assert answer.code == 2
    assert words in answer.err
    assert not (truth.parent / "mine.zip").exists()


def test_a_label_file_that_is_none_exits_with_3(truth: Path) -> None:
    truth.write_text("a,b\n1,2\n")
    assert export(truth).code == 3


def test_a_bundle_with_mistakes_exits_with_5_and_shows_the_platform_s_words(truth: Path) -> None:
    export(truth)
    broken = truth.parent / "broken.zip"
    with zipfile.ZipFile(truth.parent / "mine.zip") as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "competition.yaml":
                content = content.replace(b"pages:", b"page:").replace(
                    b'"2026-01-01 00:00:00"', b"2026-01-01 09:00:00"
                )
            target.writestr(name, content)
    answer = harness("bundle", "check", broken)
    assert answer.code == 5
    for words in ("broken.zip: 2 mistakes", "'NoneType' object is not iterable", "a date without quotes"):
        assert words in answer.out
    listed = harness("bundle", "check", broken, "--json").document()
    assert [one["rule"] for one in listed["findings"]] == ["unknown-field", "no-pages", "unquoted-date"]
    assert not listed["accepted"]


@pytest.mark.parametrize("content", [b"no zip", b"", b"PK\x03\x04"])
def test_what_is_no_zip_exits_with_3(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert harness("bundle", "check", tmp_path / "x.zip").code == 3


def test_a_damaged_member_exits_with_3(tmp_path: Path) -> None:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("competition.yaml", "version: 2\n" * 9)
    (tmp_path / "x.zip").write_bytes(stored.getvalue().replace(b"version: 2\n" * 3, b"version: 3\n" * 3, 1))
    assert harness("bundle", "check", tmp_path / "x.zip").code == 3
