"""`harness models`: lists, cards, patterns and the contract, as a user types them."""

from models.contract_tests import RULES
from tests.support.command import harness


def test_every_built_in_entry_is_listed_as_available():
    found = harness("models", "--json").document()["entries"]
    assert {"alexnet", "frozen-cnn", "neighborhood", "shape-knn", "timm:<name>"} <= {
        one["name"] for one in found
    }
    assert [one["reason"] for one in found if not one["available"]] == []


def test_a_pattern_lists_the_entries_that_match():
    found = harness("models", "shape-*", "--json").document()["entries"]
    assert [one["name"] for one in found] == ["shape-ensemble", "shape-knn", "shape-svm"]


def test_a_pattern_within_timm_lists_its_networks():
    found = harness("models", "timm:*seresnext50*", "--json").document()["entries"]
    assert "timm:legacy_seresnext50_32x4d" in {one["name"] for one in found}


def test_a_pattern_that_matches_nothing_says_so():
    answer = harness("models", "nothing-*")
    assert answer.code == 4
    assert "no entry matches" in answer.err


def test_the_card_says_who_looks_at_all_cells_and_what_differs_before_what_was_reported():
    card = harness("models", "neighborhood").out
    assert "looks at all cells" in card
    heads = [line.split()[0] for line in card.splitlines() if line and line[0].isalpha()]
    assert heads.index("weights") < heads.index("differences") < heads.index("reported")
    assert "resnet101.tv_in1k" in card


def test_the_check_prints_one_line_a_rule():
    answer = harness("models", "majority", "--check")
    assert answer.code == 0
    assert answer.out.splitlines() == [f"kept    {rule.__doc__}" for rule in RULES]


def test_the_check_as_one_document():
    document = harness("models", "majority", "--check", "--json").document()
    assert document["kept"]
    assert [one["rule"] for one in document["rules"]] == [rule.__doc__ for rule in RULES]


def test_a_check_without_a_name_is_refused():
    answer = harness("models", "--check")
    assert answer.code == 2
    assert "harness models NAME --check" in answer.err


def test_the_list_says_what_each_entry_is_and_what_was_reported_in_two_groups():
    listed = harness("models").out
    first, others = listed.split("Others")
    assert "After approaches that the paper names" in first
    assert "SE-ResNeXt50 32x4d with a learning rate for each depth" in first
    assert "0.8789" in first
    assert "majority" in others
    assert "timm:<name>" in others
    groups = {one["name"]: one["group"] for one in harness("models", "--json").document()["entries"]}
    assert (groups["shape-svm"], groups["tiny"]) == ("paper", "other")
    (svm,) = harness("models", "shape-svm*", "--json").document()["entries"]
    assert svm["summary"].startswith("hand-made descriptors")
