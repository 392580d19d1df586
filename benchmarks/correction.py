"""What neighborhood correction gains and costs on simulated cells: python benchmarks/correction.py.

1,867 cells, eight clusters in 32 dimensions (four of each class), 15 % of the first labels wrong at
random; 40 draws a row.
"""

from __future__ import annotations

import numpy as np

from models.correction import corrected

CELLS, DRAWS = 1867, 40


def accuracies(seed: int, apart: float) -> tuple[float, float, float]:
    """Accuracy before and after the correction, and the neighbours' say."""
    draw = np.random.default_rng(seed)
    truth = (draw.random(CELLS) < 0.65).astype(float)
    middles = draw.normal(0, 1, (8, 32))
    features = draw.normal(0, 1, (CELLS, 32))
    features += apart * middles[draw.integers(0, 4, CELLS) + 4 * truth.astype(int)]
    first = np.where(draw.random(CELLS) < 0.15, 1 - truth, truth)
    correction = corrected(features, first, 10)
    after = float(((correction.scores > 0.5) == truth).mean())
    return float((first == truth).mean()), after, correction.trust


def main() -> None:
    for name, apart in (("clusters", 2.0), ("clusters that overlap", 0.5), ("noise", 0.0)):
        before, after, trust = np.mean([accuracies(seed, apart) for seed in range(DRAWS)], axis=0)
        print(f"{name:22} before {before:.3f}  after {after:.3f}  neighbours' say {trust:.2f}")


if __name__ == "__main__":
    main()
