"""The bundle checker: the published minimal example passes, and each single mistake put into it is named."""

from __future__ import annotations

import copy
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.bundles import is_image, loaded, members_of
from submissions.codabench.bundle import Competition, Format, Round, bundle, scoring_program
from submissions.codabench.check import check_bundle
from submissions.codabench.logo import logo
from submissions.codabench.reference import PhaseTruth
from submissions.codabench.rules import NOTE, REFUSED, RULES, SILENT, Finding
from submissions.packing import zipped
from submissions.phases import phase_of

MINIMAL = """\
version: 2
title: "C-NMC 2019 local re-run"
description: "Normal vs malignant cells (result submission)"
image: logo.png
terms: pages/terms.md
registration_auto_approve: true
docker_image: codalab/codalab-legacy:py312
enable_detailed_results: true
pages:
  - {title: Overview, file: pages/overview.md}
  - {title: Evaluation, file: pages/evaluation.md}
tasks:
  - {index: 0, name: Preliminary test set, scoring_program: scoring_program.zip, reference_data: reference_preliminary.zip}
  - {index: 1, name: Final test set,       scoring_program: scoring_program.zip, reference_data: reference_final.zip}
phases:
  - {index: 0, name: Preliminary, start: "2026-01-01 00:00:00", end: "2026-12-31 23:59:59", max_submissions_per_day: 5, max_submissions: 100, execution_time_limit: 300, tasks: [0]}
  - {index: 1, name: Final, start: "2027-01-01 00:00:00", max_submissions_per_day: 2, max_submissions: 2, execution_time_limit: 300, tasks: [1]}
leaderboards:
  - title: Results
    key: main
    submission_rule: Force_Best
    primary_index: 0
    columns:
      - {index: 0, key: weighted_f1,        title: Weighted F1,        sorting: desc, precision: 4}
      - {index: 1, key: accuracy,           title: Accuracy,           sorting: desc, precision: 4}
      - {index: 2, key: sensitivity,        title: Sensitivity,        sorting: desc, precision: 4}
      - {index: 3, key: specificity,        title: Specificity,        sorting: desc, precision: 4}
      - {index: 4, key: weighted_precision, title: Weighted precision, sorting: desc, precision: 4}
      - {index: 5, key: weighted_recall,    title: Weighted recall,    sorting: desc, precision: 4}
      - {index: 6, key: subject_accuracy,   title: Subject accuracy,   sorting: desc, precision: 4}
"""  # noqa: E501 - as it was published

Members = dict[str, bytes]
Change = Callable[[dict[str, Any], Members], object]


def minimal() -> Members:
    """The members of the minimal example; the two phases ask for different numbers of lines."""
    return {
        "competition.yaml": MINIMAL.encode(),
        "logo.png": logo(),
        "scoring_program.zip": scoring_program(),
        "reference_preliminary.zip": zipped({"truth.csv": b"1\n" * 3}),
        "reference_final.zip": zipped({"truth.csv": b"1\n" * 4}),
        **{f"pages/{name}.md": b"# Words\n" for name in ("terms", "overview", "evaluation")},
    }


def found(members: Members) -> list[Finding]:
    return check_bundle(members, loaded, is_image)


def changed(change: Change) -> Members:
    """The minimal example with one change to its document or its members."""
    members = minimal()
    document = copy.deepcopy(yaml.safe_load(MINIMAL))
    change(document, members)
    if members.get("competition.yaml") == MINIMAL.encode():
        members["competition.yaml"] = yaml.safe_dump(document, sort_keys=False).encode()
    return members


def without(*path: str | int) -> Change:
    def change(document: Any, members: Members) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    return change


def put(value: object, *path: str | int) -> Change:
    def change(document: Any, members: Members) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = value

    return change


def file(name: str, content: bytes | None) -> Change:
    def change(document: Any, members: Members) -> None:
        if content is None:
            del members[name]
        else:
            members[name] = content

    return change


