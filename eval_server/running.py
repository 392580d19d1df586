"""The server as processes: one at a time on a data folder, listening, announced when it answers."""

from __future__ import annotations

import fcntl
import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from uvicorn.supervisors import Multiprocess

from eval_server.desk import utc_now
from eval_server.settings import VARIABLE, Settings, SettingsUnsafe
from eval_server.store.store import Store

LOCK_FILE = "serve.lock"
GRACE = 10
"""Seconds that answers under way get when the server is stopped."""


class ServerBusy(Exception):
    """Another server works in this data folder, or has the port."""


def run(settings: Settings, port: int, announce: Callable[[str], None]) -> None:
    """Serve until stopped; `announce` is told the address once the server answers there.

    Raises `ServerBusy`, `SettingsUnsafe`, or the store's `StoreUnfit` before anything listens.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(settings.data_dir):
        _prepare(settings)
        listening = _bound(settings.host, port)
        url = _url(settings.host, listening.getsockname()[1])
        threading.Thread(target=_announce, args=(listening, url, announce), daemon=True).start()
        _serve(settings, listening)


def _prepare(settings: Settings) -> None:
    """Bring the store up to date and take up what a crash left, before anybody asks."""
    store = Store.open(settings.data_dir, settings.database)
    try:
        store.require_sound()
        if settings.workers > 1 and store.database.is_sqlite:
            raise SettingsUnsafe("more than one worker needs PostgreSQL: name it with --database")
        if not settings.is_open and not store.tokens.any_host(utc_now()):
            raise SettingsUnsafe(
                "there is no host's token yet: make one with `harness token add --role host`"
            )
        store.submissions.release()
        store.archive.sweep()
    finally:
        store.close()


def _serve(settings: Settings, listening: socket.socket) -> None:
    os.environ[VARIABLE] = settings.to_json()
    config = uvicorn.Config(
        "eval_server.app:from_environment",
        factory=True,
        workers=settings.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.public_names),
        timeout_graceful_shutdown=GRACE,
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[listening]).run()
    else:
        uvicorn.Server(config).run(sockets=[listening])


def follow_parent() -> None:
    """End this worker when the process that started it is gone, however it went."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Hold the data folder's lock, which the system gives back however the server ends."""
    with (data_dir / LOCK_FILE).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServerBusy(f"another server works in {data_dir}") from error
        yield


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ServerBusy(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
    listening.set_inheritable(True)
    return listening


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(listening: socket.socket, url: str, announce: Callable[[str], None]) -> None:
    """Ask for the server's health until it answers, then say so."""
    host, port = listening.getsockname()[:2]
    while True:
        connection = http.client.HTTPConnection(_reachable(host), port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                break
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    announce(url)


def _reachable(host: str) -> str:
    """An address at which a server that listens everywhere is reached from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
