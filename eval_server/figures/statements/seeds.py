"""What is said of methods over training seeds: what seeds show alone, and together with subjects."""

from __future__ import annotations

from collections.abc import Iterator

from eval_server.figures.wording import MINUS, p_words, percent, signed, signed_interval
from eval_server.scoring.methods import BothSources
from eval_server.scoring.seeds import PairedSeeds, SeedComparison


def over_seeds(which: str) -> str:
    """What tests over seeds hold fixed."""
    return (
        f"tests over seeds hold {which} fixed: they say whether other seeds would keep the order, "
        "not whether other subjects would."
    )


def both_speak() -> str:
    """Which number is the one to quote for a method."""
    return (
        "only seeds and subjects together speak about the methods, on other subjects and with other seeds: "
        "it is what to quote."
    )


def both_lines(both: BothSources) -> Iterator[str]:
    """What is said of two methods with subjects and seeds both as noise."""
    said = f"seeds and subjects together: {signed(both.difference)} points"
    if both.low is None or both.high is None or both.seeds_share is None:
        yield f"{said}, no interval: {both.remark}"
        return
    yield f"{said}, 95 % interval {signed_interval((both.low, both.high))}, {p_words(both.p)}"
    seeds = both.seeds_share
    more, than = ("subjects", "seeds") if seeds < 0.5 else ("seeds", "subjects")
    yield (
        f"of the variance behind it {percent(1 - seeds, 0)} % comes from the subjects, "
        f"{percent(seeds, 0)} % from the seeds: more {more} would help more than more {than}"
    )


def not_both(why: str) -> str:
    """Why nothing is said of seeds and subjects together."""
    return f"seeds and subjects together: not computed, {why}"


def two_runs(found: SeedComparison) -> str:
    """All that is said of one run each."""
    return f"{found.remark}; the two runs differ by {signed(found.shift)} points"


def mann_whitney(u: float, p: float, p_holm: float | None, better: str | None) -> str:
    """The paper's test over seeds; one-sided only for a direction that was given."""
    adjusted = "" if p_holm is None else f" ({p_words(p_holm, name='Holm p')})"
    side = f"one-sided ({better} better, as expected)" if better else "two-sided"
    return f"Mann-Whitney, {side}: U = {u:g}, {p_words(p)}{adjusted}"


def effects(a: str, b: str, found: SeedComparison) -> str:
    """How often a run of one method beats a run of the other, with 95 % limits in brackets."""
    if found.a12 is None or found.cliffs_delta is None:
        return two_runs(found)
    word = f", {found.magnitude}" if found.magnitude else _NO_WORD
    delta = f"{found.cliffs_delta:+.3f}".replace("-", MINUS) + _limits(found.cliffs_limits)
    return (
        f"a run of {a} beats a run of {b} with chance A12 = {found.a12:.3f}{_limits(found.a12_limits)}; "
        f"Cliff's delta = {delta}{word} (95 % limits in brackets)"
    )


_NO_WORD = " (with a single seed of one of them: no word for its size)"


def shift(points: float) -> str:
    """By how much the runs of two methods differ."""
    return f"shift (Hodges-Lehmann): {signed(points)} points"


def paired(name: str, found: PairedSeeds) -> str:
    """Two methods run with the same seeds."""
    limits = f"{percent(found.chance_low, 0)} to {percent(found.chance_high, 0)} %"
    return (
        f"paired by seed: mean difference {signed(found.mean_difference)} points, sign flip "
        f"{p_words(found.sign_flip_p)}, Wilcoxon {p_words(found.wilcoxon_p)}; {name} is better in "
        f"{percent(found.chance, 0)} % of seeds (95 % interval {limits}): {won_words(found)}"
    )


def won_words(paired: PairedSeeds) -> str:
    """What a share of seeds won shows, by the limits that Bouthillier et al. 2021 look at."""
    if not paired.significant:
        return "not shown to win more than half of the seeds"
    if not paired.meaningful:
        return "wins more than half of the seeds, but fewer than three quarters"
    return "wins more than half of the seeds, three quarters or more are possible"


def papers_test() -> str:
    """What p and Holm's p are in a reproduction."""
    return "p is that of the paper's test; Holm's is adjusted over all pairs of methods."


def one_sided() -> str:
    """Which direction the tests of a reproduction ask about where no paper names one."""
    return (
        "The one-sided tests ask, as the paper's do, whether the first method is better: here the first by "
        "name."
    )


def swap_of_two_runs() -> str:
    """What the swap test of two runs of one seed asks."""
    return (
        "It swaps whole subjects between two runs of one seed: would other subjects keep the order of these "
        "two runs."
    )


def _limits(limits: tuple[float, float] | None) -> str:
    return "" if limits is None else f" [{limits[0]:.2f}, {limits[1]:.2f}]".replace("-", MINUS)