def program(metadata: bytes, name: str = "metadata.yaml", script: str = "score.py") -> Change:
    return file("scoring_program.zip", zipped({name: metadata, script: b"print('weighted_f1')"}))


def both(*changes: Change) -> Change:
    def change(document: Any, members: Members) -> None:
        for one in changes:
            one(document, members)

    return change


def moved(document: Any, members: Members) -> None:
    members["mine/competition.yaml"] = members.pop("competition.yaml")


BOARD = ("leaderboards", 0)
COLUMN = (*BOARD, "columns", 6)
COMMAND = b"command: python3 $program/score.py $input $output"
NEW = {"index": 7, "key": "average", "title": "Average", "computation": "avg", "computation_indexes": [0, 1]}


def computed(**more: object) -> Change:
    return lambda document, _: document["leaderboards"][0]["columns"].append({**NEW, **more})


MISTAKES: dict[str, tuple[Change, str]] = {
    "competition.yaml in a folder": (moved, "no-yaml"),
    "YAML that breaks off": (file("competition.yaml", b"version: [2\n"), "bad-yaml"),
    "YAML with a tab": (file("competition.yaml", b"version: 2\n\ttitle: x\n"), "bad-yaml"),
    "a YAML list": (file("competition.yaml", b"- version\n- 2\n"), "no-mapping"),
    "an empty YAML": (file("competition.yaml", b""), "no-mapping"),
    "no version": (without("version"), "no-version"),
    "version 3": (put(3, "version"), "version"),
    "version 2.0": (put(2.0, "version"), "version"),
    "no title": (without("title"), "no-title"),
    "a long title": (put("x" * 257, "title"), "title-long"),
    "no image": (without("image"), "no-image"),
    "an image that is not there": (file("logo.png", None), "no-file"),
    "a text as image": (file("logo.png", b"not a picture"), "not-an-image"),
    "half an image": (file("logo.png", logo()[:3000]), "not-an-image"),
    "no terms": (without("terms"), "no-terms"),
    "terms that are not there": (file("pages/terms.md", None), "no-file"),
    "empty terms": (file("pages/terms.md", b" \n"), "empty-file"),
    "no pages": (without("pages"), "no-pages"),
    "a page without file": (without("pages", 0, "file"), "page"),
    "a page without title": (without("pages", 0, "title"), "page"),
    "an empty page": (file("pages/overview.md", b""), "empty-file"),
    "a page in Latin-1": (file("pages/overview.md", b"M\xfcnchen"), "not-utf8"),
    "no tasks": (without("tasks"), "no-tasks"),
    "no phases": (without("phases"), "no-phases"),
    "no leaderboards": (without("leaderboards"), "no-leaderboards"),
    "a task that is a word": (
        lambda document, _: document["tasks"].append("scoring_program.zip"),
        "no-entry",
    ),
    "a long docker_image": (put("x" * 129, "docker_image"), "docker-long"),
    "a contact that is a name": (put("Ada", "contact_email"), "contact"),
    "a long reward": (put("x" * 257, "reward"), "reward-long"),
    "an unknown type": (put("contest", "competition_type"), "competition-type"),
    "a queue by its name": (put("my queue", "queue"), "queue"),
    "half a fact sheet": (put([{"key": "a", "title": "b"}], "fact_sheet"), "fact-sheet"),
    "a task without index": (without("tasks", 1, "index"), "no-index"),
    "a task index twice": (put(0, "tasks", 1, "index"), "index-twice"),
    "a task without program": (without("tasks", 0, "scoring_program"), "task-program"),
    "a task without name": (without("tasks", 0, "name"), "task-program"),
    "a task by a key that is none": (put({"index": 0, "key": "abc"}, "tasks", 0), "task-key"),
    "a long task name": (put("x" * 257, "tasks", 0, "name"), "task-name-long"),
    "a program that is not there": (file("scoring_program.zip", None), "no-file"),
    "a program that is no zip": (file("scoring_program.zip", b"import sys\n"), "program-zip"),
    "an empty program": (file("scoring_program.zip", zipped({})), "program-zip"),
    "a program in a folder": (
        file("scoring_program.zip", zipped({"p/metadata.yaml": COMMAND, "p/score.py": b""})),
        "program-metadata",
    ),
    "a program without metadata": (program(b"x", name="readme"), "program-metadata"),
    "metadata without command": (program(b"description: x"), "program-command"),
    "metadata that is no YAML": (program(b"command: [x"), "program-command"),
    "a command with &&": (program(b"command: cd x && python3 $program/score.py"), "program-shell"),
    "a command that calls another name": (program(COMMAND, script="main.py"), "program-missing"),
    "no reference data": (without("tasks", 0, "reference_data"), "no-reference"),
    "reference data that are not there": (file("reference_final.zip", None), "no-file"),
    "reference data that are no zip": (file("reference_final.zip", b"1\n0\n"), "data-zip"),
    "empty reference data": (file("reference_final.zip", zipped({})), "data-zip"),
    "reference data outside": (put("../truth.zip", "tasks", 0, "reference_data"), "path"),
    "a program at an absolute path": (put("/srv/score.zip", "tasks", 0, "scoring_program"), "path"),
    "a folder in place of a zip": (
        both(put("reference", "tasks", 0, "reference_data"), file("reference/truth.csv", b"1\n")),
        "folder",
    ),
    "a solution without path": (put([{"index": 0, "tasks": [0]}], "solutions"), "solution"),
    "a solution of an unknown task": (
        put([{"index": 0, "tasks": [9], "path": "logo.png"}], "solutions"),
        "solution-task",
    ),
    "the truth as starting kit": (put("reference_final.zip", "phases", 0, "starting_kit"), "truth-public"),
    "a phase without tasks": (without("phases", 0, "tasks"), "phase-tasks"),
    "a phase with no task": (put([], "phases", 0, "tasks"), "phase-no-task"),
    "a phase of an unknown task": (put([7], "phases", 0, "tasks"), "phase-task"),
    "a phase without name": (without("phases", 0, "name"), "phase-name"),
    "a long phase name": (put("x" * 257, "phases", 0, "name"), "phase-name-long"),
    "a phase without start": (without("phases", 0, "start"), "no-start"),
    "a start in words": (put("next Monday", "phases", 1, "start"), "bad-date"),
    "a start without quotes": (put(datetime(2027, 1, 1, 13, 30), "phases", 1, "start"), "unquoted-date"),
    "a start with a zone": (put("2027-01-01T13:30:00+05:30", "phases", 1, "start"), "date-offset"),
    "a start with slashes": (put("02/03/2027", "phases", 1, "start"), "date-order"),
    "a first phase without end": (without("phases", 0, "end"), "no-end"),
    "phases that touch": (put("2027-01-01 00:00:00", "phases", 0, "end"), "dates-touch"),
    "phases that overlap": (put("2027-01-02 00:00:00", "phases", 0, "end"), "dates-overlap"),
    "an end before the start": (put("2025-12-31 23:59:59", "phases", 0, "end"), "end-before-start"),
    "migration to the first phase": (put(True, "phases", 0, "auto_migrate_to_this_phase"), "migrate-first"),
    "migration to more lines": (put(True, "phases", 1, "auto_migrate_to_this_phase"), "migrate-length"),
    "a quota in words": (put("many", "phases", 0, "max_submissions"), "count"),
    "a negative quota": (put(-1, "phases", 0, "max_submissions_per_day"), "count"),
    "three seconds": (put(3, "phases", 0, "execution_time_limit"), "time-short"),
    "an hour": (put(3600, "phases", 0, "execution_time_limit"), "time-long"),
    "two leaderboards": (
        lambda document, _: document["leaderboards"].append(document["leaderboards"][0]),
        "more-leaderboards",
    ),
    "a leaderboard without title": (without(*BOARD, "title"), "board-title"),
    "a long leaderboard title": (put("x" * 65, *BOARD, "title"), "board-title"),
    "a leaderboard without key": (without(*BOARD, "key"), "board-key"),
    "a long leaderboard key": (put("x" * 37, *BOARD, "key"), "board-key"),
    "no columns": (put([], *BOARD, "columns"), "no-columns"),
    "an unknown submission rule": (put("Best", *BOARD, "submission_rule"), "submission-rule"),
    "primary_index 99": (put(99, *BOARD, "primary_index"), "primary-index"),
    "a column without key": (without(*COLUMN, "key"), "column-key"),
    "a long column key": (put("x" * 37, *COLUMN, "key"), "column-key"),
    "a column key twice": (put("accuracy", *COLUMN, "key"), "key-twice"),
    "a column index twice": (put(5, *COLUMN, "index"), "index-twice"),
    "a column without title": (without(*COLUMN, "title"), "column-title"),
    "a long column title": (put("x" * 37, *COLUMN, "title"), "column-title"),
    "an unknown sorting": (put("down", *COLUMN, "sorting"), "sorting"),
    "a precision that is none": (put("high", *COLUMN, "precision"), "count"),
    "an unknown computation": (computed(computation="median"), "computation"),
    "a computation of nothing": (computed(computation_indexes=[]), "computation-none"),
    "a column of itself": (computed(computation_indexes=[7]), "computation-self"),
    "a column of unknown ones": (computed(computation_indexes=[0, 20]), "computation-unknown"),
    "a computed column that is written": (
        both(put("avg", *COLUMN, "computation"), put([0, 1], *COLUMN, "computation_indexes")),
        "computed-written",
    ),
    "a column that the program never writes": (put("kappa", *COLUMN, "key"), "unwritten"),
    "a slip in a field": (put(5, "phases", 0, "max_submision"), "unknown-field"),
}


