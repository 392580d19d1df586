"""A manifest goes to JSON and back; one from a stranger is read or refused, never trusted."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submissions.manifest import MOST_BYTES, Manifest, ManifestInvalid

FULL = Manifest(
    entry="seresnext",
    origin="cnmc-harness 0.1.0",
    phase="prelim",
    split="prelim",
    seed=3,
    cells=1867,
    predictions_sha256="0" * 64,
    settings={"epochs": 6, "rates": [1e-3, 1e-5]},
    weights={"sha256": "1" * 64},
    selection="best:test",
    training={"cells": 10661, "left_out": {"H4": "shares H2 with H6"}},
    data={"root": "data"},
    environment={"python": "3.11"},
    parts=({"entry": "tiny", "weight": 0.5},),
    drawn=True,
    partial=True,
    chosen_on_test=True,
    transductive=True,
    created="2026-01-01T00:00:00Z",
)
BARE = Manifest("seresnext", "built-in", "prelim", "prelim", 0, 1867, "0" * 64)
PLAIN = json.loads(FULL.to_json())
WRONG_VALUES: dict[str, Any] = {
    "entry": ["tiny"],
    "origin": None,
    "phase": "two\nlines",
    "split": "x" * 501,
    "seed": 1.5,
    "cells": True,
    "predictions_sha256": 7,
    "settings": [],
    "weights": "none",
    "selection": {},
    "training": 1,
    "data": None,
    "environment": [[1]],
    "predicted_by": "a run",
    "parts": [{}, 3],
    "drawn": "yes",
    "partial": 1,
    "chosen_on_test": None,
    "transductive": [],
    "created": 20260101,
    "source_sha256": None,
    "submission_sha256": 1,
    "key": ["k"],
    "version": True,
}


def with_value(name: str, value: Any) -> str:
    return json.dumps({**PLAIN, name: value})


def test_every_field_comes_back() -> None:
    assert Manifest.from_json(FULL.to_json()) == FULL
    assert Manifest.from_json(FULL.to_json().encode()) == FULL


def test_the_four_flags_become_words() -> None:
    assert FULL.remarks == ("drawn data", "partial", "epoch chosen on the test set", "transductive")


def test_random_weights_are_a_remark_and_an_entry_that_uses_none_has_no_such_remark() -> None:
    assert replace(BARE, weights={"source": "none"}).remarks == ("random weights",)
    assert replace(BARE, weights={"source": "hub"}).remarks == ()
    assert replace(BARE, weights={}).remarks == ()


def test_cells_seen_in_training_are_a_remark_and_a_run_that_saw_none_has_no_such_remark() -> None:
    seen = {"run": "tiny-prelim-seed0", "seen": {"cells": 12}}
    assert replace(BARE, predicted_by=seen).remarks == ("cells seen in training",)
    assert replace(BARE, predicted_by={"run": "tiny-prelim-seed0"}).remarks == ()


def test_an_ensemble_bears_the_remarks_of_its_parts_and_none_that_a_stranger_made_up() -> None:
    said = ["random weights", "not the published labels", "the best of all", 3, None]
    parts = ({"remarks": said}, {"remarks": "partial"}, {})
    assert replace(BARE, parts=parts).remarks == ("not the published labels", "random weights")


def test_unknown_keys_are_passed_over() -> None:
    assert Manifest.from_json(with_value("colour", {"a": [1]})) == FULL


def test_there_is_a_wrong_value_for_every_field() -> None:
    assert set(WRONG_VALUES) == {item.name for item in fields(Manifest)}


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_a_value_of_the_wrong_form_is_refused_by_its_field(name: str) -> None:
    with pytest.raises(ManifestInvalid, match=f"^{name}: expected "):
        Manifest.from_json(with_value(name, WRONG_VALUES[name]))


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(ManifestInvalid, match=r"seed: .*; cells: .*; drawn: "):
        Manifest.from_json(json.dumps({**PLAIN, "seed": "x", "cells": 10**30, "drawn": 0}))


def test_missing_fields_are_named() -> None:
    kept = {name: value for name, value in PLAIN.items() if name not in ("seed", "entry")}
    with pytest.raises(ManifestInvalid, match="a manifest needs entry, seed"):
        Manifest.from_json(json.dumps(kept))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a JSON document"),
        (b"\xff\xfe\xfd", "expected a JSON document"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "found a list"),
        ("null", "found null"),
        ("1", "found a number"),
        ('{"version": 2}', "expected manifest version 1, found '2'"),
        ("{}", "expected manifest version 1"),
        (with_value("settings", {"rate": float("nan")}), "not JSON compliant"),
        (with_value("settings", {"rate": 1}).replace('"rate": 1', '"rate": 1e999'), "not JSON compliant"),
        (with_value("entry", "\ud800"), "expected a JSON document"),
        ('{"seed": ' + "9" * 5000 + "}", "expected a JSON document"),
        (with_value("data", {"x": "y" * MOST_BYTES}), "expected at most 1,048,576 bytes"),
    ],
)
def test_what_is_no_manifest_is_called_what_it_is(text: str | bytes, said: str) -> None:
    with pytest.raises(ManifestInvalid, match=said):
        Manifest.from_json(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None, database=None)
@given(st.dictionaries(st.sampled_from(sorted(PLAIN)), JSON, max_size=4))
def test_any_values_make_a_manifest_that_can_be_written_again_or_are_refused(changed: dict[str, Any]) -> None:
    try:
        manifest = Manifest.from_json(json.dumps({**PLAIN, **changed}))
    except ManifestInvalid:
        return
    assert Manifest.from_json(manifest.to_json()) == manifest


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_manifest_or_refused(text: bytes) -> None:
    with pytest.raises(ManifestInvalid):
        Manifest.from_json(text)
