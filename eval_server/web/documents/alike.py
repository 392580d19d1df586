"""What is said of submissions that call nearly every cell alike; for a host alone."""

from __future__ import annotations

from collections.abc import Sequence

from eval_server.judging.likeness import PER_MILLE
from eval_server.service.access import utc
from eval_server.service.alike import AlikePair
from eval_server.store.records import ScoredSubmission
from eval_server.web.documents.document import Document, Word


class AlikeSide(Document):
    """One of two submissions that are alike."""

    submission: Word
    team: Word
    entry: Word
    submitted_at: Word


class AlikePairDocument(Document):
    """Two submissions of different teams, the earlier one first."""

    earlier: AlikeSide
    later: AlikeSide
    share: float
    """The share of all cells that both call alike."""
    apart: list[str]
    """The cells that they call differently."""


class AlikeList(Document):
    """The pairs of a phase that are alike, the closest first; of two teams only the closest."""

    phase: Word
    above: float
    """Alike is a share above this."""
    pairs: list[AlikePairDocument]


def alike_document(phase: str, found: Sequence[AlikePair]) -> AlikeList:
    return AlikeList(
        phase=phase,
        above=1 - PER_MILLE / 1000,
        pairs=[
            AlikePairDocument(
                earlier=_side(one.earlier), later=_side(one.later), share=one.share, apart=list(one.apart)
            )
            for one in found
        ],
    )


def _side(one: ScoredSubmission) -> AlikeSide:
    return AlikeSide(submission=one.id, team=one.team, entry=one.entry, submitted_at=utc(one.submitted_at))
