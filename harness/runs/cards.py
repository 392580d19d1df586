"""The card of a run: what made it, in words, and at its end what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eval_server.judging.verdict import Verdict
from harness.runs.verdict_words import headline, interval_words, weakness
from models.contract import EntryCard
from submissions.manifest import Manifest

SHOWN = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "mcc", "auc")
"""Beside weighted F1, which stands in the headline."""
NOT_A_DEVICE = "Research software, not a medical device.\n"


def card_of_run(card: EntryCard, manifest: Manifest, verdict: Verdict | None) -> str:
    """What an entry learnt from, what is different here, and its scores where the labels are known."""
    training = manifest.training
    classes = ", ".join(f"{count} {name}" for name, count in training["classes"].items())
    left_out = "".join(
        f"- left out: {one['subject']}, {one['cells']} cells: {one['reason']}\n"
        for one in training["dropped"]
    )
    return (
        f"# {card.name} on {manifest.split}, seed {manifest.seed}\n\n"
        f"{card.summary}\n\n"
        f"- after: {card.paper}\n"
        f"- different here: {card.differences or 'nothing known'}\n"
        f"- reported by its authors: {card.reported or 'nothing'}\n"
        f"- first weights: {_first_weights(manifest) or card.weights or 'none'}\n"
        f"- trained on {training['cells']} cells ({classes}) of {training['subjects']} subjects\n{left_out}"
        f"- choice of epoch: {manifest.selection}\n{_watched(training)}{_remarks(manifest)}\n"
        f"{NOT_A_DEVICE}\n{scores(manifest, verdict)}"
    )


def card_of_ensemble(manifest: Manifest, verdict: Verdict | None) -> str:
    """Whose predictions were joined, how, and what came of it."""
    parts = "".join(
        f"- {one['name']}: {one['entry']}, seed {one['seed']}, weight {one['weight']:.4f} ({one['run']})\n"
        for one in manifest.parts
    )
    return (
        f"# ensemble on {manifest.split}\n\nThe parts' {manifest.settings['by']} averaged, "
        f"weights: {manifest.settings['weights']}.\n\n{parts}{_remarks(manifest)}\n"
        f"{NOT_A_DEVICE}\n{scores(manifest, verdict)}"
    )


def card_of_prediction(manifest: Manifest, trained_on: str, verdict: Verdict | None) -> str:
    """Which finished run predicted, with which weights, and what came of it."""
    by = manifest.predicted_by
    return (
        f"# {manifest.entry} on {manifest.split}, seed {manifest.seed}\n\n"
        f"Predicted by the finished run {by['run']}; nothing was trained.\n\n"
        f"- its weights: SHA-256 {by['weights_sha256']}\n"
        f"- trained on {trained_on}\n{_remarks(manifest)}\n"
        f"{NOT_A_DEVICE}\n{scores(manifest, verdict)}"
    )


def _first_weights(manifest: Manifest) -> str:
    """Where this training started, by the name its library keeps the weights under."""
    first = manifest.training.get("first_weights", {})
    return str(first.get("name") or first.get("file") or first.get("remark") or "")


def _watched(training: Mapping[str, Any]) -> str:
    """By which cells the epochs were judged without being chosen."""
    watched = training.get("watched")
    if not watched:
        return ""
    seen = ", seen in training" if watched.get("seen") else ""
    return f"- watched: {watched['part']}, {watched['cells']} cells{seen}\n"


def _remarks(manifest: Manifest) -> str:
    return "".join(f"- **{word}**\n" for word in manifest.remarks)


def scores(manifest: Manifest, verdict: Verdict | None) -> str:
    """The last part of a card: the numbers with their intervals, or why there are none."""
    if verdict is None:
        return f"## Scores\n\n{why_no_score(manifest.split)}\n"
    rows = [
        f"| {name.replace('_', ' ')} | {value:.4f} | {_limits(verdict, name)} |\n"
        for name in SHOWN
        if (value := verdict.metrics.get(name)) is not None
    ]
    table = "| | value | 95 % interval |\n| --- | ---: | ---: |\n" + "".join(rows)
    weak = weakness(verdict)
    said = f"\n{weak}\n" if weak else ""
    return f"## Scores\n\n{headline(manifest.entry, verdict)}\n\n{table}{said}"


def _limits(verdict: Verdict, name: str) -> str:
    found = verdict.intervals.get(name)
    return interval_words(found) if found is not None and found.estimable else "—"


def why_no_score(split: str) -> str:
    """Why a run has no numbers."""
    if split == "final":
        return "No score: the labels of the final set were never published; the challenge's host has them."
    return f"No score: the labels of {split} are not at hand."
