"""Training: same seed same weights, interruptions change nothing, the choice of epoch."""

import logging

import numpy as np
import pytest
import torch

from models.contract import CellsUnfit, EntryUnavailable, FitInterrupted, Session, SettingInvalid, Validation
from models.finetune.loop import prepare
from models.finetune.predict import mean_of_views, scores_of
from models.finetune.weights import fingerprint
from tests.models.finetune.cells import quick, some_cells

pytestmark = pytest.mark.training


def weights_of(fitted) -> str:
    return fingerprint(fitted.module.state_dict())


class After:
    """Says stop when it has been asked a number of times."""

    def __init__(self, asked: int) -> None:
        self.left = asked

    def __call__(self) -> bool:
        self.left -= 1
        return self.left <= 0


class Judge:
    """Gives the next of some figures for weighted F1, whatever the scores."""

    def __init__(self, *figures: float) -> None:
        self.figures = list(figures)

    def __call__(self, scores):
        return {"weighted_f1": self.figures.pop(0), "mean": float(np.mean(scores))}


def by_mean(scores):
    """A judge that is a function of the scores, as a real one is."""
    return {"weighted_f1": float(np.round(1 - abs(np.mean(scores) - 0.45), 6))}


def fit_with_interruptions(entry, cells, folder, generator, **session):
    """Start again and again, each time stopped after a few steps, until the training is through."""
    stops = 0
    while True:
        stopping = After(int(generator.integers(1, 4)))
        try:
            fitted = entry.fit(cells, Session(checkpoints=folder, stopping=stopping, **session))
        except FitInterrupted:
            stops += 1
        else:
            return fitted, stops


def test_the_same_seed_gives_the_same_weights_and_another_seed_gives_others():
    cells = some_cells()
    first, again, other = (quick().fit(cells, Session(seed=seed)) for seed in (3, 3, 4))
    assert weights_of(first) == weights_of(again)
    assert weights_of(first) != weights_of(other)


def test_interruptions_at_random_steps_change_no_bit_of_the_weights(tmp_path):
    cells, entry = some_cells(), quick(dropout="0.3")
    alone = entry.fit(cells, Session(seed=1))
    interrupted, stops = fit_with_interruptions(entry, cells, tmp_path, np.random.default_rng(0), seed=1)
    assert stops >= 3
    assert weights_of(interrupted) == weights_of(alone)


def test_interruptions_change_neither_the_record_nor_the_chosen_epoch(tmp_path):
    cells, entry = some_cells(), quick(epochs="3", views="1")
    validation = Validation(some_cells(6, seed=7, labelled=False), by_mean)
    alone, record = [], {}
    undisturbed = entry.fit(cells, Session(validation=validation, record=alone.append))
    interrupted, stops = fit_with_interruptions(
        entry,
        cells,
        tmp_path,
        np.random.default_rng(1),
        validation=validation,
        record=lambda event: record.update({event["epoch"]: event}),
    )
    assert stops >= 3
    assert list(record.values()) == alone
    assert [event["epoch"] for event in alone] == [0, 1, 2, 3]
    assert weights_of(interrupted) == weights_of(undisturbed)
    assert interrupted.facts() == undisturbed.facts()


def watching() -> Validation:
    return Validation(some_cells(6, seed=7, labelled=False), by_mean, chooses=False, name="fold2")


def test_epochs_that_are_watched_are_judged_and_not_chosen_and_no_bit_of_the_weights_hangs_on_it():
    cells, entry, events = some_cells(), quick(epochs="3", dropout="0.3"), []
    alone = entry.fit(cells, Session(seed=1))
    seen = entry.fit(cells, Session(seed=1, validation=watching(), record=events.append))
    assert weights_of(seen) == weights_of(alone)
    assert seen.facts() == alone.facts()
    assert [(one["epoch"], one["judged_on"]) for one in events] == [(at, "fold2") for at in range(4)]
    assert all(0 <= one["weighted_f1"] <= 1 for one in events)


