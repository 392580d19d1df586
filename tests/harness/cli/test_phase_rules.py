"""The rules of a phase as a host types them: what `none` takes away, and what a new phase gets unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.inside import harness_inside
from tests.support.server import add_phase, administer


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """The cells of the preliminary phase with labels and subjects that are not the published ones."""
    rows = [f"{number}.bmp,{number % 2},{'HA'[number % 2]}{number % 20}" for number in range(1, 1868)]
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["cell,label,subject", *rows]) + "\n")
    return path


def rules(folder: Path, name: str, *given: object) -> dict[str, Any]:
    done = harness_inside("phase", "set", name, *given, "--data-dir", folder, "--json")
    assert done.code == 0, done.err
    found: dict[str, Any] = done.document()["rules"]
    return found


def test_none_is_a_level_of_feedback_and_takes_away_moments_and_numbers_alone(tmp_path: Path) -> None:
    add_phase(tmp_path, None, "small", "--closes", "2099-01-01", "--in-all", "7", "--feedback", "none")
    assert rules(tmp_path, "small", "--feedback", "score")["feedback"] == "score"
    assert rules(tmp_path, "small", "--feedback", "none")["feedback"] == "none"
    assert rules(tmp_path, "small", "--title", "none")["title"] == "none"
    found = rules(tmp_path, "small", "--closes", "none", "--in-all", "none", "--class-names", "none")
    assert (found["closes_at"], found["in_all"], found["positive_class"]) == (None, None, None)
    refused = harness_inside("phase", "set", "small", "--metric", "none", "--data-dir", tmp_path)
    assert (refused.code, "cannot be ranked by 'none'" in refused.err) == (2, True)
    (noted,) = [
        one["detail"]
        for one in audit(tmp_path)
        if one["action"] == "phase changed" and "in_all" in one["detail"]
    ]
    assert noted["in_all"] == noted["closes_at"] == "none"


def test_a_title_that_no_page_has_room_for_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    add_phase(tmp_path, None, "small", "--title", "short")
    refused = harness_inside("phase", "set", "small", "--title", "z" * 121, "--data-dir", tmp_path)
    assert refused.code == 2
    assert "up to 120 printable characters, found 121" in " ".join(refused.err.split())
    assert rules(tmp_path, "small", "--title", "z" * 120)["title"] == "z" * 120


def audit(folder: Path) -> list[dict[str, Any]]:
    from eval_server.store.store import Store

    store = Store.open(folder)
    found = [{"action": one.action, "detail": one.detail} for one in store.audit.listed()]
    store.close()
    return found


@pytest.mark.parametrize(
    ("name", "more", "expected", "said"),
    [
        ("prelim", (), ("full", None), "feedback full and no limit a day"),
        ("exam", (), ("summary", 5), "feedback summary and 5 submissions a day"),
        ("prelim", ("--private-subjects", "0.5"), ("summary", 5), "feedback summary and 5 submissions a day"),
        ("prelim", ("--class-names", "parasite,normal"), ("summary", 5), "feedback summary and 5"),
        ("exam", ("--feedback", "full"), ("full", 5), "Note: 5 submissions a day, as nothing"),
        ("exam", ("--feedback", "full", "--per-day", "none"), ("full", None), ""),
    ],
)
def test_only_the_official_phase_undivided_tells_all_unasked_and_which_was_taken_is_said(
    tmp_path: Path, labels: Path, name: str, more: tuple[str, ...], expected: tuple[str, Any], said: str
) -> None:
    given = "--truth", labels, "--trust-labels", *more, "--data-dir", tmp_path / "data"
    added = harness_inside("phase", "add", name, *given, "--json")
    assert added.code == 0, added.err
    document = added.document()
    assert (document["feedback"], document["per_day"]) == expected
    assert said in added.err
    assert ("as nothing was said of it" in added.err) == bool(said)
    listed = administer(tmp_path / "data", None, "phase", "list")["phases"]
    assert listed[0]["rules"]["feedback"] == expected[0]


def test_moments_are_told_as_people_read_them(tmp_path: Path) -> None:
    add_phase(tmp_path, None, "small", "--closes", "2099-01-01")
    for command in (("list",), ("show", "small")):
        told = harness_inside("phase", *command, "--data-dir", tmp_path).out
        assert "closes at         1 Jan 2099, 23:59 UTC" in told
        assert ":59." not in told
    assert rules_of(tmp_path)["closes_at"] == "2099-01-01 23:59:59.999999+00:00"


def rules_of(folder: Path) -> dict[str, Any]:
    """The rules of the only phase, as the document has them: exactly."""
    (found,) = administer(folder, None, "phase", "list")["phases"]
    told: dict[str, Any] = found["rules"]
    return told
