"""Handing a submission in to Codabench, and waiting for its scores.

What is asked again when a connection breaks is what may be asked twice: reading, sending the same bytes to
the same signed address, and making a place for them. Handing in is not: where its answer is lost, the list
of submissions says whether it arrived. The token goes to the site alone, never to a signed address.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from harness.errors import Refused, ServerTrouble, UsageWrong
from harness.upload.answers import Shape, require_shape, without_token

SITE = "https://www.codabench.org"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ENDED = ("Finished", "Failed", "Cancelled")
TRIES = 4
LAST_LINES = 20
BLOCK = 1 << 16
_BUSY = (502, 503, 504)
PHASES: Shape = {"phases": [{"id": int, "name": str}]}
_ALLOWED: Shape = {"can": bool, "reason": (None, str)}
_PLACE: Shape = {"key": str, "sassy_url": str}
_ROWS: Shape = [{"id": int}]
_SUBMISSION: Shape = {
    "status": (None, str),
    "status_details": (None, str),
    "scores": (None, [{"column_key": str, "score": float}]),
}
_LOGS: Shape = {"logs": [{"name": str, "data_file": (None, str)}]}

logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses, and signed ones are keys


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited: between tries, between looks at a submission, and for it in all."""

    pause: float = 2.0
    look: float = 5.0
    whole: float = 1800.0
    late_scores: int = 12


@dataclass(frozen=True, slots=True)
class Site:
    """Codabench at `url`, as the owner of `token`, or without one as anybody."""

    url: str
    token: str = field(repr=False)
    patience: Patience = Patience()

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOOPBACK):
            raise UsageWrong(f"{self.url}: a token goes to an https address only", f"Write --site {SITE}")

    def get(self, path: str, shape: Shape) -> Any:
        """Read something of this shape; asked again where the connection breaks or the site is busy."""
        return self.document(again(lambda: self.send("GET", path), self.patience.pause), path, shape)

    def post(self, path: str, fields: Mapping[str, Any], shape: Shape) -> Any:
        """Send a form that may be sent twice; asked again as in `get`."""
        answer = again(lambda: self.send("POST", path, data=dict(fields)), self.patience.pause)
        return self.document(answer, path, shape)

    def document(self, answer: httpx.Response, path: str, shape: Shape) -> Any:
        """The document of an answer, which has this shape and nowhere holds the token."""
        return require_shape(without_token(_answer(answer, path, self.token), self.token), shape, path)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, with the token."""
        headers = {"Accept": "application/json"}
        headers |= {"Authorization": f"Token {self.token}"} if self.token else {}
        return httpx.request(method, self.url.rstrip("/") + path, headers=headers, timeout=30, **more)


def again(send: Callable[[], httpx.Response], pause: float) -> httpx.Response:
    """Send until it is answered, a few times; what it raises names no address, which may be a key."""
    why = ""
    for turn in range(TRIES):
        if turn:
            time.sleep(pause * 2 ** (turn - 1))
        try:
            answer = send()
        except httpx.RequestError as error:
            why = type(error).__name__
            continue
        except httpx.InvalidURL:
            raise ServerTrouble("an address is none", "Is --site a Codabench?") from None
        if answer.status_code not in _BUSY:
            return answer
        why = f"HTTP {answer.status_code}"
    raise ServerTrouble(f"Codabench did not answer in {TRIES} tries ({why})", "Try again later.")


def _answer(response: httpx.Response, path: str, token: str) -> Any:
    """The document of an answer; raises `ServerTrouble` with the site's words when it refuses."""
    words = str(without_token(_words(response), token))[:300]
    if response.status_code in (401, 403):
        hint = "Is the token right, and does its owner take part in the competition?"
        raise ServerTrouble(f"Codabench refused {path} ({response.status_code}): {words}", hint)
    if not response.is_success:
        hint = "It answers so, too, where a quota is used up." if response.status_code == 500 else ""
        raise ServerTrouble(f"Codabench answered {path} with {response.status_code}: {words}", hint)
    try:
        return response.json()
    except (ValueError, RecursionError):
        raise ServerTrouble(f"Codabench answered {path} with no JSON document", "Is --site right?") from None


