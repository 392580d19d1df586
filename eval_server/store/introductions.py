"""What phases say of themselves, and which teams accepted their terms."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from eval_server.store.database import Database
from eval_server.store.records import Introduction, PhaseRecord
from eval_server.store.revisions import touch
from eval_server.store.schema import acceptances, introductions

_TEXTS = ("description", "rules", "terms", "contact")
_FOUND = select(*(introductions.c[name] for name in (*_TEXTS, "picture_sha256"))).where(
    introductions.c.phase == bindparam("phase")
)


class Introductions:
    """The introductions of this server's phases."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[str, tuple[str, Introduction]] = {}

    def of(self, record: PhaseRecord) -> Introduction:
        """What a phase says of itself; read once for each revision of the phase."""
        kept = self._kept.get(record.name)
        if kept is None or kept[0] != record.revision:
            kept = self._kept[record.name] = record.revision, self._read(record.name)
        return kept[1]

    def _read(self, phase: str) -> Introduction:
        with self._database.reading() as connection:
            row = connection.execute(_FOUND, {"phase": phase}).first()
        return Introduction() if row is None else Introduction(*row)

    def picture(self, phase: str) -> bytes | None:
        with self._database.reading() as connection:
            query = select(introductions.c.picture).where(introductions.c.phase == phase)
            found: bytes | None = connection.execute(query).scalar()
        return found

    def put(self, phase: str, told: Introduction, picture: bytes | None) -> None:
        """Let a phase say this of itself from now on."""
        values = {name: text for name, text in asdict(told).items() if name in _TEXTS}
        digest = "" if picture is None else hashlib.sha256(picture).hexdigest()
        with self._database.writing() as connection:
            connection.execute(delete(introductions).where(introductions.c.phase == phase))
            row = {"phase": phase, **values, "picture": picture, "picture_sha256": digest}
            connection.execute(insert(introductions).values(**row))
            touch(connection, phase)

    def accept(self, phase: str, team: str, terms: str, now: datetime) -> bool:
        """Note that a team accepts the terms with this digest; False where it had before."""
        row = {"phase": phase, "team": team, "terms": terms, "at": now}
        try:
            with self._database.writing() as connection:
                connection.execute(insert(acceptances).values(**row))
        except IntegrityError:
            return False
        return True

    def accepted(self, phase: str, team: str, terms: str) -> bool:
        asked = acceptances.c.phase == phase, acceptances.c.team == team, acceptances.c.terms == terms
        with self._database.reading() as connection:
            return connection.execute(select(acceptances.c.at).where(*asked)).first() is not None
