"""A competition bundle for Codabench (version 2) or CodaLab 1.5, byte for byte the same every time.

The truth goes into the reference data and nowhere else. Zips are flat and made here, because a folder in a
bundle is packed by the platform into a place that concurrent unpackings share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from submissions.codabench import pages
from submissions.codabench.dates import BEFORE_NEXT
from submissions.codabench.logo import logo
from submissions.codabench.reference import Feedback, PhaseTruth, reference_data
from submissions.codabench.scoring_program import score
from submissions.codabench.texts import as_html, as_yaml
from submissions.packing import zipped
from submissions.phases import Phase

Format = Literal["2", "1.5"]
COMMAND = "python3 $program/score.py $input $output"
IMAGE = "codalab/codalab-legacy:py312"
SECONDS = 300
PRECISION = 4


class BundleInvalid(ValueError):
    """What was asked for makes no bundle that the platform would take."""


@dataclass(frozen=True, slots=True)
class Round:
    """A phase of the competition: its truth, when it opens and closes (UTC), and how often one may submit."""

    truth: PhaseTruth
    start: datetime
    end: datetime | None = None
    per_day: int = 5
    in_all: int = 100

    @property
    def phase(self) -> Phase:
        return self.truth.phase

    @property
    def name(self) -> str:
        return self.phase.name


@dataclass(frozen=True, slots=True)
class Competition:
    """What a bundle is made of; raises `BundleInvalid` where the platform would refuse it or go wrong."""

    title: str
    rounds: tuple[Round, ...]
    description: str = "Call each cell ALL (leukemic) or HEM (normal)."
    feedback: Feedback = "summary"
    terms: str = pages.TERMS
    contact: str = ""
    image: str = IMAGE

    def __post_init__(self) -> None:
        if not 1 <= len(self.title.strip()) <= 256:
            raise BundleInvalid(f"expected a title of 1 to 256 characters, found {len(self.title)}")
        if not self.rounds or len({one.name for one in self.rounds}) < len(self.rounds):
            raise BundleInvalid("expected one phase or more, each with a name of its own")
        if not self.terms.strip():
            raise BundleInvalid("expected terms, found an empty text: the platform refuses empty terms")
        for one in self.rounds:
            if one.end is not None and one.end <= one.start:
                raise BundleInvalid(f"{one.name} ends at {_when(one.end)}, before it starts")
        for one, following in pairwise(self.rounds):
            if one.end is None or _seconds(one.end) >= _seconds(following.start):
                raise BundleInvalid(
                    f"{one.name} has to end at least a second before {following.name} starts "
                    f"at {_when(following.start)}"
                )

    @property
    def columns(self) -> list[str]:
        """The columns that feedback tells and the truth of at least one phase defines."""
        undefined = set.intersection(*(one.truth.undefined for one in self.rounds))
        return [key for key in score.columns(self.feedback) if key not in undefined]


def as_held(competition: Competition, form: Format) -> Competition:
    """The competition with the windows that hold on the platform.

    The older form has no ends: a phase ends a day before the next starts. Raises `BundleInvalid` where it
    would not last until then.
    """
    if form == "2":
        return competition
    rounds = list(competition.rounds)
    for at, (one, following) in enumerate(pairwise(rounds)):
        if following.start - one.start <= BEFORE_NEXT:
            raise BundleInvalid(
                f"in the form v1.5 {one.name} would end before it starts, at "
                f"{_when(following.start - BEFORE_NEXT)}: the platform ends a phase a day before the next "
                f"starts, so {following.name} has to start over a day after {_when(one.start)}"
            )
        rounds[at] = replace(one, end=following.start - BEFORE_NEXT)
    return replace(competition, rounds=tuple(rounds))


def bundle(competition: Competition, form: Format = "2") -> bytes:
    """The zip to upload."""
    competition = as_held(competition, form)
    texts = _texts(competition)
    if form == "2":
        head = {"competition.yaml": _version_2(competition)}
        shown = {f"pages/{name}.md": text.encode() for name, text in texts.items()}
    else:
        head = {"competition.yaml": _version_1(competition)}
        shown = {f"pages/{name}.html": as_html(text).encode() for name, text in texts.items()}
    return zipped({**head, "logo.png": logo(), **shown, **_zips(competition, form)})


def _texts(competition: Competition) -> dict[str, str]:
    phases = [one.phase for one in competition.rounds]
    return {
        "overview": pages.overview(competition.title, competition.description, phases),
        "evaluation": pages.evaluation(competition.columns, competition.feedback),
        "data": pages.submitting(phases),
        "terms": competition.terms,
    }


def _zips(competition: Competition, form: Format) -> dict[str, bytes]:
    found = {"scoring_program.zip": scoring_program(form)}
    for one in competition.rounds:
        title = f"{competition.title}: {one.name}"
        reference = reference_data(one.truth, title, competition.feedback)
        found[_reference(one)] = zipped(reference)
        found[_kit(one)] = pages.starting_kit(one.phase)
    return found


def scoring_program(form: Format = "2") -> bytes:
    """The scoring program as a flat zip; CodaLab 1.5 knows the name `metadata` only."""
    program = Path(score.__file__).read_bytes().replace(b"\r\n", b"\n")
    facts = as_yaml({"command": COMMAND, "description": "Scores one submission."}).encode()
    return zipped({"metadata.yaml" if form == "2" else "metadata": _unquoted(facts), "score.py": program})


def _unquoted(facts: bytes) -> bytes:
    """Without quotes: CodaLab 1.5 takes `metadata` line by line."""
    return facts.replace(b'"', b"")


def _reference(one: Round) -> str:
    return f"reference_{one.name}.zip"


def _kit(one: Round) -> str:
    return f"starting_kit_{one.name}.zip"


def _version_2(competition: Competition) -> bytes:
    document: dict[str, Any] = {
        "version": 2,
        "title": competition.title,
        "description": competition.description,
        "image": "logo.png",
        "terms": "pages/terms.md",
        **({"contact_email": competition.contact} if competition.contact else {}),
        "registration_auto_approve": False,
        "docker_image": competition.image,
        "enable_detailed_results": True,
        "make_programs_available": False,
        "make_input_data_available": False,
        "pages": [
            {"title": "Overview", "file": "pages/overview.md"},
            {"title": "Evaluation", "file": "pages/evaluation.md"},
            {"title": "Submitting", "file": "pages/data.md"},
        ],
        "tasks": [_task(at, one) for at, one in enumerate(competition.rounds)],
        "phases": [_phase(at, one) for at, one in enumerate(competition.rounds)],
        "leaderboards": [_leaderboard(competition.columns)],
    }
    return as_yaml(document).encode()


def _task(at: int, one: Round) -> Mapping[str, Any]:
    return {
        "index": at,
        "name": one.name,
        "scoring_program": "scoring_program.zip",
        "reference_data": _reference(one),
    }


def _phase(at: int, one: Round) -> Mapping[str, Any]:
    return {
        "index": at,
        "name": one.name,
        "description": f"{len(one.phase):,} cells",
        "start": _when(one.start),
        **({"end": _when(one.end)} if one.end else {}),
        "max_submissions_per_day": one.per_day,
        "max_submissions": one.in_all,
        "execution_time_limit": SECONDS,
        "auto_migrate_to_this_phase": False,
        "starting_kit": _kit(one),
        "tasks": [at],
    }


def _leaderboard(columns: Sequence[str]) -> Mapping[str, Any]:
    return {
        "title": "Results",
        "key": "main",
        "submission_rule": "Force_Best",
        "primary_index": 0,
        "columns": [
            {
                "index": at,
                "key": key,
                "title": score.TITLES[key],
                "sorting": "desc",
                "precision": PRECISION,
            }
            for at, key in enumerate(columns)
        ],
    }


def _version_1(competition: Competition) -> bytes:
    last = competition.rounds[-1]
    document: dict[str, Any] = {
        "title": competition.title,
        "description": competition.description,
        "image": "logo.png",
        "has_registration": True,
        "competition_docker_image": competition.image,
        **({"end_date": _when(last.end)} if last.end else {}),
        "html": {name: f"pages/{name}.html" for name in ("overview", "evaluation", "terms", "data")},
        "phases": {str(at): _phase_1(at, one) for at, one in enumerate(competition.rounds, 1)},
    }
    return (as_yaml(document) + _leaderboard_1(competition.columns)).encode()


def _phase_1(at: int, one: Round) -> Mapping[str, Any]:
    return {
        "phasenumber": at,
        "label": one.name,
        "description": f"{len(one.phase):,} cells",
        "start_date": _when(one.start),
        "max_submissions": one.in_all,
        "max_submissions_per_day": one.per_day,
        "execution_time_limit": SECONDS,
        "auto_migration": False,
        "is_scoring_only": True,
        "scoring_program": "scoring_program.zip",
        "reference_data": _reference(one),
        "starting_kit": _kit(one),
    }


def _leaderboard_1(columns: Sequence[str]) -> str:
    """The columns of CodaLab 1.5, which name their leaderboard by a reference to it."""
    start = 'leaderboard:\n  leaderboards:\n    Results: &results\n      label: "Results"\n      rank: 1\n'
    return start + "  columns:\n" + "".join(_column_1(at, key) for at, key in enumerate(columns, 1))


def _column_1(at: int, key: str) -> str:
    facts = {"label": score.TITLES[key], "numeric_format": PRECISION, "rank": at, "sort": "desc"}
    return f"    {key}:\n      leaderboard: *results\n{as_yaml(facts, '      ')}"


def _when(moment: datetime) -> str:
    """A moment in UTC as both platforms read it, if it stands in quotes."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
