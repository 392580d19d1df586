"""The reference entry and its two ablations: SE-ResNeXt50 as Prellberg and Kramer fine-tuned it."""

from __future__ import annotations

import dataclasses

from models.contract import EntryCard
from models.finetune.entry import PACKAGES, Finetuned
from models.finetune.recipe import REST, Recipe

_CARD = EntryCard(
    name="seresnext",
    summary="SE-ResNeXt50 32x4d with a learning rate for each depth and eight rotations at test time",
    paper=(
        "Prellberg, Kramer: Acute Lymphoblastic Leukemia Classification from Microscopic Images "
        "using Convolutional Neural Networks"
    ),
    year=2019,
    data="C-NMC 2019: folds 0-2 for the preliminary phase, with the preliminary set for the final one",
    weights="Cadene's, as in the published program (timm: legacy_seresnext50_32x4d.in1k)",
    reported=(
        "preliminary set, 24 runs, best epoch of each: weighted F1 0.8789 ± 0.0090 (0.8628 to 0.8981); "
        "final set 0.8891"
    ),
    differences=(
        "subjects that share cells with the test side are left out unless --shared-cells keep; the "
        "last epoch is taken unless --select best:test, which is the published choice"
    ),
    requires=PACKAGES,
)

_REFERENCE = Recipe()

SERESNEXT = Finetuned(_CARD, _REFERENCE)

NOROT = Finetuned(
    dataclasses.replace(
        _CARD,
        name="seresnext-norot",
        summary="the reference entry with one unrotated view at test time (ablation NOROT)",
        reported="preliminary set, 24 runs, best epoch of each: weighted F1 0.8692 ± 0.0081",
    ),
    dataclasses.replace(_REFERENCE, views=1),
    fit_of="seresnext",
)

NOSPECLR = Finetuned(
    dataclasses.replace(
        _CARD,
        name="seresnext-nospeclr",
        summary="the reference entry with one learning rate for all layers (ablation NOSPECLR)",
        reported="preliminary set, 24 runs, best epoch of each: weighted F1 0.8720 ± 0.0070",
    ),
    dataclasses.replace(_REFERENCE, layers=(REST,), learning_rates=(1e-4,)),
)
