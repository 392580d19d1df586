"""A PostgreSQL cluster of our own: in a temporary folder, on a socket, gone with the tests."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

UNTIL_WE_ARE_GONE = '"$@" & server=$!; cat > /dev/null; kill -INT $server; wait $server; rm -rf "$0"'
"""A shell that ends the server and removes its folder when its input closes, however this process ends."""
_HELD: list[subprocess.Popen[Any]] = []
"""Kept, so that the input stays open as long as this process lives."""
DEBIAN = Path("/usr/lib/postgresql")


def a_database() -> str:
    """The URL of a fresh database; skips the test, with the reason, where there is no PostgreSQL."""
    folder = _cluster()
    if folder is None:
        pytest.skip("no PostgreSQL server programs (initdb, postgres) are installed")
    name = f"test_{secrets.token_hex(6)}"
    _run(
        ["psql", "-q", "-h", str(folder), "-U", "harness", "-d", "postgres", "-c", f"CREATE DATABASE {name}"]
    )
    return f"postgresql://harness@/{name}?host={folder}"


@cache
def _cluster() -> Path | None:
    """Start one cluster for this test process; durability is the server's own matter here."""
    programs = _programs()
    if programs is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = _user()
    if user:
        os.chown(folder, user["user"], user["group"])
    data = folder / "data"
    _run(
        [
            str(programs / "initdb"),
            "-D",
            str(data),
            "-U",
            "harness",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        ],
        **user,
    )
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", "max_connections=200"]
    options = [part for setting in settings for part in ("-c", setting)]
    command = [
        "sh",
        "-c",
        UNTIL_WE_ARE_GONE,
        str(folder),
        str(programs / "postgres"),
        "-D",
        str(data),
        *options,
    ]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/", **user)
    _HELD.append(server)
    ready = ["psql", "-q", "-h", str(folder), "-U", "harness", "-d", "postgres", "-c", "SELECT 1"]
    until = time.monotonic() + 60
    while subprocess.run(ready, capture_output=True, check=False).returncode:
        assert server.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < until, "PostgreSQL did not start within a minute"
        time.sleep(0.05)
    return folder


def _programs() -> Path | None:
    """The newest server programs, as Debian lays them out or on the path; psql has to be there too."""
    if shutil.which("psql") is None:
        return None
    for folder in sorted(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found and shutil.which("postgres") else None


def _user() -> dict[str, Any]:
    """PostgreSQL does not run as root: its Debian user stands in."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _run(command: list[str], **settings: Any) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd="/", **settings)
