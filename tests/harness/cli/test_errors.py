"""How `harness` ends when something is wrong: one clear message, one exit code, and never a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import exit_code_of, words_of
from models.registry import find
from tests.support.command import Answer, harness
from tests.support.inside import harness_inside

CELLS = "cell,label,subject\n1.bmp,1,1\n2.bmp,0,H1\n3.bmp,1,2\n4.bmp,0,H2\n"
PREDICTIONS = "cell,label\n1.bmp,1\n2.bmp,0\n3.bmp,1\n4.bmp,0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A label file, an entry, a plain file and a folder."""
    (tmp_path / "truth.csv").write_text(CELLS)
    (tmp_path / "entry.csv").write_text(PREDICTIONS)
    (tmp_path / "plain").write_text("a file\n")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("compare entry.csv --truth truth.csv --html folder", "folder"),
        ("compare entry.csv --truth truth.csv --html plain/x.html", "plain"),
        ("compare entry.csv --truth truth.csv --pictures plain", "plain"),
        ("data draw plain", "plain"),
        ("new-model my-network --folder plain/x", "plain"),
        ("phase list --data-dir plain", "plain"),
        ("seeds latin.csv", "UTF-8"),
    ],
)
def test_a_path_that_cannot_be_used_is_named_and_a_matter_of_data(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, named: str
) -> None:
    (folder / "latin.csv").write_bytes(b"seed,a\n1,\xff\n")
    monkeypatch.chdir(folder)
    answer = harness_inside(*arguments.split())
    assert answer.code == 3, answer.err
    assert named in answer.err
    assert "expected" in answer.err


def test_an_error_of_the_system_without_a_path_stays_a_bug() -> None:
    assert exit_code_of(OSError(28, "No space left on device")) is None
    assert exit_code_of(PermissionError(13, "Permission denied", "there")) == 3
    assert words_of(PermissionError(13, "Permission denied", "there"))[0].startswith("there: expected")


def test_a_disk_without_room_is_said_with_the_file_and_how_to_mend_it() -> None:
    for number in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        error = OSError(number, os.strerror(number), "runs/x.json")
        assert exit_code_of(error) == 3
        said, hint = words_of(error)
        assert said == f"runs/x.json cannot be written, there is no room: {os.strerror(number)}"
        assert "Make room" in hint


@pytest.mark.parametrize(
    "arguments",
    [("score",), ("nosuch",), ("score", "x", "--nope"), ("train", "--model", "tiny", "--seed", "x")],
)
def test_with_json_a_usage_error_is_a_document_too(arguments: tuple[str, ...]) -> None:
    answer = harness_inside(*arguments, "--json")
    assert answer.code == 2
    assert answer.document()["error"]["exit_code"] == 2
    assert answer.document()["error"]["message"] in answer.err


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [
        (("score",), "HARNESS_SCORE_JSON"),
        (("data", "draw"), "HARNESS_DATA_DRAW_JSON"),
        (("new-model",), "HARNESS_NEW_MODEL_JSON"),
        (("new-model",), "HARNESS_JSON"),
    ],
)
def test_json_may_be_asked_for_by_the_environment(arguments: tuple[str, ...], variable: str) -> None:
    assert harness_inside(*arguments, **{variable: "1"}).document()["error"]["exit_code"] == 2
    assert harness_inside(*arguments, **{variable: "0"}).out == ""


