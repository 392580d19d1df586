"""The scheduler of a Dask cluster: whether an address can be one, and whether one answers there."""

from __future__ import annotations

import asyncio
import time

from distributed.comm import parse_address, parse_host_port
from distributed.core import connect

from harness import console
from harness.errors import Unavailable, UsageWrong

WAIT_FOR_SCHEDULER = 600.0
"""Seconds that a scheduler gets to come, or to come back."""

_SCHEMES = ("tcp", "tls", "ucx", "ws", "wss")
"""Those of distributed that lead to another process."""

_CONNECT = 5.0
_PAUSE = 1.0


def require_address(address: str) -> None:
    """Raise `UsageWrong` for what no scheduler can be reached at."""
    try:
        scheme, (host, port) = parse_address(address)[0], parse_host_port(address)
    except ValueError:
        scheme, host, port = "", "", 0
    if scheme not in _SCHEMES or not host or not 0 < port < 65536:
        raise UsageWrong(
            f"--scheduler {address} is no address: expected SCHEME://HOST:PORT with one of "
            f"{', '.join(_SCHEMES)} as scheme",
            "Write the address that `dask scheduler` prints, such as tcp://HOST:8786.",
        )


def wait_for(address: str) -> None:
    """Return as soon as a scheduler answers; raises `Unavailable` where none does in time.

    A client is made only then: one that finds nobody leaves threads and tracebacks behind.
    """
    until, said = time.monotonic() + WAIT_FOR_SCHEDULER, False
    while not _answers(address):
        if not said:
            console.say(f"no scheduler answers at {address}: waiting for it")
        said = True
        if time.monotonic() > until:
            raise Unavailable(
                f"no scheduler answered at {address} for {WAIT_FOR_SCHEDULER:.0f} seconds",
                "Start one by `dask scheduler`, and give the same command again: it goes on from what was "
                "saved.",
            )
        time.sleep(_PAUSE)


def _answers(address: str) -> bool:
    try:
        asyncio.run(asyncio.wait_for(_identity(address), _CONNECT))
    except OSError:
        return False
    except (ImportError, RuntimeError, TypeError, ValueError) as lack:
        said = " ".join(str(lack).split())
        raise Unavailable(
            f"{address} cannot be reached from here: {said}",
            "tls needs its certificates in Dask's configuration, ucx the package distributed-ucxx.",
        ) from lack
    return True


async def _identity(address: str) -> None:
    """Ask the scheduler who it is; something else that listens there is silent, or breaks the connection."""
    comm = await connect(address, timeout=_CONNECT)
    try:
        await comm.write({"op": "identity", "n_workers": 0, "reply": True})
        await comm.read()
    finally:
        comm.abort()
