"""How this server runs: where its data lies, whom it listens to, and what it lets through."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

OPEN, TOKENS = "open", "tokens"
VARIABLE = "HARNESS_SERVER_SETTINGS"
"""The environment variable through which worker processes get the settings.

uvicorn starts them by the name of a function, which takes no arguments.
"""


OWN_PATHS = frozenset(
    {"api", "docs", "healthz", "help", "host", "metrics", "openapi.json", "phases", "sign-in", "sign-out"}
    | {"static", "submissions", "teams"}
)
"""What the addresses of this server begin with, which therefore cannot begin a prefix of them all."""


class SettingsUnsafe(ValueError):
    """Settings under which the server would be open to people it should not be open to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `harness serve` was asked for.

    `access` is ``open`` (anyone at this machine hands in for any team, no tokens) or ``tokens``.
    `contact` says on the start page whom to ask. `public_names` are the host names under which a proxy
    offers this server, `path_prefix` the path there ("" or "/leaderboard"). Rates are per minute and worker
    process; None means no limit.
    """

    data_dir: Path
    database: str | None = None
    host: str = "127.0.0.1"
    access: str = OPEN
    public_names: tuple[str, ...] = ()
    workers: int = 1
    upload_bytes: int = 16 * 2**20
    uploads_per_minute: int | None = None
    token_attempts_per_minute: int = 10
    images: Path | None = None
    contact: str = ""
    path_prefix: str = ""

    def __post_init__(self) -> None:
        if self.access not in (OPEN, TOKENS):
            raise ValueError(f"access is {OPEN} or {TOKENS}, found {self.access!r}")
        if self.access == OPEN and not self.only_here:
            raise SettingsUnsafe(f"{self.host} can be reached from other machines, so access needs tokens")

    @property
    def only_here(self) -> bool:
        """Whether nobody outside this machine is meant to reach the server."""
        return is_loopback(self.host) and not self.public_names

    def path_to(self, path: str) -> str:
        """Where a path of this server is for whoever comes from outside: behind the prefix, if there is one.

        Every address that leaves this server is made here; `tests/contracts/test_addresses.py` holds that.
        """
        return self.path_prefix + path

    @property
    def is_open(self) -> bool:
        return self.access == OPEN

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        values = json.loads(text)
        values["data_dir"] = Path(values["data_dir"])
        values["images"] = None if values["images"] is None else Path(values["images"])
        values["public_names"] = tuple(values["public_names"])
        return cls(**values)


def prefix_of(text: str) -> str:
    """A path prefix as it stands before every address: "/leaderboard", or "" for none.

    Raises `ValueError` for what is no plain path, or could be taken for an address of the server's own.
    """
    names = text.strip("/").split("/") if text.strip("/") else []
    if any(re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", name) is None for name in names):
        raise ValueError(f"expected a path such as /leaderboard: letters, digits and -._~, found {text!r}")
    if names and names[0] in OWN_PATHS:
        raise ValueError(f"expected a path that none of the server's own begins with, found {text!r}")
    return "".join(f"/{name}" for name in names)


def is_loopback(host: str) -> bool:
    """Whether this name or address leads to the machine itself and nowhere else."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Whether this is a number, which no foreign name server can point elsewhere."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
