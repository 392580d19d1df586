"""nginx in front of a server, configured as docs/hosting.md says; tests skip where it is not installed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.server import Server

PREFIX = "/leaderboard"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "hosting.md"
FRAME = """\
daemon off; master_process off; pid nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off; keepalive_timeout 5s;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    {server}
}}
"""


def nginx() -> str:
    """The program; skips the test, with the reason, where there is none."""
    found = os.environ.get("HARNESS_TEST_NGINX") or shutil.which(
        "nginx", path=f"{os.environ['PATH']}:/usr/sbin"
    )
    if found is None:
        pytest.skip("nginx is not installed (make services)")
    return found


def documented() -> list[str]:
    """The `server` blocks that docs/hosting.md gives for nginx."""
    return re.findall(r"```nginx\n(server \{.*?)```", DOCUMENT.read_text(), re.S)


def example(path: str) -> str:
    """The documented block that offers the server under a path."""
    (found,) = [block for block in documented() if f"location {path}/ {{" in block]
    return found


def here(block: str, port: int, behind: str) -> str:
    """A documented block, listening without TLS on a port of loopback, in front of a server of ours."""
    block = re.sub(r" *ssl_certificate.*\n", "", block)
    block = block.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    return block.replace("http://127.0.0.1:8000", f"http://{behind}")


@contextmanager
def behind_nginx(
    server: Server, folder: Path, *, stripped: bool = False, told: bool = True
) -> Iterator[Server]:
    """The same server as it is reached through nginx, under the path of the documented example.

    With `stripped` the proxy takes the path off. An open server, which is its own machine's alone, refuses
    what says that it was forwarded: with `told` off the proxy does not say so.
    """
    program, behind = nginx(), urlsplit(server.url).netloc
    block = example(PREFIX)
    if stripped:
        block = block.replace("8000;", "8000/;")
    if not told:
        block = re.sub(r" *proxy_set_header X-Forwarded.*\n", "", block)
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    (folder / "nginx.conf").write_text(FRAME.format(server=here(block, port, behind)))
    command = [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with (folder / "nginx.log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            _await(process, port, folder / "nginx.log")
            yield replace(server, url=f"http://127.0.0.1:{port}{PREFIX}")
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _await(process: subprocess.Popen[bytes], port: int, log: Path, within: float = 20) -> None:
    until = time.monotonic() + within
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(log.read_text())
