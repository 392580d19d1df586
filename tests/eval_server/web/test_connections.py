"""Connections: who says nothing is not waited for, and holds up nobody. On loopback, and few."""

from __future__ import annotations

import resource
import select
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.support.server import Server, a_server, a_zip

HASTY = """
import sys
from eval_server.web import connections
for what in sys.argv.pop(1).split():
    setattr(connections, what, 2.0)
from harness.cli.main import main
main()
"""
"""The command with less patience than it has, so that a test need not have more."""


def silent(server: Server, said: bytes = b"") -> socket.socket:
    """A connection on which this was said, and nothing more will be; little waits in it to be read."""
    url = httpx.URL(server.url)
    assert url.port is not None
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(60)
    connection.connect((url.host, url.port))
    if said:
        connection.sendall(said)
    return connection


HALF = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "half a head": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    "half a body": b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\ntoken=",
    "half a second request": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HT",
}


def test_what_is_not_said_in_time_ends_the_connection(tmp_path: Path) -> None:
    program = (sys.executable, "-c", HASTY, "HEAD_WITHIN BODY_WITHIN")
    with a_server(tmp_path, program=program) as server, ExitStack() as held:
        for connection in [held.enter_context(silent(server, said)) for said in HALF.values()]:
            while connection.recv(4096):
                pass


def test_a_reader_who_takes_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with a_server(tmp_path, program=(sys.executable, "-c", HASTY, "READ_WITHIN")) as server:
        archive = server.hand_in(bytes(8 * 2**20))["id"]
        asked = f"GET /api/submissions/{archive}/archive HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        with silent(server, asked.encode()) as connection:
            ended = select.poll()
            ended.register(connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
            assert ended.poll(60_000)


def test_200_silent_connections_under_256_descriptors_keep_no_reader_and_no_upload_out(
    tmp_path: Path,
) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    with a_server(tmp_path, preexec_fn=few) as server, ExitStack() as held:
        for _ in range(200):
            held.enter_context(silent(server))
        for _ in range(20):
            assert server.board()["phase"] == "small"
        assert server.hand_in(a_zip(1))["status"] == "scored"


def test_a_patient_connection_is_used_again(tmp_path: Path) -> None:
    with a_server(tmp_path) as server, server.client() as client:
        for _ in range(5):
            assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code == 200