def test_the_published_minimal_example_passes() -> None:
    assert found(minimal()) == []


@pytest.mark.parametrize("case", MISTAKES)
def test_a_single_mistake_is_named(case: str) -> None:
    change, rule = MISTAKES[case]
    rules = [one.rule for one in found(changed(change))]
    assert rule in rules
    assert set(rules) <= {rule, *FOLLOWING.get(rule, ())}


FOLLOWING = {
    "no-tasks": ("phase-task",),
    "no-index": ("phase-task", "primary-index"),
    "index-twice": ("phase-task",),
    "task-key": ("unwritten",),
    "column-key": ("unwritten",),
    "program-missing": ("unwritten",),
    "program-shell": ("unwritten", "program-missing"),
    "program-command": ("unwritten",),
    "program-metadata": ("unwritten",),
}
"""What else is wrong, because of the one mistake."""


def test_every_rule_has_a_mistake_that_it_names() -> None:
    older = {"old-html", "old-form", "old-end"}
    assert {rule for _, rule in MISTAKES.values()} == set(RULES) - older


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_says_what_the_platform_makes_of_it_and_how_to_mend_it(rule: str) -> None:
    facts = RULES[rule]
    assert facts.kind in (REFUSED, SILENT, NOTE)
    assert facts.what
    assert facts.platform
    assert facts.mend.endswith((".", "…}`."))


