"""Handing a submission in to an evaluation server, and waiting for its verdict."""

from __future__ import annotations

import csv
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from harness.errors import Refused, ServerTrouble, UsageWrong
from harness.reports.entries import scores_beside
from submissions.parts import is_zip
from submissions.phases import Phase, first_cells

_WAITING = frozenset({"received", "checking"})
_TIMEOUT = 30.0
"""Seconds that one request may take."""

_PATIENCE = 300.0
"""Seconds to wait for a verdict."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where an evaluation server answers, and the token it knows us by (none on an open loopback one)."""

    url: str
    token: str | None = None

    def __post_init__(self) -> None:
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise UsageWrong(f"{self.url} is no server address", "Write --server http://127.0.0.1:8000")

    def ask(self, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        """One request; raises ServerTrouble with the server's own words when it refuses."""
        headers = {"Accept": "application/json"}
        headers |= {"Content-Type": kind} if kind else {}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        address = urljoin(self.url.rstrip("/") + "/", path)
        try:
            answer = httpx.request(
                "GET" if body is None else "POST",
                address,
                content=body,
                headers=headers,
                timeout=_TIMEOUT,
                follow_redirects=True,
            )
            if answer.is_error:
                raise _told(answer)
            document: dict[str, Any] = answer.json()
            return document
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise ServerTrouble(
                f"{self.url} did not answer as an evaluation server does: {error}",
                "Is it running (`harness serve`), and is the address right?",
            ) from None


def _told(answer: httpx.Response) -> ServerTrouble:
    """The problem document (RFC 9457) of a refusal, in words."""
    try:
        found = answer.json()
    except ValueError:
        found = {}
    problem = found if isinstance(found, dict) else {}
    title = problem.get("title") or answer.reason_phrase
    return ServerTrouble(
        f"the server answered {answer.status_code}: {title}", str(problem.get("detail") or "")
    )


def files_of(submission: Path) -> dict[str, Path]:
    """The parts of an upload: a zip with the scores that were packed beside it, or a table."""
    with submission.open("rb"):
        beside = scores_beside(submission)
    return {"file": submission} | ({"scores": beside} if is_zip(submission) and beside.exists() else {})


def require_same_order(server: Server, phase: str, table: Path) -> None:
    """Raise `Refused` where the server's phase asks for other cells than a run, or in another order.

    A zip holds labels alone, so lines in another order would be judged without a word, and come out wrong.
    """
    asked = server.ask(f"api/phases/{phase}")
    with table.open(encoding="utf-8", newline="") as stream:
        cells = tuple(row["cell"] for row in csv.DictReader(stream))
    if asked.get("cells_sha256", "") in ("", Phase(phase, cells).key):
        return
    expected = ", ".join(asked["first_cells"][:3])
    raise Refused(
        f"the phase {phase} of {server.url} asks for {asked['cells']} cells ({expected}, …), the run has "
        f"{len(cells)} ({first_cells(Phase(phase, cells), 3)}), or the same in another order",
        f"Fetch {urljoin(server.url, asked['cells_url'])} and pack {table} with `harness pack --cells`.",
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """What a phase asks a team to accept, and the digest by which it does."""

    text: str
    sha256: str


def terms_of(server: Server, phase: str) -> Terms | None:
    """The terms of a phase there; None where it has none, or is not open, so that none are accepted."""
    asked = server.ask(f"api/phases/{phase}")
    if asked.get("status", "open") != "open":
        return None
    text, sha256 = asked.get("terms", ""), asked.get("terms_sha256", "")
    return Terms(text, sha256) if text and sha256 else None


def accepting_terms(server: Server, phase: str, say: Callable[[str], None]) -> dict[str, str]:
    """The field of a hand-in that accepts a phase's terms, which are said; none where there are none."""
    terms = terms_of(server, phase)
    if terms is None:
        return {}
    say(f"This hand-in accepts for the team the terms of {phase}:\n{terms.text}")
    return {"terms": terms.sha256}


def hand_in(
    server: Server,
    phase: str,
    files: Mapping[str, Path],
    fields: Mapping[str, str],
    *,
    _PATIENCE: float = 300,
) -> dict[str, Any]:
    """Upload a submission and wait until it is judged.

    `files` are the parts ``file`` (the zip or table), and perhaps ``scores`` and ``manifest``; `fields` are
    ``entry``, on an open server ``team``, and perhaps ``scores_as``. The answer is the server's document of
    the scored submission; raises Refused with every reason, or ServerTrouble when the server failed.
    """
    body, kind = _multipart(files, fields)
    received = server.ask(f"api/phases/{phase}/submissions", body, kind)
    until = time.monotonic() + _PATIENCE
    while True:
        document = server.ask(f"api/submissions/{received['id']}")
        if document["status"] not in _WAITING:
            return _scored(document)
        if time.monotonic() > until:
            raise ServerTrouble(
                f"submission {received['id']} is still {document['status']} after {_PATIENCE:.0f} s",
                f"It is safe there; look later at {urljoin(server.url, received['url'])}",
            )
        time.sleep(0.2)


def _scored(document: dict[str, Any]) -> dict[str, Any]:
    if document["status"] == "refused":
        reasons = (
            "{what} ({where}): expected {expected}, found {found}. {mend}".format_map(one)
            for one in document["problems"]
        )
        raise Refused("\n".join((f"the server refused submission {document['id']}:", *reasons)))
    if document["status"] == "failed":
        raise ServerTrouble(
            f"the server failed at submission {document['id']}", "That is not your fault; tell its host."
        )
    return document


def _multipart(files: Mapping[str, Path], fields: Mapping[str, str]) -> tuple[bytes, str]:
    """A multipart/form-data body and its content type."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, path in files.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{path.name}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n")
        parts.append(path.read_bytes() + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
