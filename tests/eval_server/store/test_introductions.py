"""What a phase says of itself, and who accepted its terms, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from eval_server.store.records import Introduction, Rules
from eval_server.store.store import Store
from tests.support.server import small_truth

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_a_phase_says_nothing_until_it_is_told_to_and_then_at_once(store: Store) -> None:
    record = store.phases.add("small", small_truth(), Rules(), NOW)
    assert store.introductions.of(record) == Introduction()
    assert store.introductions.picture("small") is None
    store.introductions.put("small", Introduction("About.", "Rules.", "Terms.", "me"), b"pixels")
    changed = store.phases.find("small")
    assert changed is not None
    assert changed.revision != record.revision
    told = store.introductions.of(changed)
    assert (told.description, told.rules, told.terms, told.contact) == ("About.", "Rules.", "Terms.", "me")
    assert len(told.picture) == 64
    assert store.introductions.picture("small") == b"pixels"
    store.introductions.put("small", Introduction("Other."), None)
    last = store.phases.find("small")
    assert last is not None
    assert store.introductions.of(last) == Introduction("Other.")
    assert store.introductions.picture("small") is None


def test_terms_are_accepted_by_a_team_once_and_others_are_other_terms(store: Store) -> None:
    store.phases.add("small", small_truth(), Rules(), NOW)
    first, second = Introduction(terms="one").terms_sha256, Introduction(terms="two").terms_sha256
    accept, accepted = store.introductions.accept, store.introductions.accepted
    assert not accepted("small", "red", first)
    assert accept("small", "red", first, NOW)
    assert not accept("small", "red", first, NOW)
    assert accepted("small", "red", first)
    assert not accepted("small", "red", second)
    assert not accepted("small", "green", first)
    assert Introduction().terms_sha256 == ""


def test_the_names_of_the_classes_are_kept_with_the_rules(store: Store) -> None:
    named = Rules(positive_class="parasite", negative_class="normal")
    store.phases.add("small", small_truth(), named, NOW)
    found = store.phases.find("small")
    assert found is not None
    assert found.rules == named
    assert (found.rules.classes.positive, found.rules.classes.negative) == ("parasite", "normal")
