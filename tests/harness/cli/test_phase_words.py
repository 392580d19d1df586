"""`harness phase add` and `set`: what a phase says of itself, as a host types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval_server.store.store import Store
from tests.eval_server.service.test_own_picture import a_picture
from tests.support.inside import harness_inside
from tests.support.server import administer, truth_table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a truth that is written in words, three texts and a picture."""
    words = truth_table().replace(b",1,", b",parasite,").replace(b",0,", b",Normal,")
    (tmp_path / "truth.csv").write_bytes(words)
    for name in ("description", "rules", "terms"):
        (tmp_path / f"{name}.md").write_text(f"The *{name}*.\n")
    (tmp_path / "cells.jpg").write_bytes(a_picture("JPEG"))
    return tmp_path


def told(folder: Path) -> tuple[Any, bytes | None]:
    store = Store.open(folder / "data")
    try:
        record = store.phases.find("malaria")
        assert record is not None
        return (store.introductions.of(record), record.rules), store.introductions.picture("malaria")
    finally:
        store.close()


def test_a_phase_is_added_with_all_it_says_and_a_truth_in_its_own_words(folder: Path) -> None:
    texts = [
        part for name in ("description", "rules", "terms") for part in (f"--{name}", folder / f"{name}.md")
    ]
    beside = ["--contact", "<me@a.example>", "--picture", folder / "cells.jpg"]
    where = [
        "--truth",
        folder / "truth.csv",
        "--data-dir",
        folder / "data",
        "--class-names",
        "parasite,normal",
    ]
    added = harness_inside("phase", "add", "malaria", *where, *texts, *beside)
    assert added.code == 0, added.err
    (introduction, rules), picture = told(folder)
    assert introduction.description == "The *description*."
    assert (introduction.rules, introduction.terms) == ("The *rules*.", "The *terms*.")
    assert introduction.contact == "<me@a.example>"
    assert (rules.positive_class, rules.negative_class) == ("parasite", "normal")
    assert picture is not None
    assert picture.startswith(b"\x89PNG")


def test_what_is_not_named_stays_and_none_takes_away(folder: Path) -> None:
    table = folder / "plain.csv"
    table.write_bytes(truth_table())
    data = folder / "data"
    administer(data, None, "phase", "add", "malaria", "--truth", str(table), "--contact", "me")
    named = ("--terms", str(folder / "terms.md"), "--class-names", "parasite, normal")
    administer(data, None, "phase", "set", "malaria", *named)
    (introduction, rules), _ = told(folder)
    assert (introduction.contact, introduction.terms) == ("me", "The *terms*.")
    assert rules.classes.positive == "parasite"
    administer(data, None, "phase", "set", "malaria", "--contact", "none", "--class-names", "none")
    (introduction, rules), _ = told(folder)
    assert (introduction.contact, introduction.terms) == ("", "The *terms*.")
    assert rules.positive_class is None


@pytest.mark.parametrize(
    ("option", "value", "code", "said"),
    [
        ("--class-names", "parasite", 2, "expected two names such as parasite,normal"),
        ("--class-names", "a,A", 2, "two classes need two names"),
        ("--class-names", "1,0", 2, "by a word"),
        ("--picture", "truth.csv", 3, "expected a picture"),
        ("--picture", "none.png", 3, "expected a file to read"),
        ("--terms", "cells.jpg", 3, "expected Markdown in UTF-8"),
        ("--contact", "x" * 501, 2, "one line of at most 500"),
    ],
)
def test_what_cannot_be_said_is_refused_and_changes_nothing(
    folder: Path, option: str, value: str, code: int, said: str
) -> None:
    table = folder / "plain.csv"
    table.write_bytes(truth_table())
    administer(folder / "data", None, "phase", "add", "malaria", "--truth", str(table))
    before = told(folder)
    given = folder / value if option in ("--picture", "--terms") else value
    refused = harness_inside("phase", "set", "malaria", option, given, "--data-dir", folder / "data")
    assert refused.code == code, refused.err
    assert said in refused.err
    assert told(folder) == before


def test_the_audit_log_says_which_terms_were_set(folder: Path) -> None:
    table = folder / "plain.csv"
    table.write_bytes(truth_table())
    administer(folder / "data", None, "phase", "add", "malaria", "--truth", str(table))
    administer(folder / "data", None, "phase", "set", "malaria", "--terms", str(folder / "terms.md"))
    store = Store.open(folder / "data")
    (deed, _) = store.audit.listed()
    store.close()
    assert len(json.loads(json.dumps(dict(deed.detail)))["terms_sha256"]) == 64