@pytest.mark.parametrize(
    ("first", "asked"), [(True, 18), (False, 6)], ids=["watched and then not", "unwatched at first"]
)
def test_a_training_goes_on_with_or_without_a_watch_to_the_same_weights(tmp_path, first, asked):
    cells, entry, events = some_cells(), quick(epochs="3", dropout="0.3"), []
    stopped = {"checkpoints": tmp_path, "stopping": After(asked), "seed": 1}  # in the second epoch
    with pytest.raises(FitInterrupted):
        entry.fit(cells, Session(validation=watching() if first else None, **stopped))
    later = None if first else watching()
    session = Session(seed=1, checkpoints=tmp_path, validation=later, record=events.append)
    assert weights_of(entry.fit(cells, session)) == weights_of(entry.fit(cells, Session(seed=1)))
    judged = [one["epoch"] for one in events if "weighted_f1" in one]
    assert judged == ([0, 1] if first else [2, 3])


def test_a_watch_that_begins_in_the_middle_of_the_first_epoch_calls_no_half_learnt_network_epoch_0(tmp_path):
    with pytest.raises(FitInterrupted):
        quick().fit(some_cells(), Session(checkpoints=tmp_path, stopping=After(2)))
    events = []
    quick().fit(some_cells(), Session(checkpoints=tmp_path, validation=watching(), record=events.append))
    assert [one["epoch"] for one in events] == [1, 2]


def test_the_record_holds_the_loss_and_the_learning_rates_of_each_epoch():
    events = []
    quick(epochs="3").fit(some_cells(), Session(record=events.append))
    assert [event["epoch"] for event in events] == [1, 2, 3]
    assert [event["learning_rates"] for event in events] == [[2e-3], [2e-4], [2e-4]]
    assert all(0 < event["loss"] < 5 for event in events)


@pytest.mark.parametrize(
    ("figures", "chosen"),
    [((0.1, 0.2, 0.9, 0.3), 2), ((0.1, 0.9, 0.9, 0.9), 1), ((0.9, 0.2, 0.3, 0.4), 0), ((0, 0, 0, 0.1), 3)],
    ids=["best wins", "earliest of equals wins", "epoch 0 counts", "the last may win"],
)
def test_the_epoch_with_the_best_weighted_f1_is_chosen(figures, chosen, tmp_path):
    cells, entry = some_cells(), quick(epochs="3")
    validation = Validation(some_cells(3, labelled=False), Judge(*figures))
    fitted = entry.fit(cells, Session(validation=validation, checkpoints=tmp_path))
    assert fitted.facts()["epoch"] == chosen
    assert [file.name for file in tmp_path.glob("best-*")] == [f"best-{chosen}.safetensors"]
    if chosen:
        shorter = quick(epochs=str(chosen)).fit(cells, Session())
        assert weights_of(fitted) == weights_of(shorter)


def test_without_validation_cells_the_last_epoch_is_taken():
    facts = quick().fit(some_cells(), Session()).facts()
    assert (facts["epoch"], facts["chosen_by"]) == (2, "last epoch")


def test_a_finished_training_is_not_done_again(tmp_path):
    cells, steps = some_cells(), []
    first = quick().fit(cells, Session(checkpoints=tmp_path))
    again = quick().fit(cells, Session(checkpoints=tmp_path, stopping=lambda: bool(steps.append(1))))
    assert weights_of(again) == weights_of(first)
    assert not steps


