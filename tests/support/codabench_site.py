"""A stand-in for Codabench, written from its documented answers, with the faults that it is known for."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "s3cr3tt0k3ns3cr3tt0k3n"
STATES = ("Submitting", "Submitted", "Preparing", "Running", "Scoring", "Finished")
SCORES = [{"id": 1, "index": 0, "score": "0.9007992947", "column_key": "weighted_f1"}]
BOARD = {
    "title": "Results",
    "submissions": [
        {"owner": owner, "scores": [{"column_key": key, "score": score} for key, score in scores.items()]}
        for owner, scores in (
            ("none", {"accuracy": "0.99"}),
            ("ada", {"weighted_f1": "0.9008", "accuracy": "0.9", "subject_accuracy": "0.8"}),
            ("ada", {"weighted_f1": "0.85", "accuracy": "0.86", "subject_accuracy": "0.8"}),
            ("bob, jr", {"weighted_f1": "0.81"}),
        )
    ],
}
STDERR = "\n".join(
    ["Traceback", *(f"line {at}" for at in range(30)), "Submission not scored: 1 line too few"]
)


@dataclass
class Stand:
    """What the site knows, which faults it has left, and every request seen; `answers` replaces some."""

    faults: dict[str, int] = field(default_factory=dict)
    allowed: bool = True
    ends: str = "Finished"
    late: int = 0
    url: str = ""
    stored: dict[str, bytes] = field(default_factory=dict)
    submissions: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[str, str, bool]] = field(default_factory=list)
    looks: int = 0
    answers: dict[str, Any] = field(default_factory=dict)

    def fault(self, name: str) -> bool:
        """Whether this fault happens now; each happens as often as it was asked for."""
        left = self.faults.get(name, 0)
        self.faults[name] = left - 1
        return left > 0

    def count(self, method: str, start: str) -> int:
        return sum(one == method and path.startswith(start) for one, path, _ in self.seen)


class _Cut(Exception):
    """The connection ends without an answer."""


@contextmanager
def codabench(stand: Stand) -> Iterator[Stand]:
    """The site on loopback, for the length of a test."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def do_PUT(self) -> None:
            self._serve("PUT")

        def _serve(self, method: str) -> None:
            known = self.headers.get("Authorization") == f"Token {TOKEN}"
            stand.seen.append((method, self.path, "Authorization" in self.headers))
            length = int(self.headers.get("Content-Length") or 0)
            try:
                if method == "PUT" and stand.fault("cut put"):
                    self.rfile.read(min(length, 100))
                    raise _Cut
                status, document = answer(stand, method, self.path, self.rfile.read(length), known)
            except _Cut:
                self.close_connection = True
                self.connection.close()
                return
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header(
                "Content-Type", "text/plain" if isinstance(document, bytes) else "application/json"
            )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stand
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(stand: Stand, method: str, path: str, body: bytes, known: bool) -> tuple[int, Any]:
    """What section 3 of the facts says for this request."""
    path = path.partition("?")[0]
    if f"{method} {path}" in stand.answers:
        return stand.answers[f"{method} {path}"]
    if path.startswith("/storage/"):
        return _storage(stand, method, path, body)
    if path == "/api/phases/31/get_leaderboard/":
        return 200, BOARD
    if not known and path != "/api/competitions/7/":
        return 401, {"detail": "Invalid token."}
    if method == "GET" and stand.fault("busy"):
        return 503, {"detail": "busy"}
    fields = {key: values[0] for key, values in urllib.parse.parse_qs(body.decode("latin-1")).items()}
    if path == "/api/competitions/7/":
        return 200, {"id": 7, "phases": [{"id": 31, "name": "prelim"}, {"id": 32, "name": "final"}]}
    if path.startswith("/api/can_make_submission/"):
        reason = None if stand.allowed else "Reached maximum allowed submissions for today for this phase"
        return 200, {"can": stand.allowed, "reason": reason}
    if (method, path) == ("POST", "/api/datasets/"):
        return _dataset(stand, fields)
    if path.startswith("/api/datasets/completed/"):
        if stand.fault("cut unpacking"):
            raise _Cut
        return 200, {"status_id": 5}
    if path.endswith("/creation_status/"):
        stand.looks += 1
        status = "Starting" if stand.looks < 3 else stand.ends
        details = "'NoneType' object is not iterable" if status == "Failed" else None
        return 200, {"status": status, "details": details, "resulting_competition": 44}
    if path == "/api/submissions/":
        return _submissions(stand, method, fields)
    if path.startswith("/api/submissions/"):
        return _submission(stand, path)
    return 404, {"detail": "Not found."}


def _storage(stand: Stand, method: str, path: str, body: bytes) -> tuple[int, Any]:
    if method == "GET":
        return 200, STDERR.encode()
    if stand.fault("expired"):
        return 403, b"<Error><Code>AccessDenied</Code></Error>"
    stand.stored[path.rpartition("/")[2]] = body
    return 200, b""


def _dataset(stand: Stand, fields: dict[str, str]) -> tuple[int, Any]:
    missing = {"type", "request_sassy_file_name", "file_size"} - fields.keys()
    if missing:
        return 400, {name: ["This field is required."] for name in missing}
    key = f"key-{stand.count('POST', '/api/datasets/')}"
    return 201, {"key": key, "sassy_url": f"{stand.url}/storage/{key}?X-Amz-Signature=s1gn4tur3"}


def _submissions(stand: Stand, method: str, fields: dict[str, str]) -> tuple[int, Any]:
    if method == "GET":
        return 200, stand.submissions
    if stand.fault("over quota"):
        return 500, b"<h1>Server Error (500)</h1>"
    if stand.fault("cut before"):
        raise _Cut
    made = {"id": 100 + len(stand.submissions), "status": "Submitting", **fields}
    stand.submissions.append(made)
    if stand.fault("cut after"):
        raise _Cut
    return 201, made


def _submission(stand: Stand, path: str) -> tuple[int, Any]:
    if path.endswith("/get_details/"):
        address = f"{stand.url}/storage/log?X-Amz-Signature=s1gn4tur3"
        return 200, {"logs": [{"name": "scoring_stderr", "data_file": address}]}
    status = STATES[min(stand.looks, len(STATES) - 1)]
    stand.looks += 1
    if status == "Finished":
        status = stand.ends
        stand.late -= 1
    scores = SCORES if status == "Finished" and stand.late < 0 else []
    details = "Child task failed or non-zero return code" if status == "Failed" else ""
    return 200, {"id": 100, "status": status, "status_details": details, "scores": scores}