def _words(response: httpx.Response) -> str:
    """What the site says, in one line; nothing of an HTML page."""
    if "json" not in response.headers.get("content-type", ""):
        return response.reason_phrase
    return " ".join(response.text.split())


@dataclass(frozen=True, slots=True)
class Place:
    """A phase of a competition that takes our submission."""

    phase: int
    name: str


def place_of(site: Site, competition: int, phase: str) -> Place:
    """Find the phase by its name, and ask whether we may submit; raises `Refused` with the reason."""
    found = site.get(f"/api/competitions/{competition}/", PHASES)
    names = {str(one["name"]): one for one in found["phases"]}
    wanted = next((one for name, one in names.items() if name.lower() == phase.lower()), None)
    if wanted is None:
        raise UsageWrong(f"there is no phase {phase!r}", f"There are: {', '.join(names)}.")
    allowed = site.get(f"/api/can_make_submission/{wanted['id']}/", _ALLOWED)
    if not allowed["can"]:
        raise Refused(f"Codabench takes no submission to {wanted['name']} now: {allowed.get('reason')}")
    return Place(wanted["id"], str(wanted["name"]))


def hand_in(site: Site, place: Place, submission: Path, advance: Callable[[int], object]) -> int:
    """Send the zip and hand it in; returns the number of the submission. `advance` is told of sent bytes."""
    key = _sent(site, submission, advance)
    path, lost = "/api/submissions/", ""
    try:
        answer = site.send("POST", path, data={"phase": place.phase, "data": key})
        if answer.status_code not in _BUSY:
            return int(site.document(answer, path, {"id": int})["id"])
        lost = f"HTTP {answer.status_code}"
    except httpx.RequestError as error:
        lost = type(error).__name__
    arrived = _arrived(site, place, key)
    if arrived is None:
        raise ServerTrouble(
            f"the answer to handing in was lost ({lost}), and the submission is not listed",
            "Look at the competition's page before you hand in again.",
        )
    return arrived


def _arrived(site: Site, place: Place, key: str) -> int | None:
    """The submission of these data, where the site has it although its answer was lost."""
    listed = site.get(f"/api/submissions/?phase={place.phase}", (_ROWS, {"results": _ROWS}))
    rows = listed["results"] if isinstance(listed, dict) else listed
    return next((int(one["id"]) for one in rows if str(one.get("data")) == key), None)


def _sent(site: Site, submission: Path, advance: Callable[[int], object], kind: str = "submission") -> str:
    """Put the bytes where the site wants them; an address that expired meanwhile is asked for anew, once."""
    fields = {
        "type": kind,
        "request_sassy_file_name": submission.name,
        "file_size": submission.stat().st_size,
    }
    for _ in range(2):
        made = site.post("/api/datasets/", fields, _PLACE)
        answer = again(lambda to=made["sassy_url"]: _put(to, submission, advance), site.patience.pause)  # type: ignore[misc]
        if answer.is_success:
            return str(made["key"])
        if answer.status_code != 403:
            break
    raise ServerTrouble(f"Codabench's storage refused the file with {answer.status_code}", "Try again later.")


def _put(address: str, submission: Path, advance: Callable[[int], object]) -> httpx.Response:
    headers = {"Content-Type": "application/zip", "Content-Length": str(submission.stat().st_size)}
    return httpx.put(address, content=_blocks(submission, advance), headers=headers, timeout=120)


def _blocks(submission: Path, advance: Callable[[int], object]) -> Iterator[bytes]:
    with submission.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block
            advance(len(block))


