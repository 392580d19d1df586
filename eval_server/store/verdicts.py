"""Verdicts as they were written: never changed, superseded by others, each held against its seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from eval_server.judging.division import TruthPart
from eval_server.store.database import Database
from eval_server.store.records import SCORED, WAITING, ScoredSubmission, Settlement
from eval_server.store.schema import submissions, verdicts
from eval_server.store.verdict_seal import VerdictChanged, sealed_verdict, unsealed_verdict


class KeptVerdicts:
    """The verdicts of this server."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # beside the cache of whole verdicts: who stands for a team, one number of each submission says
        self._values: dict[tuple[str, str, TruthPart], dict[str, float | None]] = {}

    def judged(
        self, phase: str, truth: str, metric: str = "weighted_f1", part: TruthPart = TruthPart.WHOLE
    ) -> list[ScoredSubmission]:
        """Submissions of a phase that have a verdict by this part of a truth, in order of arrival.

        One that is judged again keeps its verdict until another one follows it; what was withdrawn or barred
        is among them, marked.
        """
        light = [submissions.c[name] for name in ("id", "team", "entry", "submitted_at", "remarks", "chosen")]
        marks = submissions.c.withdrawn_at.is_not(None), submissions.c.barred.is_not(None)
        query = select(*light, *marks, verdicts.c.id)
        query = query.join(verdicts, verdicts.c.submission == submissions.c.id)
        query = query.where(
            submissions.c.phase == phase,
            submissions.c.status.in_((SCORED, *WAITING)),
            verdicts.c.truth == truth,
            verdicts.c.part == part,
            verdicts.c.superseded_at.is_(None),
        )
        query = query.order_by(submissions.c.submitted_at, submissions.c.id)
        with self._database.reading() as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        values = self._values_of([row[-1] for row in rows], (phase, metric, part))
        return [ScoredSubmission(*(*row[:6], row[-1], values[row[-1]], *row[6:8])) for row in rows]

    def _values_of(self, ids: Sequence[str], key: tuple[str, str, TruthPart]) -> dict[str, float | None]:
        """What these verdicts say of a metric; each is read once, as a verdict is never changed."""
        known = self._values.get(key, {})
        found = {one: known[one] for one in ids if one in known}
        for row, _ in self._whole([one for one in ids if one not in known]):
            found[row["id"]] = row["document"].get("metrics", {}).get(key[1])
        self._values[key] = found
        return found

    def stored(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The stored form of these verdicts, by id; it holds truth."""
        return {row["id"]: stored for row, stored in self._whole(ids)}

    def last_stored(self, submission: str) -> bytes | None:
        """The stored form of the newest verdict on a submission, by a whole truth; it holds that."""
        query = select(verdicts).where(
            verdicts.c.submission == submission, verdicts.c.part == TruthPart.WHOLE
        )
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(verdicts.c.made_at.desc()).limit(1)).mappings().first()
        return None if row is None else self._unsealed(row)

    def standing(
        self, submission: str, truth: str, part: TruthPart = TruthPart.WHOLE
    ) -> tuple[str, Mapping[str, Any]] | None:
        """The id and document of the verdict on a submission by this part of a truth."""
        where = verdicts.c.submission == submission, verdicts.c.truth == truth, verdicts.c.part == part
        query = select(verdicts).where(*where, verdicts.c.superseded_at.is_(None))
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        self._unsealed(row)
        return row["id"], row["document"]

    def _whole(self, ids: Sequence[str]) -> Iterator[tuple[Any, bytes]]:
        """The rows of these verdicts and their stored form, each held against its seal."""
        with self._database.reading() as connection:
            for start in range(0, len(ids), 500):
                query = select(verdicts).where(verdicts.c.id.in_(ids[start : start + 500]))
                for row in connection.execute(query).mappings():
                    yield row, self._unsealed(row)

    def _unsealed(self, row: Any) -> bytes:
        """The stored form of a verdict; raises `StoreDamaged` where the row is not as it was written."""
        try:
            return unsealed_verdict(row)
        except VerdictChanged as changed:
            raise self._database.noted(str(changed)) from changed


def keep_verdicts(connection: Connection, outcomes: Sequence[Settlement], now: datetime) -> None:
    """Write verdicts; those by the same truth that stood so far are kept as superseded."""
    if not outcomes:
        return
    ids, made_by = [one.submission for one in outcomes], {one.truth for one in outcomes}
    stood = verdicts.c.submission.in_(ids), verdicts.c.truth.in_(made_by), verdicts.c.superseded_at.is_(None)
    connection.execute(update(verdicts).where(*stood).values(superseded_at=now))
    rows = [
        {
            "id": new.id,
            "submission": one.submission,
            "truth": one.truth,
            "part": new.part,
            "document": new.document,
            "stored": new.stored,
            "made_at": now,
        }
        for one in outcomes
        for new in one.verdicts
    ]
    connection.execute(insert(verdicts), [{**row, "stored": sealed_verdict(row)} for row in rows])


def on_boards(connection: Connection, outcomes: Sequence[Settlement]) -> list[str]:
    """Those that a board shows or showed: scored now, or with a verdict from before that counts no more."""
    ids = [one.submission for one in outcomes]
    query = select(verdicts.c.submission).where(verdicts.c.submission.in_(ids)).distinct()
    return list(connection.execute(query).scalars())
