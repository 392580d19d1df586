"""What a run is, in rows of words: entry, seed, training, weights. No path of a machine is among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.runs.finished import FinishedRun

Facts = tuple[tuple[str, str], ...]
_VERSIONS = ("cnmc-harness", "torch", "timm", "numpy")


def facts_of(plan: Mapping[str, Any], manifest: Mapping[str, Any], run: FinishedRun | None) -> Facts:
    """The rows that say what a run is; those that it has nothing to say to are left out.

    `run` is the one that learnt, of which this may be a prediction; None where nobody can open it.
    """
    learnt = run.facts.get("facts", {}) if run is not None else {}
    rows = [
        ("entry", plan.get("entry")),
        ("split", plan.get("split")),
        ("seed", plan.get("seed")),
        ("predicted by", plan.get("from", {}).get("run")),
        ("joined", _joined(plan)),
        ("trained on", run.trained_on if run is not None else None),
        ("epoch", _epoch(plan, learnt)),
        ("watched", _watched(run)),
        ("settings", _settled(manifest.get("settings") or plan.get("settings") or {})),
        ("first weights", _settled(plan.get("weights") or {})),
        ("what was learnt", _digest(plan, run)),
        ("engine", _engine(manifest, learnt)),
        ("device", plan.get("device")),
        ("made", manifest.get("created")),
        ("with", _versions(manifest or plan)),
    ]
    return tuple((name, str(value)) for name, value in rows if value not in (None, ""))


def _joined(plan: Mapping[str, Any]) -> str:
    parts = [f"{one['run']} (weight {one['weight']:.3g})" for one in plan.get("parts", ())]
    return f"{', '.join(parts)}, by {plan['by']}" if parts else ""


def _epoch(plan: Mapping[str, Any], learnt: Mapping[str, Any]) -> str:
    if "epoch" not in learnt:
        return ""
    return f"{learnt['epoch']}, by --select {plan.get('select', 'last')}"


def _watched(run: FinishedRun | None) -> str:
    watched = run.facts.get("watched") if run is not None else None
    if not watched:
        return ""
    seen = ", seen in training" if watched.get("seen") else ""
    return f"{watched['part']}, {watched['cells']} cells{seen}; none chosen by it"


def _settled(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _digest(plan: Mapping[str, Any], run: FinishedRun | None) -> str:
    digest = run.weights_sha256 if run is not None else plan.get("from", {}).get("weights_sha256")
    return f"SHA-256 {digest}" if digest else ""


def _engine(manifest: Mapping[str, Any], learnt: Mapping[str, Any]) -> str:
    said = [
        f"{words} by {name}"
        for words, name in (
            ("trained", learnt.get("engine", {}).get("name")),
            ("predicted", manifest.get("environment", {}).get("predicted_with", {}).get("name")),
        )
        if name
    ]
    return ", ".join(said)


def _versions(told: Mapping[str, Any]) -> str:
    packages = told.get("environment", {}).get("packages", {})
    return ", ".join(f"{name} {packages[name]}" for name in _VERSIONS if name in packages)
