"""Small made-up numbers from which every picture can be drawn."""

import numpy as np

from eval_server.figures.entries import (
    calibration,
    confusion,
    precision_recall,
    precision_recall_curve,
    roc,
    roc_curve,
    score_bins,
    subject_accuracy,
)
from eval_server.figures.pairs import exact_null, paired_subjects
from eval_server.figures.picture import Picture
from eval_server.figures.standings import (
    Gap,
    Line,
    differences,
    leaderboard,
    mean_ranks,
    rank_stability,
    significance_map,
)
from eval_server.judging.verdict import SubjectLine
from eval_server.scoring.counts import Confusion

NAMES = ("forest", "an entry with a name that is much too long for a telephone", 'a<b>&"c"', "mlp")
VALUES = np.array([0.81, 0.80, 0.66, 0.52])
DIFFERENCES = VALUES[:, None] - VALUES[None, :]
P = np.exp(-60 * np.abs(DIFFERENCES))
SUBJECTS = (
    SubjectLine("57", 262, 0, 250, 0),
    SubjectLine("H33", 0, 5, 0, 0),
    SubjectLine("H49", 0, 162, 0, 124),
    SubjectLine("62", 1, 0, 1, 0),
)
OTHERS = (
    SubjectLine("57", 262, 0, 251, 0),
    SubjectLine("H33", 0, 5, 0, 1),
    SubjectLine("H49", 0, 162, 0, 100),
    SubjectLine("62", 1, 0, 1, 0),
)


def lines() -> list[Line]:
    """Four entries, the last one without an interval and outside the ranking."""
    ranks = [(1, 2), (1, 2), (3, 3), None]
    shown = [(value - 0.06, value + 0.04) for value in VALUES[:3]]
    remarks = ((), ("drawn data",), (), ("reference",))
    return [
        Line(*fields) for fields in zip(NAMES, VALUES.tolist(), [*shown, None], ranks, remarks, strict=True)
    ]


def scored(seed: int = 0, cells: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, and which cells are leukemic."""
    generator = np.random.default_rng(seed)
    leukemic = generator.random(cells) < 0.65
    scores = np.clip(generator.normal(0.4 + 0.3 * leukemic, 0.25), 0, 1).round(2)
    return scores, leukemic


def pictures(names: tuple[str, ...] = NAMES) -> list[Picture]:
    """One of each kind."""
    scores, leukemic = scored()
    frequency = np.array([[0.6, 0.4, 0, 0], [0.4, 0.5, 0.1, 0], [0, 0.1, 0.9, 0], [0, 0, 0, 1]])
    swaps = np.linspace(-0.2, 0.2, 401)
    weights = np.exp(-((swaps / 0.04) ** 2))
    null = weights / weights.sum()
    return [
        leaderboard(lines(), groups=[(0, 2), (2, 3)]),
        significance_map(names, DIFFERENCES, P),
        rank_stability(names, frequency, [1, 2, 3, 4]),
        differences(
            [
                Gap(names[0], names[1], 0.01, (-0.02, 0.04), 0.549),
                Gap(names[0], names[2], 0.15, None, 0.0001),
            ],
            margin=0.01,
        ),
        mean_ranks(names, [1.5, 1.9, 2.8, 3.8], 1.1),
        confusion(names[0], Confusion(tn=536, fp=112, fn=77, tp=1142)),
        subject_accuracy(names[0], SUBJECTS),
        roc([roc_curve(name, scores, leukemic, 0.8) for name in names]),
        precision_recall([precision_recall_curve(name, scores, leukemic, 0.8) for name in names], 0.65),
        calibration(names[0], score_bins(scores, leukemic), brier=0.2, ece=0.05),
        paired_subjects(names[0], names[1], SUBJECTS, OTHERS),
        exact_null(names[0], names[1], swaps, null, observed=-0.05, p=0.11),
    ]
