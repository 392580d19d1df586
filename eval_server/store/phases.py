"""Phases as the host set them up, their truths, and the published results shown beside them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from eval_server.judging.division import Division, DivisionInvalid, TruthPart
from eval_server.judging.truth import Truth, require_unmoved
from eval_server.store.audit import note_deed
from eval_server.store.database import RESTORE, Database, StoreDamaged
from eval_server.store.history import note_history
from eval_server.store.records import WAITING, Act, PhaseRecord, PublishedResult, Rules
from eval_server.store.revisions import touch
from eval_server.store.schema import fresh_id, phases, published, submissions, truths, verdicts
from submissions.phases import Phase

_FOUND = select(phases).where(phases.c.name == bindparam("name"))
"""The statement of every request, built once."""
_SAME_AS = "same_as"
"""In a truth by which all was judged anew and that corrected nothing: the first truth that said the same."""
_REVISIONS = select(phases.c.name, phases.c.divided, phases.c.revision)


class PhaseClash(Exception):
    """A phase that is there already, or a truth for other cells than the phase has."""


@dataclass(frozen=True, slots=True)
class JudgedAnew:
    """How many submissions are judged again, and whether by a truth that says something else than before."""

    submissions: int
    corrected: bool


class Phases:
    """The phases of this server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> list[str]:
        return [record.name for record in self.all()]

    def all(self) -> list[PhaseRecord]:
        with self._database.reading() as connection:
            rows = connection.execute(select(phases).order_by(phases.c.created_at, phases.c.name))
            return [_record(row) for row in rows.mappings()]

    def revisions(self) -> dict[tuple[str, TruthPart], str]:
        """The present revision of every phase, by its name and the part that is shown while it is open."""
        with self._database.reading() as connection:
            return {(row[0], _shown_first(row[1])): row[2] for row in connection.execute(_REVISIONS)}

    def find(self, name: str) -> PhaseRecord | None:
        with self._database.reading() as connection:
            row = connection.execute(_FOUND, {"name": name}).mappings().first()
        return None if row is None else _record(row)

    def add(self, name: str, truth: Truth, rules: Rules, now: datetime) -> PhaseRecord:
        """A new phase with its first truth; raises `PhaseClash` when the name is taken."""
        divided = truth.division is not None
        record = PhaseRecord(name, rules, fresh_id(), fresh_id(), now, divided, _shown_first(divided))
        facts = {"truth": record.truth, "revision": record.revision, "divided": record.divided}
        values = {"name": name, "created_at": now, "key": secrets.token_hex(32), **facts}
        try:
            with self._database.writing() as connection:
                connection.execute(insert(phases).values(**values, **asdict(rules)))
                _add_truth(connection, record.truth, name, truth, now)
        except IntegrityError as error:
            raise PhaseClash(f"there is a phase {name} already") from error
        return record

    def key(self, name: str) -> str:
        """What chooses a phase's samples and stand-ins; raises `StoreDamaged` where it is lost."""
        with self._database.reading() as connection:
            found = connection.execute(select(phases.c.key).where(phases.c.name == name)).scalar_one()
        if not found:
            raise StoreDamaged(f"the phase {name} has lost its key", RESTORE)
        return str(found)

    def change(self, name: str, rules: Rules) -> None:
        with self._database.writing() as connection:
            connection.execute(update(phases).where(phases.c.name == name).values(**asdict(rules)))
            touch(connection, name)

    def mark(self, name: str, values: Mapping[str, datetime | None], act: Act, action: str) -> bool:
        """Change moments of a phase and note the deed, in one transaction; False where all is so already."""
        where = phases.c.name == name
        with self._database.writing() as connection:
            query = select(*(phases.c[key] for key in values)).where(where).with_for_update()
            before = dict(connection.execute(query).mappings().one())
            if before == dict(values):
                return False
            connection.execute(update(phases).where(where).values(**values))
            touch(connection, name)
            facts = {"before": _told(before), "after": _told(values)}
            note_deed(connection, act, action, name, facts)
        return True

    def truth(self, truth_id: str) -> Truth:
        with self._database.reading() as connection:
            document = connection.execute(
                select(truths.c.document).where(truths.c.id == truth_id)
            ).scalar_one()
        return _truth_from(document)

    def truth_to_show(self, name: str, truth: str) -> str:
        """The truth whose verdicts a board shows: this one once it has judged all that another one judged.

        Until then the one that stood before it: the newest of those that judged most.
        """
        with self._database.reading() as connection:
            if connection.execute(_judged_anew(name, truth)).first() is None:
                return truth
            count = func.count().label("judged")
            query = select(truths.c.id, count).join(verdicts, verdicts.c.truth == truths.c.id)
            query = query.where(verdicts.c.part == TruthPart.WHOLE)
            others = truths.c.phase == name, truths.c.id != truth, verdicts.c.superseded_at.is_(None)
            query = query.where(*others).group_by(truths.c.id, truths.c.created_at)
            found = connection.execute(query.order_by(count.desc(), truths.c.created_at.desc())).first()
        return truth if found is None else str(found[0])

    def corrected_at(self, name: str, truth: str) -> datetime | None:
        """When a phase's labels became those of this truth; None where they are the phase's first.

        A truth that says the same as the one before it, by which all was judged anew, corrected nothing.
        """
        row = select(truths.c.created_at, truths.c.document[_SAME_AS].as_string())
        with self._database.reading() as connection:
            made, head = connection.execute(row.where(truths.c.id == truth)).one()
            if head is not None:
                made = connection.execute(row.where(truths.c.id == head)).one()[0]
            query = select(truths.c.created_at).where(truths.c.phase == name)
            first = connection.execute(query.order_by(truths.c.created_at).limit(1)).scalar_one()
        return None if made == first else made

    def replace_truth(self, name: str, truth: Truth, now: datetime) -> JudgedAnew:
        """Judge everything anew by another truth of the same cells, or once more by the same.

        The old truth and the verdicts made by it are kept. A divided phase stays so: raises `PhaseClash` for
        other cells, and for a truth whose subjects are not divided as those before.
        """
        truth_id = fresh_id()
        with self._database.writing() as connection:
            current = connection.execute(select(phases.c.truth).where(phases.c.name == name)).scalar_one()
            old = connection.execute(select(truths.c.document).where(truths.c.id == current)).scalar_one()
            _require_same_cells(name, old["cells"], truth)
            before = _truth_from(old)
            _require_same_parts(before, truth)
            same_as = old.get(_SAME_AS) or current if truth.says_the_same_as(before) else None
            _add_truth(connection, truth_id, name, truth, now, same_as=same_as)
            connection.execute(update(phases).where(phases.c.name == name).values(truth=truth_id))
            touch(connection, name)
            note = "the truth was replaced" if same_as is None else "by the same truth"
            return JudgedAnew(_queue_again(connection, name, now, note), corrected=same_as is None)

    def add_published(self, name: str, entry: str, metrics: Mapping[str, float], source: str) -> str:
        row = fresh_id()
        with self._database.writing() as connection:
            values = {"id": row, "phase": name, "entry": entry, "metrics": dict(metrics), "source": source}
            connection.execute(insert(published).values(**values))
            touch(connection, name)
        return row

    def published(self, name: str) -> list[PublishedResult]:
        with self._database.reading() as connection:
            rows = connection.execute(select(published).where(published.c.phase == name)).mappings()
            found = [PublishedResult(row["id"], row["entry"], row["metrics"], row["source"]) for row in rows]
        return sorted(found, key=lambda one: -max(one.metrics.values(), default=0.0))


