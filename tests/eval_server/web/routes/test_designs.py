"""A host is shown who hands in what looks like a design to learn labels by; nobody else is."""

from __future__ import annotations

import numpy as np

from submissions.packing import packed
from submissions.predictions import Predictions
from tests.support.desk import Place, problem
from tests.support.inside import harness_inside
from tests.support.server import a_zip, small_truth


def unlike(count: int) -> list[bytes]:
    """Random labels, each taken where it has nothing to do with those before it."""
    generator, found = np.random.default_rng(0), [np.arange(50) % 2]
    while len(found) < count:
        labels = generator.integers(0, 2, 50)
        if np.abs(np.corrcoef([*found, labels])[-1, :-1]).max() < 0.15:
            found.append(labels)
    return [packed(Predictions(small_truth().phase, one.astype(np.uint8))) for one in found]


def test_a_host_is_shown_a_team_whose_uploads_have_nothing_to_do_with_each_other(guarded: Place) -> None:
    place, host = guarded, guarded.token("host")
    for team, files in (("probe", unlike(5)), ("honest", [a_zip(wrong) for wrong in (3, 5, 8, 11, 14)])):
        token = place.token(team=team)
        for data in files:
            place.hand_in(data, team, token)
    found = place.client(host).get("/api/phases/small/designs").json()
    assert [one["team"] for one in found["designs"]] == ["probe"]
    assert found["designs"][0]["unlike"] == 4
    page = place.client(host, Accept="text/html").get("/host").text
    assert "looks like a design to learn its labels by" in page
    assert page.index("/teams/probe") < page.index("looks like a design")
    for who in (None, place.token(team="probe")):
        problem(place.client(who).get("/api/phases/small/designs"), 403 if who else 401)


def test_the_command_names_the_same_team(guarded: Place) -> None:
    token = guarded.token(team="probe")
    for data in unlike(4):
        guarded.hand_in(data, "probe", token)
    folder = guarded.desk.settings.data_dir
    told = harness_inside("phase", "designs", "small", "--data-dir", folder, "--json").document()
    assert [(one["team"], one["unlike"]) for one in told["designs"]] == [("probe", 3)]
    assert harness_inside("phase", "designs", "small", "--data-dir", folder).out.startswith("probe: 3 of its")
