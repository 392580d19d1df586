"""What real entrants uploaded is taken; everything else is refused with every reason at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from submissions.naming import listed_phase
from submissions.phases import FINAL, MEMBER, PRELIM, Phase, phase_of
from submissions.problems import Problem, SubmissionRefused
from submissions.reading import Limits, read
from tests.support import stored
from tests.support.submissions import a_submission, a_zip, some_predictions, text_of

SOUND = text_of(some_predictions())


def problems_of(data: bytes | Path, phase: Phase | None = PRELIM) -> tuple[Problem, ...]:
    with pytest.raises(SubmissionRefused) as refused:
        read(data, phase)
    assert all(str(problem).isprintable() for problem in refused.value.problems)
    return refused.value.problems


def with_line(number: int, text: bytes) -> bytes:
    lines = SOUND.split(b"\n")
    lines[number - 1] = text
    return b"\n".join(lines)


def test_the_winner_s_own_zip_is_read() -> None:
    reading = read(stored("submissions/prellberg-final.zip"), FINAL)
    assert len(reading.predictions.labels) == 2586
    assert reading.predictions.positives == 1588


@pytest.mark.parametrize("phase", [PRELIM, FINAL])
def test_without_a_phase_the_number_of_lines_decides(phase: Phase) -> None:
    assert read(a_submission(phase=phase)).predictions.phase is phase


def test_a_path_and_its_bytes_read_the_same(tmp_path: Path) -> None:
    (tmp_path / "mine.zip").write_bytes(a_submission())
    by_path, by_bytes = read(tmp_path / "mine.zip"), read(a_submission())
    assert (by_path.predictions.labels == by_bytes.predictions.labels).all()
    assert read(str(tmp_path / "mine.zip")).passed_over == ()


HARMLESS = {
    "the winner's blank after each digit": (
        a_submission(SOUND.replace(b"\n", b" \n")),
        "blanks at the end of 1867 lines",
    ),
    "CRLF": (a_submission(SOUND.replace(b"\n", b"\r\n")), "Windows line ends (CRLF) in 1867 lines"),
    "blank and CRLF": (
        a_submission(SOUND.replace(b"\n", b"\t \r\n")),
        "blanks at the end of 1867 lines",
    ),
    "a wrapping folder": (a_submission(name=f"mine/{MEMBER}"), f"the folder mine around {MEMBER}"),
    "a folder entry": (a_zip({"mine/": b"", f"mine/{MEMBER}": SOUND}), f"the folder mine around {MEMBER}"),
    "__MACOSX": (a_zip({MEMBER: SOUND, f"__MACOSX/._{MEMBER}": b"\0"}), "__MACOSX"),
    ".DS_Store": (a_zip({".DS_Store": b"\0", MEMBER: SOUND}), ".DS_Store"),
    "Thumbs.db": (a_zip({MEMBER: SOUND, "Thumbs.db": b"\0"}), "Thumbs.db"),
    "a resource fork": (a_zip({MEMBER: SOUND, f"._{MEMBER}": b"\0"}), f"._{MEMBER}"),
    "metadata": (
        a_zip({MEMBER: SOUND, "metadata": b"x: 1"}),
        "metadata (leave it out: Codabench takes a zip with this file for a program and fails)",
    ),
    "a byte-order mark": (a_submission(b"\xef\xbb\xbf" + SOUND), "a byte-order mark at the start"),
    "no final newline": (a_submission(SOUND[:-1]), "no newline after the last line"),
    "an empty line at the end": (a_submission(SOUND + b"\n"), "1 empty line at the end"),
    "bytes behind the zip": (a_submission() + b"\r\n", "2 bytes after the end of the zip"),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_does_no_harm_is_taken_with_a_remark(case: str) -> None:
    data, remark = HARMLESS[case]
    reading = read(data, PRELIM)
    assert reading.predictions.labels.tolist() == some_predictions().labels.tolist()
    assert remark in reading.passed_over


def test_a_sound_submission_gets_no_remark() -> None:
    assert read(a_submission()).passed_over == ()


def test_one_line_too_few_and_a_two_in_line_17_are_both_named() -> None:
    text = with_line(17, b"2").removesuffix(SOUND[-2:])
    length, label = problems_of(a_submission(text))
    assert (length.what, length.expected, length.found) == (
        "1 line too few",
        "1867 lines (prelim)",
        "1866 lines",
    )
    assert (label.where, label.expected, label.found) == ("line 17", "0 (HEM) or 1 (ALL)", "'2'")


def test_one_line_too_many_is_named() -> None:
    (problem,) = problems_of(a_submission(SOUND + b"1\n"))
    assert (problem.what, problem.found) == ("1 line too many", "1868 lines")


def test_a_number_of_lines_of_no_phase_is_refused_and_both_phases_are_named() -> None:
    (problem,) = problems_of(a_submission(b"1\n" * 1866), phase=None)
    assert problem.expected == "1867 lines (prelim) or 2586 lines (final)"
    assert problem.found == "1866 lines"


def test_a_submission_for_the_other_phase_is_refused() -> None:
    (problem,) = problems_of(a_submission(phase=FINAL))
    assert problem.what == "719 lines too many"


LINES = {
    "a decimal": (b"1.0", "a label written as a decimal", "'1.0'"),
    "a score": (b"0.8731", "a score where a label belongs", "'0.8731'"),
    "another number": (b"-1", "a label that is neither 0 nor 1", "'-1'"),
    "nothing": (b"", "an empty line", "''"),
    "a leading blank": (b" 1", "a blank before the label", "' 1'"),
    "two labels": (b"1, 0", "several labels in one line", "'1, 0'"),
    "a table row": (b"17.bmp,0.9,1", "a table row where a label belongs", "'17.bmp,0.9,1'"),
    "a word": (b"ALL", "not a label", "'ALL'"),
    "an accent": ("é".encode(), "a byte that is not ASCII text", r"'\xc3\xa9'"),
    "a zero byte": (b"1\0", "a byte that is not ASCII text", r"'1\x00'"),
    "an old Mac's line ends": (b"1\r0\r1", "several labels in one line", r"'1\r0\r1'"),
}


@pytest.mark.parametrize("case", LINES)
def test_a_line_that_is_no_label_is_named_with_its_number(case: str) -> None:
    line, what, found = LINES[case]
    (problem,) = problems_of(a_submission(with_line(17, line)))
    assert (problem.what, problem.where, problem.found) == (what, "line 17", found)


def test_labels_written_as_decimals_throughout_are_one_problem() -> None:
    (problem,) = problems_of(a_submission(SOUND.replace(b"\n", b".0\n")))
    positives = some_predictions().positives
    assert problem.where == "lines 1-1867"
    assert problem.found == f"'1.0' ({positives} times), '0.0' ({1867 - positives} times)"


def test_every_kind_of_mistake_is_one_problem_in_the_order_of_the_lines() -> None:
    lines = SOUND.split(b"\n")
    lines[4], lines[8], lines[9], lines[1000] = b"ALL", b"2", b"3", b"HEM"
    words, digits = problems_of(a_submission(b"\n".join(lines)))
    assert (words.what, words.where, words.found) == ("not a label", "lines 5, 1001", "'ALL', 'HEM'")
    assert (digits.where, digits.found) == ("lines 9-10", "'2', '3'")


def test_of_a_thousand_bad_lines_twenty_are_listed_and_the_rest_is_counted() -> None:
    lines = SOUND.split(b"\n")
    lines[0:1800:2] = [b"%d" % number for number in range(2, 902)]
    (problem,) = problems_of(a_submission(b"\n".join(lines)))
    assert problem.where == f"lines {', '.join(map(str, range(1, 41, 2)))} and 880 more lines"
    assert problem.found == "'2', '3', '4', '5', '6' and 895 other texts"


def test_an_endless_line_is_cut_where_it_is_shown() -> None:
    (length, problem) = problems_of(a_submission(b"1" * 500_000))
    assert length.found == "1 line"
    assert problem.found == f"'{'1' * 60}'… (500000 characters)"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_text_is_called_what_it_is(encoding: str) -> None:
    text = SOUND.decode().encode(encoding)
    text = text if encoding == "utf-16" else b"\xfe\xff" + text
    (problem,) = problems_of(a_submission(text))
    assert "UTF-16" in problem.found


def test_two_prediction_files_are_refused_and_both_are_named() -> None:
    (problem,) = problems_of(a_zip({MEMBER: SOUND, "old.predict": SOUND}))
    assert problem.what == "2 prediction files"
    assert problem.found == f"'{MEMBER}', 'old.predict'"


def test_the_same_name_in_two_folders_is_refused() -> None:
    (problem,) = problems_of(a_zip({f"a/{MEMBER}": SOUND, f"b/{MEMBER}": SOUND}))
    assert problem.found == f"'a/{MEMBER}', 'b/{MEMBER}'"


def test_a_stranger_beside_the_prediction_is_named_with_the_bad_line_in_it() -> None:
    stranger, line = problems_of(a_zip({MEMBER: with_line(3, b"x"), "README.md": b"hello"}))
    assert stranger.what == "files that do not belong in the zip"
    assert line.where == "line 3"


def test_another_name_is_refused_because_the_platforms_look_for_the_exact_one() -> None:
    name, line = problems_of(a_submission(with_line(3, b"x"), name="prediction.txt"))
    assert (name.expected, name.found) == (MEMBER, "'prediction.txt'")
    assert line.where == "line 3"


def test_a_zip_in_a_zip_is_refused_and_not_opened() -> None:
    (problem,) = problems_of(a_submission(a_submission(), name="inner.zip"))
    assert problem.mend == f"Zip {MEMBER} itself, not a zip of it."


@pytest.mark.parametrize("members", [{}, {"__MACOSX/._x": b"", ".DS_Store": b""}, {"empty/": b""}])
def test_a_zip_without_a_prediction_is_refused(members: dict[str | bytes, bytes]) -> None:
    (problem,) = problems_of(a_zip(members))
    assert problem.what == "no prediction file"


def test_an_empty_prediction_is_refused() -> None:
    (problem,) = problems_of(a_submission(b""))
    assert problem.found == "0 lines"


def test_a_phase_of_one_s_own_is_read_by_its_own_number_of_lines() -> None:
    phase = phase_of("fold0", ["UID_1_1_1_all.bmp", "UID_H1_1_1_hem.bmp"])
    assert read(a_submission(b"1\n0\n"), phase).predictions.phase is phase
    (problem,) = problems_of(a_submission(b"1\n"), phase)
    assert problem.expected == "2 lines (fold0)"


NO_ZIPS = {
    "an HTML page": b"<!DOCTYPE html><html><body>Please log in</body></html>",
    "a JSON document": b'{"detail": "Not found."}',
    "a gzip file": b"\x1f\x8b\x08",
    "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c",
    "a RAR archive": b"Rar!\x1a",
    "a plain list of labels": SOUND,
    "a zip that breaks off": a_submission()[:-30],
    "an empty file": b"",
    r"a file that starts with '\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'": b"\0" * 1000,
}


@pytest.mark.parametrize("kind", NO_ZIPS)
def test_a_file_that_is_no_zip_is_called_what_it_is(kind: str) -> None:
    (problem,) = problems_of(NO_ZIPS[kind])
    assert problem.found == kind


def test_a_file_over_the_limit_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "large.zip").write_bytes(bytes(101))
    with pytest.raises(SubmissionRefused, match="at most 100 bytes"):
        read(tmp_path / "large.zip", limits=Limits(archive_bytes=100))


def test_a_path_that_is_not_there_stays_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.zip")


def test_a_zip_for_a_phase_of_very_many_cells_is_read() -> None:
    """More than 524,288 lines do not fit into a megabyte, which is the usual limit of a member."""
    phase = listed_phase("many", (f"c{number}" for number in range(600_000)))
    found = read(a_submission(b"1\r\n" * 600_000), phase)
    assert found.predictions.positives == 600_000
    (problem,) = problems_of(a_submission(b"1\n" * 599_999), phase)
    assert problem.expected == "600000 lines (many)"
    (problem,) = problems_of(a_submission(b"1\n" * 600_000))
    assert problem.what == "a member that is too large"


def test_the_order_of_one_s_own_cells_is_named_where_lines_are_missing() -> None:
    phase = listed_phase("own", ["slide9", "slide10", "slide1", "slide2"])
    (problem,) = problems_of(a_submission(b"1\n"), phase)
    assert "in its order (slide9, slide10, slide1, …)" in problem.mend


def test_a_file_of_a_million_lines_is_refused_by_its_length_alone() -> None:
    (problem,) = problems_of(a_submission(b"2\n" * 400_000))
    assert (problem.expected, problem.found) == ("at most 100,000 lines", "400,000 lines")