def verdict_of(site: Site, number: int, say: Callable[[str], object]) -> dict[str, Any]:
    """Wait for the end of a submission; raises with the last lines of its log where it failed.

    Scores come after "Finished": they are read again a few times.
    """
    until = time.monotonic() + site.patience.whole
    told, late = "", 0
    while time.monotonic() < until:
        found: dict[str, Any] = site.get(f"/api/submissions/{number}/", _SUBMISSION)
        status = str(found.get("status") or "received")
        if status != told:
            say(f"Submission {number}: {status}")
            told = status
        if status in ("Failed", "Cancelled"):
            raise _failed(site, number, found)
        if status == "Finished" and (found.get("scores") or late >= site.patience.late_scores):
            return _scored(number, found)
        late += status == "Finished"
        time.sleep(site.patience.look)
    raise ServerTrouble(
        f"submission {number} is still {told or 'unknown'} after {site.patience.whole:.0f} s",
        "It is safe there; look at the competition's page later.",
    )


def _scored(number: int, found: Mapping[str, Any]) -> dict[str, Any]:
    scores = {one["column_key"]: float(one["score"]) for one in found.get("scores") or ()}
    if not scores:
        raise ServerTrouble(
            f"submission {number} is finished and has no scores",
            "Its scoring program wrote none that the platform could read: tell the organizer.",
        )
    return {"submission": number, "status": "Finished", "scores": scores}


def _failed(site: Site, number: int, found: Mapping[str, Any]) -> Refused:
    status = str(found["status"]).lower()
    lines = _last_lines(site, number)
    reason = f": {found['status_details']}" if found.get("status_details") else ""
    return Refused(f"submission {number} {status}{reason}" + "".join(f"\n  {line}" for line in lines))


def _last_lines(site: Site, number: int) -> list[str]:
    """The end of what scoring, or else prediction, wrote to standard error; none where logs are hidden."""
    try:
        logs = {
            one["name"]: one.get("data_file")
            for one in site.get(f"/api/submissions/{number}/get_details/", _LOGS)["logs"]
        }
    except ServerTrouble:
        return []
    for name in ("scoring_stderr", "prediction_stderr"):
        text = str(without_token(_log(logs.get(name), site.patience.pause), site.token))
        if text.strip():
            return [line for line in text.splitlines() if line.strip()][-LAST_LINES:]
    return []


def _log(address: str | None, pause: float) -> str:
    """A log from its signed address, which gets no token."""
    if not address:
        return ""
    try:
        answer = again(lambda: httpx.get(address, timeout=30), pause)
    except ServerTrouble:
        return ""
    return answer.text if answer.is_success else ""


def found_competition(
    site: Site, bundle: Path, advance: Callable[[int], object], say: Callable[[str], object]
) -> int:
    """Send a bundle and have it unpacked; returns the number of the competition that comes of it.

    Unpacking is asked for once: twice could make two competitions.
    """
    path = f"/api/datasets/completed/{_sent(site, bundle, advance, 'competition_bundle')}/"
    try:
        number = site.document(site.send("PUT", path), path, {"status_id": int})["status_id"]
    except httpx.RequestError as error:
        raise ServerTrouble(
            f"the answer to unpacking was lost ({type(error).__name__})",
            "Look at your competitions before you upload the bundle again.",
        ) from None
    return _unpacked(site, number, say)


def _unpacked(site: Site, number: int, say: Callable[[str], object]) -> int:
    """Wait until the bundle is unpacked; raises `Refused` with the site's own words where it is not."""
    until = time.monotonic() + site.patience.whole
    told, path = "", f"/api/competitions/{number}/creation_status/"
    while time.monotonic() < until:
        found = site.get(path, {"status": str})
        if found["status"] != told:
            told = str(found["status"])
            say(f"Unpacking: {told}")
        if told == "Finished":
            return int(require_shape(found, {"resulting_competition": int}, path)["resulting_competition"])
        if told == "Failed":
            hint = "`harness bundle check` says what the words mean."
            raise Refused(f"Codabench refused the bundle: {found.get('details')}\n{hint}")
        time.sleep(site.patience.look)
    raise ServerTrouble(f"the bundle is still {told or 'not unpacked'}", "Look at your competitions later.")
