"""The demo: drawn cells in, a leaderboard out, and a server that shows it."""

import json
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.support.command import harness

pytestmark = pytest.mark.training

ENTRIES = {"tiny", "shape-knn", "majority"}


def test_the_demo_ends_with_a_board_of_three_entries_and_serves_it_until_it_is_stopped(tmp_path):
    command = [sys.executable, "-m", "harness", "demo", "--scale", "0.008", "--serve", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        document = read_document(process.stdout)
        try:
            board = whole_board(f"{document['url']}/api/phases/demo/leaderboard")
            page = urllib.request.urlopen(document["url"]).read().decode()
        finally:
            process.send_signal(signal.SIGINT)
    assert {one["name"] for one in document["leaderboard"]["entries"]} == ENTRIES
    assert {one["entry"] for one in board["standings"]} == ENTRIES
    assert "not a medical device" in page
    for run in document["runs"].values():
        assert (tmp_path / run["submission"]).is_file()
        assert "drawn data" in run["remarks"]
    again = harness("demo", "--scale", "0.008", cwd=tmp_path)
    assert again.code == 0
    assert "drawn" in again.out
    assert all(name in again.out for name in ENTRIES)


def whole_board(address):
    """The board once it holds every entry: it is drawn anew a moment after the last verdict."""
    for _ in range(100):
        board = json.load(urllib.request.urlopen(address))
        if len(board["standings"]) == len(ENTRIES):
            break
        time.sleep(0.1)
    return board


def read_document(stream):
    """The first JSON document of a stream that stays open."""
    lines = []
    for line in stream:
        lines.append(line)
        if line.rstrip() == "}":
            return json.loads("".join(lines))
    raise AssertionError(f"no document: {lines}")
