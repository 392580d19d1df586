"""What strangers send: every answer is a 4xx or a refusal, and nothing leaves the data folder.

The short form runs with the other tests; ``HARNESS_MALFORMED=10000`` sends as many.
"""

from __future__ import annotations

import os
import random
import resource
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import booleans
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from eval_server.store.mark import MARK_FILE
from tests.support.desk import Place, a_place
from tests.support.server import a_zip

MALFORMED = int(os.environ.get("HARNESS_MALFORMED", "300"))
EXAMPLES = int(os.environ.get("HARNESS_EXAMPLES", "12"))
BOUNDARY = b"----b"
INSERTED = (b"\r\n", b"\x00", b'"', b"--" + BOUNDARY, b"\xff\xfe", b"PK\x03\x04")
MEMORY = 400 * 2**20
"""Bytes by which the process may grow over all malformed uploads."""


def a_body(file: bytes) -> bytes:
    """A well-formed multipart body."""
    parts = (
        (b'name="entry"', b"e"),
        (b'name="team"', b"t"),
        (b'name="file"; filename="../../../tmp/evil.zip"\r\nContent-Type: application/zip', file),
        (b'name="scores"; filename="s.csv"', b"cell,score\n1.bmp,0.5\n"),
    )
    body = b"".join(
        b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    )
    return body + b"--" + BOUNDARY + b"--\r\n"


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A few bytes changed, cut out, doubled or put in."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(changed) + 1)
        kind = dice.randrange(4)
        if kind == 0:
            changed[at : at + 1] = bytes([dice.randrange(256)])
        elif kind == 1:
            del changed[at : at + dice.randint(1, 200)]
        elif kind == 2:
            changed[at:at] = changed[at : at + dice.randint(1, 200)]
        else:
            changed[at:at] = dice.choice(INSERTED)
    return bytes(changed)


def headers(dice: random.Random) -> dict[str, str]:
    """Mostly the right header, sometimes a lie."""
    plain = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    lies = (
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"{plain}; charset=no-such-charset",
        f"{plain}; charset=utf-16",
        "multipart/form-data; boundary=" + "x" * 300,
        "multipart/mixed; boundary=x",
        "application/json",
        "",
    )
    return {"Content-Type": plain if dice.random() < 0.8 else dice.choice(lies)}


def test_malformed_uploads_are_refused_and_never_break_the_server(place: Place, tmp_path: Path) -> None:
    dice, before = random.Random(2019), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    client = place.client()
    outside = set(Path("/tmp").glob("evil*"))
    for number in range(MALFORMED):
        inner = dice.random() < 0.5
        zip_bytes = mutated(a_zip(number % 7, seed=number), dice) if inner else a_zip(number % 7, seed=number)
        body = a_body(zip_bytes) if inner and dice.random() < 0.5 else mutated(a_body(zip_bytes), dice)
        path = dice.choice(("submissions", "checks"))
        answer = client.post(f"/api/phases/small/{path}", content=body, headers=headers(dice))
        assert answer.status_code < 500, (number, answer.text)
    place.desk.judge.stop()
    place.desk.judge.work()
    assert place.desk.store.submissions.by_status().get("failed", 0) == 0
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown < MEMORY
    assert set(Path("/tmp").glob("evil*")) == outside
    kept = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert all(len(name) == 64 or name.startswith(("server.sqlite3", MARK_FILE)) for name in kept)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer \u00ff\u00fe"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": ""},
        {"Cookie": "harness_session=\u00ff"},
        {"Cookie": "=;;;=harness_session"},
        {"Content-Length": "-1"},
        {"Content-Length": "9" * 30},
        {"Host": "\u00ff"},
        {"Origin": "\u00ff"},
        {"Content-Type": "multipart/form-data; boundary=\u00ff"},
    ],
)
def test_malformed_headers_are_refused(place: Place, headers: dict[str, str]) -> None:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = place.client().post("/api/phases/small/submissions", content=a_body(a_zip()), headers=sent)
    assert 400 <= answer.status_code < 500


def test_nothing_that_the_description_allows_breaks_the_server_and_answers_are_as_described(
    tmp_path: Path,
) -> None:
    with a_place(tmp_path / "data", access="tokens", token_attempts_per_minute=1_000_000) as place:
        place.phase()
        place.hand_in(a_zip(1), token=place.token("team", "red"))
        described = schemathesis.openapi.from_asgi("/openapi.json", place.app, headers={"Host": "localhost"})
        bearer = {"Authorization": f"Bearer {place.token('host')}", "Host": "localhost"}
        operations = [found.ok() for found in described.get_all_operations() if isinstance(found, Ok)]
        for operation in operations:
            drive(operation, bearer)
    assert len(operations) >= 15


def drive(operation: Any, bearer: dict[str, str]) -> None:
    """Ask one operation for whatever its description allows, as a host and as a stranger."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), known=booleans())
    def ask(case: Any, known: bool) -> None:
        answer = case.call(headers=bearer if known else {"Host": "localhost"})
        assert answer.status_code < 500, case.as_curl_command()
        case.validate_response(answer, checks=[response_schema_conformance, content_type_conformance])

    ask()