def test_several_mistakes_are_named_at_once() -> None:
    change = both(without("title"), put(99, *BOARD, "primary_index"), file("pages/terms.md", b""))
    assert [one.rule for one in found(changed(change))] == ["no-title", "empty-file", "primary-index"]


def test_the_platform_s_own_words_stand_beside_ours() -> None:
    (one,) = found(changed(without("pages")))
    assert one.facts.platform == "\"'NoneType' object is not iterable\""
    assert one.to_json()["what"] == "no pages"


@pytest.mark.parametrize("form", ["2", "1.5"])
@pytest.mark.parametrize("feedback", ["full", "summary", "score"])
def test_our_own_bundles_pass(form: Format, feedback: Any, tmp_path: Path) -> None:
    rounds = [
        Round(PhaseTruth(phase_of(name, ["1.bmp", "2.bmp"]), [0, 1], ["A", "B"]), start, end)
        for name, start, end in (
            ("one", datetime(2026, 1, 1), datetime(2026, 2, 1)),
            ("two", datetime(2026, 3, 1), None),
        )
    ]
    path = tmp_path / "mine.zip"
    path.write_bytes(bundle(Competition("Mine", tuple(rounds), feedback=feedback), form))
    assert found(members_of(path)) == []


def older() -> Members:
    """The members of a bundle of ours in the older form."""
    truth = PhaseTruth(phase_of("one", ["1.bmp", "2.bmp"]), [0, 1], ["A", "B"])
    content = bundle(Competition("Mine", (Round(truth, datetime(2026, 1, 1)),), feedback="full"), "1.5")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def followed(start: str) -> Change:
    """A second phase that starts then, after the first of 2026-01-01, and stands before it in the file."""

    def change(document: Any, members: Members) -> None:
        first = document["phases"][1]
        document["phases"] = {2: {**first, "phasenumber": 2, "start_date": start}, 1: first}

    return change


