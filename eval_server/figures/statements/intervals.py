"""What is said of intervals, of the subjects they rest on, and of what these can show."""

from __future__ import annotations

from collections.abc import Sequence

from eval_server.figures.wording import counted, percent, signed

CARE = 0.93
"""An interval that covers less than this in some design of docs/calibration.md is marked."""
MARK = "†"


def level_words(alpha: float) -> str:
    """The level of intervals beside tests at `alpha`: "95 %"."""
    return f"{100 * (1 - alpha):g} %"


def interval_means(level: str = "95 %") -> str:
    """What a confidence interval is; it is not where the next value will lie."""
    share = level.removesuffix(" %")
    return (
        f"The {level} interval: of 100 test sets with subjects of the same kind about {share} give an "
        "interval that holds the value over all such subjects. The value on the next few subjects varies more"
    )


def interval_takes(subjects: int) -> str:
    """Why an interval over subjects is so much wider than one over cells."""
    return f"The interval takes the {subjects} subjects as the unit, because cells of a subject are alike."


def interval_says(subjects: int, low: float, high: float) -> str:
    """The same with numbers, for one entry."""
    return (
        f"By these {subjects} subjects the value over all subjects of their kind lies between "
        f"{percent(low, 1)} and {percent(high, 1)} %; of 100 such statements about 5 are wrong."
    )


def unit(subjects: int, cells: int) -> str:
    """Why subjects and not cells are counted."""
    return (
        "Cells of one person look alike. So not the cell but the subject is the unit: "
        f"{subjects} subjects say far less than {cells:,} independent cells would."
    )


def rests_on() -> str:
    """What spread an interval is made of."""
    return "It rests on the spread over subjects within each class."


def beside(metric: str, level: str) -> str:
    """What stands beside a number in a board."""
    return f"{metric} with its {level} interval over subjects."


def how_computed() -> str:
    """The formula of an interval in a line."""
    return (
        "logit scale, variance from subject residuals within each class with leverage correction, "
        "Welch-Satterthwaite degrees of freedom"
    )


def no_interval(reason: str) -> str:
    """Why there is a number without an interval."""
    return f"There is no interval: {reason}."


def dot_and_line(metric: str, level: str) -> str:
    """How the picture of a leaderboard is read."""
    return f"Dot: {metric}; line: its {level} interval over subjects; first column: the ranks it may hold."


def next_subjects(subjects: int, low: float, high: float) -> str:
    """A prediction interval, for those who ask what the next subjects will show."""
    return (
        f"On {counted(subjects, 'other subject')} of the same kind weighted F1 will lie between "
        f"{percent(low, 1)} and {percent(high, 1)} % in about 95 of 100 cases (prediction interval; "
        "wider than the confidence interval, because those subjects vary too)."
    )


FEW = 5
"""Subjects of a class below which intervals keep less of their promise, as fold_1 shows with three."""


def few_of_a_class(fewest: int) -> str:
    """What so few subjects of a class do to intervals; nothing where there are enough of both."""
    if fewest >= FEW:
        return ""
    return (
        f"One class has only {counted(fewest, 'subject')} here. With three of them 95 % intervals of a "
        "difference held the truth in 93 of 100 cases at worst, prediction intervals the value in 92, and a "
        'claim "not worse by more than the margin" was wrong in up to 9 of 100 cases in place of 5.'
    )


def nothing_ahead(reason: str) -> str:
    """Why there is no prediction interval where one was asked for."""
    return f"Where it will lie on other subjects cannot be told: {reason}."


def marked_means() -> str:
    """What the mark beside some intervals says."""
    return (
        f"{MARK} covers 88 to 93 % in place of 95 % where the size of a subject goes with its difficulty, "
        "as it does in the real entries."
    )


def no_subjects() -> str:
    """Why there is nothing where subjects are not known."""
    return (
        "Without subjects there are no intervals and no rank sets: cells of one subject are alike, and "
        "intervals that ignore it are far too short."
    )


def overlap_says_nothing() -> str:
    """Why intervals of two entries are not compared by eye."""
    return (
        "Overlapping intervals do not mean that two entries are alike: the test compares them "
        "subject by subject."
    )


def of_this_kind(subjects: int | None = None) -> str:
    """Whom intervals and tests speak about; without a number where several test sets are told of."""
    these = "these" if subjects is None else f"these {subjects}"
    return (
        f"Intervals and tests speak about other subjects like {these}, imaged in the "
        "same way, not about other hospitals, stains or microscopes."
    )


def one_seed() -> str:
    """What a single set of predictions does not show."""
    return (
        "One set of predictions stands for each entry: what another training seed would give is not in these "
        "intervals (harness seeds compares methods over seeds)."
    )


def diagnosis_holds() -> str:
    """What the exact interval of a diagnosis rests on."""
    return "exact if every subject of a class has the same chance"


def votes(shares: Sequence[str]) -> str:
    """How many subjects are named rightly by most of their cells, with exact intervals in brackets."""
    said = ", ".join(shares)
    return f"Majority vote of the cells names {said} subjects rightly (95 % intervals; {diagnosis_holds()})."


def within_subject() -> str:
    """What the interval of a single subject is about."""
    return (
        "Line below a bar: 95 % interval within the subject (Wilson), as if its cells were independent; it "
        "says nothing about other subjects."
    )


def best_of(tries: int, optimism: float, metric: str) -> str:
    """What a number is worth that was chosen as the best of several."""
    about = f"about {percent(optimism, 1)}" if optimism >= 0.0005 else "less than 0.1"
    return (
        f"It is the best of {tries} submissions of its team, chosen on these subjects: where subjects are "
        f"resampled, the best of them comes out {about} points of {metric} too high. Nothing is taken off."
    )


def can_find(difference: float, subjects: int, *, entries: int = 2) -> str:
    """How large a difference these subjects can show, between two of the entries or two like the one."""
    between = "two of these entries" if entries > 1 else "two entries like this one"
    return (
        f"With these {subjects} subjects a difference between {between} is found in 80 of 100 "
        f"cases, taken alone, where it is {signed(difference)} points or more."
    )


def subjects_needed() -> str:
    """What the table of subjects says."""
    return (
        "subjects of the same kind, in the same shares of classes, with which it is found in 80 of 100 cases"
    )