def _record(row: Mapping[Any, Any]) -> PhaseRecord:
    rules = Rules(**{item.name: row[item.name] for item in fields(Rules)})
    facts = {
        name: row[name] for name in ("name", "truth", "revision", "created_at", "divided", "archived_at")
    }
    return PhaseRecord(rules=rules, part=_shown_first(row["divided"]), **facts)


def _shown_first(divided: bool) -> TruthPart:
    return TruthPart.PUBLIC if divided else TruthPart.WHOLE


def _require_same_cells(name: str, cells: list[str], truth: Truth) -> None:
    if tuple(cells) != truth.phase.cells:
        raise PhaseClash(
            f"the phase {name} has {len(cells)} cells and keeps them, "
            f"the new truth has {len(truth.phase)} or others"
        )


def _require_same_parts(old: Truth, new: Truth) -> None:
    """Raises `PhaseClash` where a subject or a cell would leave its part, or a phase be divided or whole."""
    before, after = old.division, new.division
    if (before is None) != (after is None):
        raise PhaseClash("a phase is divided from its beginning to its end, or not at all")
    if before is None or after is None:
        return
    both = set(old.subjects or ()) & set(new.subjects or ())
    moved = sorted(one for one in both if (one in before.private) != (one in after.private))
    if moved:
        raise PhaseClash(f"the subjects {', '.join(moved[:5])} would change from one part to the other")
    try:
        require_unmoved(old, new)
    except DivisionInvalid as invalid:
        raise PhaseClash(str(invalid)) from invalid


