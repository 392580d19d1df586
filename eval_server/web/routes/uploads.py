"""Uploads: a multipart body, streamed to disk under a cap, then kept, then acknowledged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from eval_server.service.access import Caller, require_open, require_rate, team_of
from eval_server.service.deeds import Upload, hand_in
from eval_server.service.desk import Desk
from eval_server.service.terms import require_accepted
from eval_server.store.limits import LONGEST_NAME
from eval_server.store.records import PhaseRecord, Receipt
from eval_server.store.team_names import folded, unfit_line
from eval_server.web.routes.callers import address_of, require_form_token
from eval_server.web.routes.problems import Refusal
from submissions.checking import CheckReport, check
from submissions.columns import Scale
from submissions.manifest import Manifest
from submissions.phases import Phase
from submissions.problems import bare

SLACK = 2**20
"""What a multipart body may hold beside the zip: scores, manifest, names."""
SMALL_PART = 512 * 2**10
"""What a field or a manifest may hold: the parser keeps fields in memory, files on disk."""
WHOLE = "the whole upload (file, scores and manifest)"
SECONDS = 120
"""How long a body may take to arrive."""
AT_ONCE = 2
"""Uploads that are written at the same time: more are not faster, and make readers wait for their turn."""


@dataclass(frozen=True, slots=True)
class SentParts:
    """The zip or table and what may come beside it, files still open; `remarks` are the manifest's words.

    `scale` says what the scores of a table are, where its sender said so.
    """

    file: UploadFile
    scores: UploadFile | None
    manifest: str | None
    remarks: tuple[str, ...]
    scale: Scale | None = None


@dataclass(frozen=True, slots=True)
class SentForm:
    """An upload's form: its parts, and its fields as text."""

    parts: SentParts
    entry: str
    team: str | None
    csrf: str | None
    terms: str = ""


class _Whole(MultiPartParser):
    """Takes a body only with its closing boundary, and names the field that is too large.

    Starlette closes the files of a body whose stream raises, so a body cut short is refused at its end; a
    check after `parse` would leave the file of the unfinished part open.
    """

    def __init__(self, request: Request, most: int) -> None:
        self._ended, self._head = False, b""
        stream = self._to_the_end(_capped(request, most))
        super().__init__(request.headers, stream, max_files=4, max_fields=12, max_part_size=SMALL_PART)

    async def _to_the_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk
        if not self._ended:
            raise MultiPartException("it ends before its closing boundary.")

    def on_part_begin(self) -> None:
        super().on_part_begin()
        self._head = b""

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        super().on_header_value(data, start, end)
        self._head += data[start:end]

    def on_header_end(self) -> None:
        super().on_header_end()
        self._head += b"; "

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        try:
            super().on_part_data(data, start, end)
        except MultiPartException:
            name = parse_options_header(self._head)[1].get(b"name", b"").decode("utf-8", "replace")
            raise _too_large(f"the field `{bare(name[:LONGEST_NAME])}`", SMALL_PART) from None

    def on_end(self) -> None:
        self._ended = True


async def receive(request: Request, desk: Desk, caller: Caller, record: PhaseRecord) -> Receipt:
    """Take in a submission; when this returns, it is on disk and in the database for good."""
    now = desk.now()
    team_of(caller, None)
    require_open(record, now)
    count(request, desk, caller)
    form = await read_form(request, desk.settings.upload_bytes + SLACK)
    try:
        sent = _form(form)
        require_form_token(request, sent.csrf)
        team = _name("team", team_of(caller, sent.team))
        await run_in_threadpool(require_accepted, desk, record, team, caller, sent.terms, now)
        async with request.app.state.keeping:
            return await run_in_threadpool(hand_in, desk, record, _upload(sent), team, caller, now)
    finally:
        await form.close()


def _upload(sent: SentForm) -> Upload:
    parts = sent.parts
    scores = None if parts.scores is None else parts.scores.file
    size = parts.file.size or 0
    return Upload(sent.entry, parts.file.file, size, scores, parts.manifest, parts.remarks, parts.scale)


async def checked(request: Request, desk: Desk, caller: Caller, record: PhaseRecord) -> CheckReport:
    """What would come of this upload; nothing of it is kept."""
    count(request, desk, caller)
    form = await read_form(request, desk.settings.upload_bytes + SLACK)
    try:
        parts = parts_of(form)
        asked = await run_in_threadpool(desk.verdicts.truth, record.truth)
        return await run_in_threadpool(_check, parts, asked.phase.called(record.rules.classes))
    finally:
        await form.close()


