"""What a host says of a phase on its page: title, names of the classes, texts, picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from eval_server.service.access import Caller, require_host
from eval_server.service.desk import Desk
from eval_server.service.own_picture import PictureRefused, taken
from eval_server.service.refusals import RequestUnfit
from eval_server.store.records import Introduction, PhaseRecord, Rules, titled

TEXTS = ("description", "rules", "terms", "contact")


@dataclass(frozen=True, slots=True)
class Said:
    """What a form says: its fields, a new picture if one was chosen, and whether the old one goes."""

    fields: Mapping[str, str]
    picture: bytes | None = None
    without_picture: bool = False


def introduce(desk: Desk, record: PhaseRecord, said: Said, caller: Caller) -> None:
    """Let a phase say this of itself from now on; raises `RequestUnfit` for what it cannot say."""
    require_host(caller)
    before = desk.store.introductions.of(record)
    try:
        texts = {name: _lines(said.fields.get(name, "")) for name in TEXTS}
        told, rules = replace(before, **texts), _rules(record.rules, said.fields)
        picture = _picture(desk, record, said)
    except (ValueError, PictureRefused) as wrong:
        raise RequestUnfit(f"This cannot be kept: {wrong}.") from wrong
    if rules != record.rules:
        desk.store.phases.change(record.name, rules)
    desk.store.introductions.put(record.name, told, picture)
    desk.store.audit.note(desk.now(), caller.name, "phase changed", record.name, _changes(before, told))


def _rules(rules: Rules, fields: Mapping[str, str]) -> Rules:
    given = {name: fields.get(name, "").strip() for name in ("title", "positive_class", "negative_class")}
    positive, negative = given["positive_class"] or None, given["negative_class"] or None
    named = titled(rules, given["title"])
    return replace(named, positive_class=positive, negative_class=negative)


def _lines(text: str) -> str:
    """A text as browsers send it, with the ends of lines that files have."""
    return text.replace("\r\n", "\n").strip()


def _picture(desk: Desk, record: PhaseRecord, said: Said) -> bytes | None:
    if said.picture:
        return taken(said.picture)
    return None if said.without_picture else desk.store.introductions.picture(record.name)


def _changes(before: Introduction, told: Introduction) -> dict[str, str]:
    """What the audit log says: which texts are others now, and by which digest the terms are known."""
    changed = [name for name in TEXTS if getattr(before, name) != getattr(told, name)]
    noted = {"texts": ", ".join(changed)} if changed else {}
    return {**noted, "terms_sha256": told.terms_sha256} if "terms" in changed else noted