def test_with_json_a_bug_is_a_document_and_keeps_its_traceback(folder: Path) -> None:
    broken = "import eval_server.judging.truth as t; t.read_truth = lambda path, **options: 1 / 0"
    code = f"{broken}; from harness.cli.main import main; main(['score', 'x', '--truth', 'y', '--json'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert Answer(1, done.stdout, "").document()["error"]["exit_code"] == 1
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("models",), ("models", "--json")])
def test_a_pipe_that_nobody_reads_ends_the_command_quietly(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "harness", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
@pytest.mark.parametrize("form", [("--json",), ()])
def test_a_name_that_the_encoding_cannot_say_is_printed_escaped(
    folder: Path, encoding: str, form: tuple[str, ...]
) -> None:
    name = os.fsdecode(b"b\xff\xc3\xa9.csv")
    (folder / name).write_text(PREDICTIONS)
    answer = harness(
        "score", folder / name, "--truth", folder / "truth.csv", *form, PYTHONIOENCODING=encoding
    )
    assert answer.code == 0, answer.err
    if form:
        assert answer.document()["entry"] == Path(name).stem


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("compare entry.csv --truth truth.csv --alpha nan", "nan is no number"),
        ("compare entry.csv --truth truth.csv --margin nan", "nan is no number"),
        ("submit --model tiny --seed -1", "0<=x<=4294967295"),
        ("train --model tiny --seed 4294967296", "0<=x<=4294967295"),
        ("demo --seed -1", "0<=x<=4294967295"),
        ("demo --folder made --scale 0", "a scale of 0 cannot be drawn"),
        ("submit --model tiny --data nowhere --server example.org", "example.org is no server address"),
        ("ensemble a=folder a=plain", "two runs are called a"),
        ("ensemble a=folder b=folder/../folder", "is named twice"),
        ("ensemble a=folder b=plain --weights fit:fold7", "The splits are prelim, final, fold0"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_any_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*.*"))
    answer = harness_inside(*command.split())
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert sorted(folder.rglob("*.*")) == before


def test_a_zip_that_cannot_be_written_is_not_said_to_be_unreadable(folder: Path) -> None:
    options = ("--phase", "prelim", "--allow-partial", "--out", folder / "plain" / "x.zip")
    answer = harness_inside("pack", folder / "entry.csv", *options)
    assert answer.code == 3
    assert "expected a file to write" in answer.err


def test_restoring_looks_for_the_file_before_it_asks_or_makes_anything(folder: Path) -> None:
    answer = harness_inside("restore", folder / "none.tar", "--data-dir", folder / "server")
    assert answer.code == 3
    assert "none.tar: expected a backup, found no file" in answer.err
    assert not (folder / "server").exists()


def test_restoring_where_nobody_can_answer_says_how_to_go_on(folder: Path) -> None:
    server = ("--data-dir", folder / "server")
    added = harness_inside("phase", "add", "small", "--truth", folder / "truth.csv", *server)
    assert added.code == 0, added.err
    assert harness_inside("backup", folder / "b.tar", *server).code == 0
    with (folder / "nothing").open("w+") as nothing:
        command = [sys.executable, "-m", "harness", "restore", str(folder / "b.tar"), *map(str, server)]
        done = subprocess.run(command, stdin=nothing, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Add --yes" in done.stderr


@pytest.mark.parametrize(
    "database", ["no database", "mysql://localhost/none", "postgresql://nobody@127.0.0.1:1/x"]
)
def test_restoring_into_a_database_that_cannot_be_asks_nothing(folder: Path, database: str) -> None:
    """Only what is lost or damaged is put aside for an empty one, so that only then there is a question."""
    made = folder / "kept.tar"
    if not made.exists():
        (folder / "kept").mkdir()
        assert harness_inside("backup", made, "--data-dir", folder / "kept", "--allow-less").code == 0
    options = ("--data-dir", folder / "other", "--database", database)
    answer = harness_inside("restore", made, *options)
    assert answer.code == 6
    assert "Replace" not in answer.err
    assert "expected a database URL" in answer.err or "cannot be used" in answer.err


@pytest.mark.parametrize("text", ["raise SystemExit(7)", "entry = 1 / 0", "other = 1"])
def test_a_file_whose_entry_does_not_load_is_named_with_the_reason(folder: Path, text: str) -> None:
    (folder / "mine.py").write_text(text)
    answer = harness_inside("models", f"{folder / 'mine.py'}:entry")
    assert answer.code == 4
    assert f"Mend {folder / 'mine.py'}." in answer.err


def test_a_package_of_an_extra_that_is_missing_is_proposed_and_no_bug(folder: Path) -> None:
    code = "import sys; sys.modules['fastapi'] = None; from harness.cli.main import main; main(['serve'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 4
    assert done.stderr.startswith("harness: the package fastapi is missing\nType: pip install ")
    assert "[server]" in done.stderr


def test_a_module_that_a_users_file_asks_for_late_is_no_bug_of_ours(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "from models.majority import Majority\nclass Mine(Majority):\n    def late(self):\n"
        "        import nowhere_at_all\nentry = Mine()\n"
    )
    with pytest.raises(ModuleNotFoundError) as caught:
        find(f"{folder / 'mine.py'}:entry")[0].late()  # type: ignore[attr-defined]
    assert exit_code_of(caught.value) == 4
    assert "mine.py, line 4, imports nowhere_at_all" in words_of(caught.value)[0]
    assert (
        exit_code_of(ModuleNotFoundError("No module named 'harness.nosuch'", name="harness.nosuch")) is None
    )