def _told(moments: Mapping[Any, datetime | None]) -> dict[str, str | None]:
    """Moments as the audit log has them."""
    return {name: None if at is None else at.isoformat() for name, at in moments.items()}


def _add_truth(
    connection: Connection,
    truth_id: str,
    name: str,
    truth: Truth,
    now: datetime,
    *,
    same_as: str | None = None,
) -> None:
    document = {
        "phase": truth.phase.name,
        "member": truth.phase.member,
        "partial": truth.phase.partial,
        "drawn": truth.phase.drawn,
        "cells": list(truth.phase.cells),
        "labels": truth.labels.tolist(),
        "subjects": None if truth.subjects is None else list(truth.subjects),
        "remark": truth.remark,
        "division": _plain_division(truth.division),
    }
    if same_as is not None:
        document[_SAME_AS] = same_as
    values = {"id": truth_id, "phase": name, "document": document, "created_at": now}
    connection.execute(insert(truths).values(**values))


def _truth_from(document: Mapping[str, Any]) -> Truth:
    marks = {"partial": document["partial"], "drawn": document["drawn"]}
    phase = Phase(document["phase"], tuple(document["cells"]), document["member"], **marks)
    subjects = document["subjects"]
    labels = np.array(document["labels"], dtype=np.uint8)
    known = None if subjects is None else tuple(subjects)
    kept = document.get("division")  # truths of release 0.1.0 have none
    division = None if kept is None else Division(frozenset(kept["private"]), kept["share"], kept["seed"])
    return Truth(phase, labels, known, document["remark"], division=division)


def _plain_division(division: Division | None) -> dict[str, Any] | None:
    if division is None:
        return None
    return {"private": sorted(division.private), "share": division.share, "seed": division.seed}


def _judged_anew(name: str, truth: str) -> Select[Any]:
    """A submission of this phase that waits for this truth's verdict and has another's."""
    own = verdicts.c.submission == submissions.c.id
    by_this = select(verdicts.c.id).where(own, verdicts.c.truth == truth)
    by_another = select(verdicts.c.id).where(own, verdicts.c.truth != truth)
    waits = submissions.c.phase == name, submissions.c.status.in_(WAITING)
    return select(submissions.c.id).where(*waits, by_another.exists(), ~by_this.exists()).limit(1)


def _queue_again(connection: Connection, name: str, now: datetime, note: str) -> int:
    """Everything that was scored or failed is received once more."""
    chosen = submissions.c.phase == name, submissions.c.status.in_(("scored", "failed", "checking"))
    ids = list(connection.execute(select(submissions.c.id).where(*chosen)).scalars())
    values = {"status": "received", "claimed_by": None, "claimed_at": None, "attempts": 0, "trouble": None}
    connection.execute(update(submissions).where(*chosen).values(**values))
    note_history(connection, [(one, "received", now, note) for one in ids])
    return len(ids)
