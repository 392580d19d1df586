"""Tables cut nothing: what they name can be typed into the next command."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from harness import console
from tests.support.inside import harness_inside

LONG = "an-entry-with-a-name-of-many-letters-" * 4
SERVER_TOKENS = ("--team", "oldenburg " * 7 + "lab", "--note", "a note of many words " * 8)


def printed(*rows: tuple[str, ...]) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        console.table(("name", "what it is", "state"), rows, left=(0, 1))
    return out.getvalue()


def on_a_terminal(columns: int, *arguments: str) -> str:
    """What `harness` prints on a terminal of so many columns."""
    return python_on_a_terminal(columns, "-m", "harness", *arguments)


def python_on_a_terminal(columns: int, *arguments: str) -> str:
    """What Python prints there, on both of its outputs."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    command = [sys.executable, *arguments]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    said = b""
    try:
        while more := os.read(ours, 4096):
            said += more
    except OSError:  # its end of the terminal is closed
        pass
    finally:
        os.close(ours)
        process.wait()
    return said.decode()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_where_the_output_is_no_terminal_a_row_is_one_line_whatever_it_holds(at: int) -> None:
    row = ["short", "short", "short"]
    row[at] = LONG
    (line,) = [line for line in printed(tuple(row)).splitlines() if "an-entry" in line]
    assert LONG in line
    assert "…" not in line


@pytest.mark.parametrize("columns", [80, 60])
def test_the_ids_that_a_narrow_terminal_shows_are_those_that_revoke_takes(
    tmp_path: Path, columns: int
) -> None:
    server = ("--data-dir", str(tmp_path / "server"))
    assert harness_inside("token", "add", *SERVER_TOKENS, *server).code == 0
    said = on_a_terminal(columns, "token", "list", *server)
    assert "…" not in said
    (shown,) = [
        word for line in said.splitlines() for word in line.split() if len(word) == 20 and word.isalnum()
    ]
    assert harness_inside("token", "revoke", shown, *server).code == 0


def test_the_ids_that_a_pipe_is_given_are_those_that_revoke_takes(tmp_path: Path) -> None:
    server = ("--data-dir", str(tmp_path / "server"))
    assert harness_inside("token", "add", *SERVER_TOKENS, *server).code == 0
    (row,) = [
        line for line in harness_inside("token", "list", *server).out.splitlines() if "oldenburg" in line
    ]
    assert SERVER_TOKENS[1] in row
    assert harness_inside("token", "revoke", row.split()[0], *server).code == 0


def test_a_bar_shows_the_last_note_that_was_given_and_square_brackets_as_they_are() -> None:
    code = """
from harness import console
with console.progress("epoch 1 of 2", 3) as advance:
    advance(1, note="loss 0.7500 [x]")
    advance(1)
"""
    assert "loss 0.7500 [x]" in python_on_a_terminal(120, "-c", code)
