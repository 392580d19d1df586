"""What to write in a methods section: one paragraph that fits what was computed, with its references."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from eval_server.figures.statements import methods
from eval_server.judging.report import Report
from harness.reports.comparison_words import phase_called
from harness.runs.provenance import package_versions, revision

REFERENCES: Mapping[str, str] = {
    "data": "A. Gupta, R. Gupta: ALL Challenge dataset of ISBI 2019. The Cancer Imaging Archive, 2019.",
    "variance": "R. M. Bell, D. F. McCaffrey: Bias reduction in standard errors for linear regression with "
    "multi-stage samples. Survey Methodology 28(2), 169-181, 2002.",
    "freedom": "A. V. Carter, K. T. Schnepel, D. G. Steigerwald: Asymptotic behavior of a t-test robust to "
    "cluster heterogeneity. Review of Economics and Statistics, 2017, doi:10.1162/REST_a_00639.",
    "swap": "A. M. Winkler, M. A. Webster, D. Vidaurre, T. E. Nichols, S. M. Smith: Multi-level block "
    "permutation. NeuroImage 123, 253-268, 2015.",
    "sampled": "B. Phipson, G. K. Smyth: Permutation p-values should never be zero. Statistical Applications "
    "in Genetics and Molecular Biology 9(1), 39, 2010.",
    "holm": "S. Holm: A simple sequentially rejective multiple test procedure. Scandinavian Journal of "
    "Statistics 6(2), 65-70, 1979.",
    "ranks": "M. Mogstad, J. P. Romano, A. M. Shaikh, D. Wilhelm: Inference for ranks with applications to "
    "mobility across neighbourhoods and academic achievement across countries. Review of Economic Studies "
    "91(1), 476-518, 2024.",
    "margin": "D. J. Schuirmann: A comparison of the two one-sided tests procedure and the power approach "
    "for assessing the equivalence of average bioavailability. Journal of Pharmacokinetics and "
    "Biopharmaceutics 15(6), 657-680, 1987.",
}
"""What `methods` names by ``[@name]``."""


def methods_section(report: Report) -> str:
    """The paragraph, and below it the references that it names, numbered in its order."""
    paragraph = " ".join((*_sentences(report), _made_with()))
    names = list(dict.fromkeys(re.findall(r"\[@(\w+)\]", paragraph)))
    numbered = re.sub(r"\[@(\w+)\]", lambda found: f"[{names.index(found[1]) + 1}]", paragraph)
    references = "\n".join(f"[{at}] {REFERENCES[name]}" for at, name in enumerate(names, 1))
    return f"{numbered}\n\n{references}"


def _sentences(report: Report) -> Iterator[str]:
    yield methods.judged_on(phase_called(report), report.cells, report.subjects, len(report.entries))
    if report.subjects is None:
        yield methods.no_tests()
        return
    yield methods.intervals_by(report.alpha)
    if not report.pairs:
        return
    exact = all(pair.exact for pair in report.pairs)
    yield methods.tests_by(len(report.pairs), report.alpha, report.baseline, exact=exact)
    if report.baseline is None:
        yield methods.rank_sets_by(report.alpha)
    if report.margin is not None:
        yield methods.margin_by(report.margin, report.alpha)


def _made_with() -> str:
    """The program with its version and the packages that compute."""
    versions = package_versions(("cnmc-harness", "numpy", "scipy"))
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    made_from = f" (revision {found})" if (found := revision()) else ""
    return f"Everything was computed with {told}{made_from}; it is research software and no medical device."