OLDER: dict[str, tuple[Change, str]] = {
    "no title": (without("title"), "no-title"),
    "no image": (without("image"), "no-image"),
    "no terms": (without("html", "terms"), "old-html"),
    "an empty page": (file("pages/data.html", b""), "empty-file"),
    "phases as a list": (put([], "phases"), "old-form"),
    "no start": (without("phases", 1, "start_date"), "no-start"),
    "an unquoted start": (put(datetime(2026, 1, 1, 9), "phases", 1, "start_date"), "unquoted-date"),
    "a phase of a day": (followed("2026-01-02 00:00:00"), "old-end"),
    "phases the wrong way round": (followed("2025-12-01 00:00:00"), "old-end"),
    "an end before the last start": (put("2025-12-31 00:00:00", "end_date"), "end-before-start"),
    "no reference data": (without("phases", 1, "reference_data"), "no-reference"),
    "a program that is no zip": (file("scoring_program.zip", b"x"), "program-zip"),
    "migration to the first": (put(True, "phases", 1, "auto_migration"), "migrate-first"),
    "the truth as starting kit": (put("reference_one.zip", "phases", 1, "starting_kit"), "truth-public"),
    "no columns": (without("leaderboard"), "no-columns"),
    "a long key": (
        lambda document, _: document["leaderboard"]["columns"].update({"x" * 37: {"label": "X"}}),
        "column-key",
    ),
    "a long label": (put("x" * 37, "leaderboard", "columns", "accuracy", "label"), "column-title"),
}


@pytest.mark.parametrize("case", OLDER)
def test_a_single_mistake_in_the_older_form_is_named(case: str) -> None:
    members = older()
    document = yaml.safe_load(members["competition.yaml"])
    change, rule = OLDER[case]
    change(document, members)
    members["competition.yaml"] = yaml.safe_dump(document, sort_keys=False).encode()
    assert [one.rule for one in found(members)] == [rule]


EXAMPLES = int(os.environ.get("HARNESS_TEST_BUNDLES", "60"))
"""The long form of this test sets it to some thousands."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 10_000), VALUES, st.sampled_from(["2", "1.5"]))
def test_whatever_stands_in_a_field_the_check_ends_with_findings(at: int, value: Any, form: Format) -> None:
    members = minimal() if form == "2" else older()
    document = yaml.safe_load(members["competition.yaml"])
    places = list(places_of(document))
    holder, key = places[at % len(places)]
    holder[key] = value
    assert isinstance(check_bundle(members, lambda _: document, is_image), list)


def places_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document where a value stands."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places_of(value[key])
