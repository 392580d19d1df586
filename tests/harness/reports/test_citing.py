"""The paragraph for a methods section names what was computed, and every reference that it names."""

from __future__ import annotations

import re

import pytest

from eval_server.figures.statements import methods
from eval_server.judging.comparing import compare
from harness.reports.citing import REFERENCES, methods_section
from harness.runs.provenance import package_versions
from tests.support.truth import golden_verdicts


@pytest.mark.parametrize(
    ("more", "says", "is_silent"),
    [
        ({}, ("between all pairs", "10 tests", "Rank sets"), ("one-sided", "E3")),
        ({"baseline": "E3"}, ("with E3", "4 tests"), ("Rank sets", "between all pairs")),
        ({"margin": 0.02, "alpha": 0.1}, ("-0.02 and +0.02", "90 %", "80 %", "below 0.1"), ("95 %",)),
    ],
)
def test_the_paragraph_fits_what_was_computed(more, says, is_silent):
    text = methods_section(compare(golden_verdicts(), resamples=200, **more))
    assert all(words in text for words in says)
    assert not any(words in text for words in is_silent)


def test_one_entry_alone_was_not_compared():
    verdicts = golden_verdicts()
    text = methods_section(compare({"E1": verdicts["E1"]}, resamples=200))
    assert "swapping" not in text
    assert "1 entry" in text


def test_each_reference_is_numbered_once_in_the_order_of_the_text_and_stands_below_it():
    text = methods_section(compare(golden_verdicts(), resamples=200, margin=0.02))
    paragraph, _, below = text.partition("\n\n")
    assert "\n" not in paragraph
    numbers = [int(one) for one in re.findall(r"\[(\d+)\]", paragraph)]
    assert list(dict.fromkeys(numbers)) == list(range(1, max(numbers) + 1))
    assert [int(line.split("]")[0][1:]) for line in below.splitlines()] == list(range(1, max(numbers) + 1))
    assert f"cnmc-harness {package_versions()['cnmc-harness']}" in paragraph


def test_every_reference_is_one_that_a_sentence_names():
    told = [
        methods.judged_on("prelim", 9, 3, 2),
        methods.intervals_by(0.05),
        methods.tests_by(3, 0.05, None, exact=False),
        methods.rank_sets_by(0.05),
        methods.margin_by(0.02, 0.05),
    ]
    named = re.findall(r"\[@(\w+)\]", " ".join(told))
    assert set(named) == set(REFERENCES)
