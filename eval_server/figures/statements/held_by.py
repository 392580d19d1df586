"""All sentences about intervals, tests and ranks, each with the test that holds it to its numbers."""

from __future__ import annotations

from collections.abc import Mapping

_OF = "tests/eval_server/figures/statements/test_"
_INTERVALS, _RANKS = f"{_OF}intervals.py::test_", f"{_OF}ranks.py::test_"
_DIFFERENCES, _SEEDS = f"{_OF}differences.py::test_", f"{_OF}seeds.py::test_"
_METHODS = f"{_OF}methods.py::test_"
_CALIBRATION = "tests/benchmarks/test_calibration.py::test_"
_PARTS = "tests/eval_server/web/routes/test_parts.py::test_"
_HINTS = "tests/eval_server/judging/test_hints.py::test_"
HELD_BY: Mapping[str, str] = {
    "intervals.level_words": _INTERVALS + "the_level_beside_tests_is_that_of_the_intervals",
    "intervals.interval_means": _CALIBRATION + "small_runs_show_what_large_ones_do",
    "intervals.interval_takes": _INTERVALS
    + "an_interval_takes_subjects_as_the_unit_so_that_twice_the_cells_leave_it_as_it_is",
    "intervals.interval_says": _CALIBRATION + "small_runs_show_what_large_ones_do",
    "intervals.unit": _INTERVALS
    + "an_interval_takes_subjects_as_the_unit_so_that_twice_the_cells_leave_it_as_it_is",
    "intervals.rests_on": _INTERVALS + "the_spread_over_subjects_of_the_other_class_is_not_in_an_interval",
    "intervals.beside": _INTERVALS + "the_level_beside_tests_is_that_of_the_intervals",
    "intervals.how_computed": _INTERVALS
    + "the_spread_over_subjects_of_the_other_class_is_not_in_an_interval",
    "intervals.no_interval": _INTERVALS + "where_there_is_no_interval_the_reason_is_that_of_the_number",
    "intervals.dot_and_line": _INTERVALS + "the_level_beside_tests_is_that_of_the_intervals",
    "intervals.few_of_a_class": _CALIBRATION + "three_subjects_of_a_class_keep_what_is_said",
    "intervals.next_subjects": _CALIBRATION + "the_next_subjects_lie_where_it_is_predicted",
    "intervals.nothing_ahead": _INTERVALS + "where_there_is_no_interval_the_reason_is_that_of_the_number",
    "intervals.marked_means": _INTERVALS + "what_is_marked_covers_as_little_as_is_said_and_no_other_does",
    "intervals.no_subjects": _CALIBRATION + "small_runs_show_what_large_ones_do",
    "intervals.overlap_says_nothing": _INTERVALS + "overlapping_intervals_can_be_told_apart",
    "intervals.of_this_kind": _INTERVALS + "intervals_speak_about_subjects_like_those_at_hand",
    "intervals.one_seed": _INTERVALS + "what_another_seed_would_give_is_not_in_an_interval",
    "intervals.diagnosis_holds": _INTERVALS
    + "the_interval_of_a_diagnosis_is_exact_if_all_subjects_have_one_chance_and_else_is_not",
    "intervals.votes": _INTERVALS
    + "the_interval_of_a_diagnosis_is_exact_if_all_subjects_have_one_chance_and_else_is_not",
    "intervals.within_subject": _INTERVALS + "the_interval_within_a_subject_has_the_level_that_is_said",
    "intervals.best_of": _INTERVALS + "what_a_best_of_many_gains_by_luck_is_said_in_points",
    "intervals.can_find": _CALIBRATION + "what_is_said_to_be_found_in_80_of_100_cases_is",
    "intervals.subjects_needed": _INTERVALS + "half_of_a_difference_takes_four_times_the_subjects",
    "ranks.rank_sets_mean": _CALIBRATION
    + "rank_sets_stay_with_holm_because_the_maximum_claims_too_much_with_few_normal_subjects",
    "ranks.how_written": _RANKS + "a_rank_and_its_set_are_written_as_is_said",
    "ranks.set_says": _RANKS + "a_rank_set_says_how_many_are_proven_better_and_worse",
    "ranks.place": _RANKS + "the_place_is_the_number_of_higher_scores_plus_one",
    "ranks.ties_to_a_tenth": _RANKS + "scores_that_are_equal_to_a_tenth_of_a_percent_share_a_place",
    "ranks.moved_from_seen": _PARTS + "a_row_moved_from_the_place_that_teams_saw_where_the_host_sees_another",
    "ranks.may_hold": _RANKS + "a_rank_set_says_how_many_are_proven_better_and_worse",
    "ranks.own_rank": _RANKS + "an_entry_taken_alone_has_the_ranks_of_its_own_tests",
    "ranks.own_ranks": _RANKS + "an_entry_taken_alone_has_the_ranks_of_its_own_tests",
    "ranks.beside_others": _RANKS + "a_rank_set_says_how_many_are_proven_better_and_worse",
    "ranks.best_told": _RANKS + "what_is_told_of_the_best_follows_who_beats_whom",
    "ranks.bars_mean": _RANKS + "two_without_a_common_bar_may_not_be_told_apart",
    "ranks.told_from_neighbours": _RANKS + "bars_join_exactly_runs_that_nobody_tells_apart",
    "ranks.bar_joins": _RANKS + "bars_join_exactly_runs_that_nobody_tells_apart",
    "ranks.joined_with": _RANKS + "two_without_a_common_bar_may_not_be_told_apart",
    "ranks.invented_bars": _RANKS + "the_bars_of_the_help_page_are_those_of_its_numbers",
    "ranks.stability": _RANKS + "the_shares_of_resamples_are_those_of_the_ranks",
    "ranks.in_resamples": _RANKS + "the_shares_of_resamples_are_those_of_the_ranks",
    "ranks.mean_ranks": _RANKS + "entries_within_the_critical_difference_are_named",
    "differences.how_tested": _DIFFERENCES
    + "the_test_of_a_board_claims_falsely_with_the_chance_that_is_said",
    "differences.p_is": _DIFFERENCES + "p_is_the_share_of_all_swaps_that_give_as_much",
    "differences.told_apart_by": _DIFFERENCES
    + "the_test_of_a_board_claims_falsely_with_the_chance_that_is_said",
    "differences.unknown": _DIFFERENCES + "where_subjects_are_not_known_nothing_is_tested",
    "differences.alone": _DIFFERENCES + "the_number_of_significant_differences_is_counted_by_hand",
    "differences.significant": _DIFFERENCES + "the_number_of_significant_differences_is_counted_by_hand",
    "differences.by_cells": _DIFFERENCES + "the_number_of_significant_differences_is_counted_by_hand",
    "differences.better": _DIFFERENCES + "the_better_one_is_named_only_where_its_adjusted_p_is_small_enough",
    "differences.by_how_much": _DIFFERENCES
    + "the_better_one_is_named_only_where_its_adjusted_p_is_small_enough",
    "differences.more_pairs": _DIFFERENCES
    + "the_better_one_is_named_only_where_its_adjusted_p_is_small_enough",
    "differences.on_subjects": _DIFFERENCES + "the_subjects_on_which_one_is_better_are_counted_one_by_one",
    "differences.swaps_give": _DIFFERENCES + "p_is_the_share_of_all_swaps_that_give_as_much",
    "differences.null_shown": _DIFFERENCES + "p_is_the_share_of_all_swaps_that_give_as_much",
    "differences.verdict": _DIFFERENCES + "the_verdict_on_a_pair_names_its_test_and_follows_its_p",
    "differences.not_on_board": _DIFFERENCES + "the_verdict_on_a_pair_names_its_test_and_follows_its_p",
    "differences.other_metric": _DIFFERENCES + "the_verdict_on_a_pair_names_its_test_and_follows_its_p",
    "differences.each_alone": _DIFFERENCES + "the_tests_of_other_metrics_are_exact_and_not_adjusted",
    "differences.cells_apart": _DIFFERENCES
    + "cells_are_counted_and_their_variance_is_as_much_too_small_as_is_said",
    "differences.cells_decide_nothing": _DIFFERENCES
    + "cells_are_counted_and_their_variance_is_as_much_too_small_as_is_said",
    "differences.design_effect": _DIFFERENCES
    + "cells_are_counted_and_their_variance_is_as_much_too_small_as_is_said",
    "differences.effect_column": _DIFFERENCES
    + "cells_are_counted_and_their_variance_is_as_much_too_small_as_is_said",
    "differences.would_be": _DIFFERENCES
    + "cells_are_counted_and_their_variance_is_as_much_too_small_as_is_said",
    "differences.diagnosis_test": _DIFFERENCES + "the_diagnosis_is_tested_by_a_fair_coin",
    "differences.unequal_spread": _CALIBRATION + "unequal_spread_makes_the_swap_test_bolder",
    "differences.not_equal": _DIFFERENCES
    + "equivalence_is_shown_where_the_interval_of_twice_alpha_lies_within_the_margin",
    "differences.too_few": _DIFFERENCES + "the_smallest_p_is_what_is_said",
    "differences.not_adjusted": _DIFFERENCES
    + "equivalence_is_shown_where_the_interval_of_twice_alpha_lies_within_the_margin",
    "differences.margin_words": _DIFFERENCES + "a_margin_is_said_in_points_wherever_it_is_said",
    "differences.the_margin": _DIFFERENCES + "a_margin_is_said_in_points_wherever_it_is_said",
    "differences.within_margin": _DIFFERENCES + "a_margin_is_said_in_points_wherever_it_is_said",
    "differences.equivalent": _DIFFERENCES
    + "equivalence_is_shown_where_the_interval_of_twice_alpha_lies_within_the_margin",
    "differences.equivalents": _DIFFERENCES
    + "equivalence_is_shown_where_the_interval_of_twice_alpha_lies_within_the_margin",
    "differences.not_inferior": _DIFFERENCES
    + "equivalence_is_shown_where_the_interval_of_twice_alpha_lies_within_the_margin",
    "differences.ladder_means": _DIFFERENCES
    + "the_ladder_moves_by_more_than_chance_alone_over_subjects_or_over_cells",
    "differences.ladder_holds": _DIFFERENCES
    + "the_ladder_moves_by_more_than_chance_alone_over_subjects_or_over_cells",
    "differences.mistaken": _HINTS + "each_mistake_made_on_purpose_is_named_with_the_number_it_hides",
    "seeds.over_seeds": _SEEDS + "seeds_alone_hold_the_subjects_and_a_swap_of_subjects_holds_the_seed",
    "seeds.both_speak": _CALIBRATION
    + "two_methods_over_seeds_keep_their_promise_where_swapping_them_did_not",
    "seeds.both_lines": _SEEDS + "the_share_of_the_variance_is_that_of_subjects_and_of_seeds",
    "seeds.not_both": _SEEDS + "one_run_each_says_the_difference_and_nothing_else",
    "seeds.two_runs": _SEEDS + "one_run_each_says_the_difference_and_nothing_else",
    "seeds.mann_whitney": _SEEDS + "the_papers_test_is_scipys_with_its_side_and_holms_p",
    "seeds.effects": _SEEDS + "effects_are_counted_pair_by_pair",
    "seeds.shift": _SEEDS + "effects_are_counted_pair_by_pair",
    "seeds.paired": _SEEDS + "seeds_won_are_counted_and_told_by_both_limits",
    "seeds.won_words": _SEEDS + "seeds_won_are_counted_and_told_by_both_limits",
    "seeds.papers_test": _SEEDS + "the_papers_test_is_scipys_with_its_side_and_holms_p",
    "seeds.one_sided": _SEEDS + "the_papers_test_is_scipys_with_its_side_and_holms_p",
    "seeds.swap_of_two_runs": _SEEDS + "seeds_alone_hold_the_subjects_and_a_swap_of_subjects_holds_the_seed",
    "methods.caption": _METHODS + "a_table_says_how_many_cells_and_subjects_and_which_level",
    "methods.judged_on": _METHODS + "a_table_says_how_many_cells_and_subjects_and_which_level",
    "methods.no_tests": _METHODS + "a_table_says_how_many_cells_and_subjects_and_which_level",
    "methods.intervals_by": _METHODS + "intervals_and_rank_sets_have_the_level_of_the_tests",
    "methods.rank_sets_by": _METHODS + "intervals_and_rank_sets_have_the_level_of_the_tests",
    "methods.p_means": _METHODS + "the_p_that_are_told_are_those_after_holm_over_the_family",
    "methods.tests_by": _METHODS + "the_p_that_are_told_are_those_after_holm_over_the_family",
    "methods.letters_mean": _METHODS + "the_p_that_are_told_are_those_after_holm_over_the_family",
    "methods.margin_by": _METHODS + "equivalence_is_the_interval_of_twice_alpha_within_the_margin",
}
"""By module and function."""