def test_only_the_last_checkpoint_and_nothing_half_written_is_kept(tmp_path):
    quick(checkpoint_minutes="0").fit(some_cells(), Session(checkpoints=tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["last.safetensors"]


@pytest.mark.parametrize(
    "other",
    [
        lambda folder: quick(learning_rates="1e-3").fit(some_cells(), Session(checkpoints=folder)),
        lambda folder: quick().fit(some_cells(), Session(checkpoints=folder, seed=1)),
        lambda folder: quick().fit(some_cells(seed=2), Session(checkpoints=folder)),
    ],
    ids=["recipe", "seed", "cells"],
)
def test_a_checkpoint_of_another_training_is_passed_over_with_words(tmp_path, caplog, other):
    other(tmp_path)
    fitted = quick().fit(some_cells(), Session(checkpoints=tmp_path))
    assert "belongs to another training" in caplog.text
    assert weights_of(fitted) == weights_of(quick().fit(some_cells(), Session()))


def test_how_often_checkpoints_are_written_does_not_make_it_another_training(tmp_path, caplog):
    quick().fit(some_cells(), Session(checkpoints=tmp_path))
    quick(checkpoint_minutes="0").fit(some_cells(), Session(checkpoints=tmp_path))
    assert not caplog.records


@pytest.mark.parametrize("damage", ["cut short", "one byte changed", "emptied"])
def test_a_damaged_checkpoint_is_passed_over_with_words(tmp_path, caplog, damage):
    with pytest.raises(FitInterrupted):
        quick().fit(some_cells(), Session(checkpoints=tmp_path, stopping=After(3)))
    file = tmp_path / "last.safetensors"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    kept = {"cut short": len(content) // 2, "one byte changed": len(content), "emptied": 0}[damage]
    file.write_bytes(content[:kept])
    fitted = quick().fit(some_cells(), Session(checkpoints=tmp_path))
    assert "damaged" in caplog.text
    assert weights_of(fitted) == weights_of(quick().fit(some_cells(), Session()))


def test_a_lost_best_epoch_starts_the_training_anew_with_words(tmp_path, caplog):
    def session(**more):
        validation = Validation(some_cells(3, labelled=False), Judge(0.9, 0.1, 0.2))
        return Session(validation=validation, checkpoints=tmp_path, **more)

    quick().fit(some_cells(), session())
    (tmp_path / "best-0.safetensors").unlink()
    assert quick().fit(some_cells(), session()).facts()["epoch"] == 0
    assert "best epoch, 0, are not there" in caplog.text


def test_fewer_cells_than_a_batch_are_learnt_from_together_with_words(caplog):
    with caplog.at_level(logging.WARNING):
        fitted = quick(batch="16").fit(some_cells(5), Session())
    assert "5 cells do not fill a batch of 16" in caplog.text
    assert (fitted.facts()["batch"], fitted.facts()["steps_an_epoch"]) == (5, 1)


def test_the_last_incomplete_batch_is_dropped():
    assert quick(batch="5").fit(some_cells(12), Session()).facts()["steps_an_epoch"] == 2


def test_the_positive_weight_is_the_ratio_of_hem_to_all_cells():
    assert quick().fit(some_cells(12), Session()).facts()["positive_weight"] == 0.5
    assert quick(positive_weight="1").fit(some_cells(12), Session()).facts()["positive_weight"] == 1.0


def test_cells_of_one_class_are_refused():
    cells = some_cells(6)
    with pytest.raises(CellsUnfit, match="both classes"):
        quick().fit(cells.take(np.flatnonzero(cells.labels == 1)), Session())


def test_a_training_that_diverges_says_which_setting_to_lower():
    training = prepare(quick(epochs="1").approach(Session()), some_cells(), Session())
    with torch.no_grad():
        training.network.module.fc.weight.fill_(torch.finfo(torch.float32).max)
    with pytest.raises(SettingInvalid) as caught:
        training.run()
    assert "diverged" in str(caught.value)
    assert "learning_rates" in caught.value.hint


def test_a_device_that_is_not_there_is_named_with_the_best_one_that_is():
    with pytest.raises(EntryUnavailable, match="there") as caught:
        quick().fit(some_cells(), Session(device="cuda:99"))
    assert "best device" in caught.value.hint


def test_a_training_leaves_torchs_random_numbers_and_switches_as_they_were():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    quick(epochs="1").fit(some_cells(4), Session())
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def test_it_learns_to_tell_blue_blotches_from_grey_ones():
    cells = some_cells(48)
    entry = quick(epochs="8", batch="8", learning_rates="0.01", schedule="1", views="2")
    scores = entry.fit(cells, Session()).predict(some_cells(24, seed=1, labelled=False), Session())
    truth = some_cells(24, seed=1).labels
    assert ((scores > 0.5) == truth).mean() >= 0.9


def test_the_logits_of_every_epoch_and_view_are_handed_out_and_are_those_that_are_judged():
    kept, judged = {}, []

    def judge(scores):
        judged.append(scores)
        return {"weighted_f1": 0.5}

    validation = Validation(some_cells(3, labelled=False), judge, kept.__setitem__)
    quick(views="4").fit(some_cells(6), Session(validation=validation))
    assert list(kept) == [0, 1, 2]
    for epoch, scores in enumerate(judged):
        assert kept[epoch].shape == (3, 4)
        np.testing.assert_array_equal(scores_of(mean_of_views(kept[epoch])), scores)