def _check(parts: SentParts, asked: Phase) -> CheckReport:
    scores = None if parts.scores is None else parts.scores.file.read()
    return check(parts.file.file.read(), asked, scores=scores, scale=parts.scale)


def count(request: Request, desk: Desk, caller: Caller) -> None:
    """Note an upload, kept or only checked; raises `TooMany` where this caller has been too fast."""
    key = caller.token or address_of(request)
    require_rate(desk.uploads, key, "uploads", desk.now())
    desk.uploads.count(key)


async def read_form(request: Request, most: int) -> FormData:
    """A multipart body of at most `most` bytes; anything else is refused with what was expected."""
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise Refusal(415, f"Expected multipart/form-data with the part `file`, found {kind[:80]!r}.")
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:20]) > most:
        raise _too_large(WHOLE, most, int(stated[:20]))
    parser = _Whole(request, most)
    try:
        async with asyncio.timeout(SECONDS):
            return await parser.parse()
    except MultiPartException as error:
        raise Refusal(400, f"The multipart body cannot be read: {error.message}") from error
    except (UnicodeDecodeError, LookupError, ValueError) as error:
        raise Refusal(400, f"The multipart body cannot be read: {type(error).__name__}") from error
    except TimeoutError as error:
        raise Refusal(408, f"The body did not arrive within {SECONDS} seconds.") from error
    except ClientDisconnect as error:
        raise Refusal(400, "The body ended before it was complete.") from error


async def _capped(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > most:
            raise _too_large(WHOLE, most)
        yield chunk


def _too_large(what: str, most: int, found: int | None = None) -> Refusal:
    size = "more" if found is None else f"{found:,}"
    return Refusal(413, f"Expected at most {most:,} bytes in {what}, found {size}.", limit=most)


def _form(form: FormData) -> SentForm:
    parts = parts_of(form)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    entry = _name("entry", fields.get("entry"))
    team = fields.get("team") or None
    return SentForm(parts, entry, team, fields.get("csrf"), fields.get("terms", "").strip().lower())


def parts_of(form: FormData) -> SentParts:
    """The files of a form; raises `Refusal` for one that is missing, too large or no file."""
    file, scores = form.get("file"), form.get("scores")
    if not isinstance(file, UploadFile):
        raise Refusal(422, "The part `file` is missing: the submission, a zip or a table, sent as a file.")
    if isinstance(scores, str) and scores:
        raise Refusal(422, "The part `scores` is a file: a table with the columns cell and score.")
    table = scores if isinstance(scores, UploadFile) and scores.size else None
    if table is not None and (table.size or 0) > SLACK:
        raise _too_large("the part `scores`", SLACK, table.size)
    return SentParts(file, table, *_manifest(form.get("manifest")), _scale(form.get("scores_as")))


def _scale(value: Any) -> Scale | None:
    """What the sender says that the scores are; nothing where the field is left out or empty."""
    if not value:
        return None
    try:
        return Scale(value)
    except ValueError:
        said = ", ".join(Scale)
        raise Refusal(422, f"Expected `scores_as` to be one of {said}, found {str(value)[:40]!r}.") from None


def _manifest(part: Any) -> tuple[str | None, tuple[str, ...]]:
    """The manifest's text and the words it obliges to, from a file or a field."""
    if isinstance(part, UploadFile):
        if (part.size or 0) > SMALL_PART:
            raise _too_large("the part `manifest`", SMALL_PART, part.size)
        part = part.file.read()
    if not part:
        return None, ()
    try:
        manifest = Manifest.from_json(part)
        return json.dumps(json.loads(part), allow_nan=False), manifest.remarks
    except (ValueError, TypeError, RecursionError) as error:
        raise Refusal(422, f"The manifest cannot be taken: {str(error)[:300]}") from error


def _name(what: str, value: str | None) -> str:
    """A team's or entry's name: one line of printable text, with as many spaces as were sent."""
    text = (value or "").strip()
    if wrong := unfit_line(folded(text)):
        raise Refusal(422, f"Expected `{what}`: {wrong}.")
    return text
