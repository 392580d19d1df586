"""The server as processes: one at a time on a data folder, listening, announced when it answers."""

from __future__ import annotations

import fcntl
import http.client
import json
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from eval_server.service.desk import utc_now
from eval_server.service.settings import VARIABLE, Settings, SettingsUnsafe
from eval_server.store.store import Store
from eval_server.web.connections import Patient

LOCK_FILE = "serve.lock"
GIVEN_UP = signal.SIGUSR1
"""What tells the server's first process that there is no use in going on."""
NOT_UP = "the server did not come up, and said why above"
GRACE = 10
"""Seconds that answers under way get when the server is stopped."""


class ServerBusy(Exception):
    """Another server works in this data folder, or has the port."""


class ServerFailed(Exception):
    """The server ended by itself: it did not come up, or no judge could be started."""


def run(settings: Settings, port: int, announce: Callable[[str], None]) -> None:
    """Serve until stopped; `announce` is told the address once the server answers there.

    Raises `ServerBusy`, `SettingsUnsafe`, or the store's `StoreUnfit` before anything listens, and
    `ServerFailed` where it ends by itself.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(settings.data_dir):
        _prepare(settings)
        listening = _bound(settings.host, port)
        url = _url(settings.host, listening.getsockname()[1]) + settings.path_prefix
        told = listening, settings.path_to("/healthz"), partial(announce, url)
        threading.Thread(target=_announce, args=told, daemon=True).start()
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
        store.queue.release()
        store.archive.sweep()
    finally:
        store.close()


def _serve(settings: Settings, listening: socket.socket) -> None:
    """Serve until stopped; the processes that are started take no module from the folder they start in.

    Raises `ServerFailed` where it ends by itself.
    """
    os.environ[VARIABLE] = settings.to_json()
    os.environ["PYTHONSAFEPATH"] = "1"
    config = uvicorn.Config(
        "eval_server.web.app:from_environment",
        factory=True,
        http=Patient,
        ws="none",
        workers=settings.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.public_names),
        timeout_graceful_shutdown=GRACE,
    )
    server = _Workers(config, [listening]) if settings.workers > 1 else _Alone(config)
    server.serve_on(listening)
    if server.given_up:
        raise ServerFailed(
            "no judge could be started: several in a row ended before they came to work, and said why above"
        )


class _Alone(uvicorn.Server):
    """A server in this process, which its judge's keeper can end."""

    given_up = False

    def serve_on(self, listening: socket.socket) -> None:
        signal.signal(GIVEN_UP, self._end)
        try:
            self.run(sockets=[listening])
        except SystemExit as end:
            raise ServerFailed(NOT_UP) from end

    def _end(self, number: int, frame: object) -> None:
        self.given_up = self.should_exit = True


class _Workers(Multiprocess):
    """Several worker processes, each of which can end them all."""

    given_up = False

    def serve_on(self, listening: socket.socket) -> None:
        self.run()
        if any(worker.exitcode == STARTUP_FAILURE for worker in self.processes):
            raise ServerFailed(NOT_UP)

    def handle_usr1(self) -> None:
        self.given_up = True
        self.should_exit.set()


def give_up() -> None:
    """End the whole server from one of its processes, because it cannot do its work."""
    parent = multiprocessing.parent_process()
    server = os.getpid() if parent is None else parent.pid
    if server is not None:
        os.kill(server, GIVEN_UP)


def follow_parent() -> None:
    """End this worker when the process that started it is gone, however it went."""
    # looked for again and again: only Linux can be told to send a signal when a parent ends
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


def _announce(listening: socket.socket, health: str, announce: Callable[[], None]) -> None:
    """Ask for the server's health until it answers and a judge is at work, then say where it is."""
    host, port = listening.getsockname()[:2]
    while True:
        connection = http.client.HTTPConnection(_reachable(host), port, timeout=5)
        try:
            connection.request("GET", health)
            if not _waits_for_judge(connection.getresponse().read()):
                break
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    announce()


def _waits_for_judge(health: bytes) -> bool:
    """Whether what `/healthz` said names the judge; other troubles do not go away by waiting."""
    return any(trouble["name"] == "judge" for trouble in json.loads(health).get("troubles", ()))


def _reachable(host: str) -> str:
    """An address at which a server that listens everywhere is reached from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
