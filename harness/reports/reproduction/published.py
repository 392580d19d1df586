"""What Prellberg and Kramer 2019 published, to stand beside what was made here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PAPER = (
    "Prellberg and Kramer 2019, Acute Lymphoblastic Leukemia Classification from Microscopic Images using "
    "Convolutional Neural Networks"
)

PROPOSAL, NOROT, NOSPECLR = "PROPOSAL", "NOROT", "NOSPECLR"
"""The paper's names for its methods."""


@dataclass(frozen=True, slots=True)
class Ablation:
    """Weighted F1 of 24 runs, the best epoch of each, and the bound on p against the proposal."""

    mean: float
    sd: float
    p_below: float | None


ABLATIONS: Mapping[str, Ablation] = {
    PROPOSAL: Ablation(0.8789, 0.0090, None),
    NOROT: Ablation(0.8692, 0.0081, 0.001),
    NOSPECLR: Ablation(0.8720, 0.0070, 0.002),
}

TRAINING_LOSS = (None, 0.16950, 0.10636, 0.07078, 0.05756, 0.04964, 0.04642)
TEST_LOSS = (0.46256, 0.54571, 0.20551, 0.20620, 0.21530, 0.21107, 0.23108)
WEIGHTED_F1 = (0.17885, 0.78597, 0.89156, 0.89785, 0.88565, 0.89808, 0.88738)
"""The record of the best published run, epochs 0 to 6 (Figure 2)."""

CORRECT: Mapping[str, tuple[int, int]] = {
    name: (right, of)
    for name, right, of in (
        *(("57", 261, 262), ("H49", 73, 81), ("58", 5, 6), ("H30", 29, 35), ("54", 110, 111)),
        *(("65", 137, 139), ("H34", 4, 5), ("H39", 27, 28), ("66", 79, 82), ("61", 5, 7)),
        *(("53", 62, 67), ("H50", 21, 29), ("H31", 61, 77), ("H28", 5, 9), ("64", 53, 69)),
        *(("H36", 35, 47), ("55", 46, 47), ("H35", 22, 31), ("H29", 1, 2), ("H32", 49, 54)),
        *(("63", 71, 83), ("H27", 10, 13), ("59", 5, 6), ("H33", 3, 5), ("H26", 3, 5)),
        *(("62", 1, 1), ("H25", 5, 19), ("60", 5, 6)),
    )
}
"""Correct cells of each subject by the last model of that run, in lowest terms (Figure 3)."""
