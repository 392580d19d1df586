"""Score one submission as Codabench and CodaLab run it: ``python3 score.py INPUT OUTPUT``.

Reads ``INPUT/ref`` (``truth.csv`` and ``phase.json``) and ``INPUT/res`` (the submission, unpacked), and
writes ``scores.json``, ``scores.txt`` and ``detailed_results.html`` into OUTPUT. What is wrong with a
submission is said in one line on standard error; then the exit code is 1 and there is no file of scores.

One file, standard library, Python 3.7 or newer, because it runs in whatever image the platform has. The
numbers are those of the evaluation server: each formula stands in the order in which the server computes it.
"""

from __future__ import annotations

import csv
import html
import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

LITTER = (".DS_Store", "Thumbs.db", "desktop.ini", "metadata", "metadata.yaml")
DIGITS = 3
"""What is told of a metric where feedback is not full: a tenth of a percent."""
MOST_PLACES, MOST_TEXTS, MOST_NAMES = 20, 5, 5


class Refused(Exception):
    """A submission or reference data that cannot be scored; holds every reason."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))


# --- reference data ----------------------------------------------------------------------------------


class Reference:
    """The labels and subjects of a phase in the order of its lines; `subjects` is None where unknown."""

    def __init__(
        self,
        labels: list[int],
        subjects: list[str] | None,
        title: str = "",
        feedback: str = "full",
        member: str = "isbi_valid.predict",
        remark: str = "",
    ) -> None:
        self.labels = labels
        self.subjects = subjects
        self.title = title
        self.feedback = feedback
        self.member = member
        self.remark = remark


def read_reference(folder: Path) -> Reference:
    """The truth as the bundle carries it; what is wrong with it is the organizer's to mend."""
    try:
        facts = json.loads((folder / "phase.json").read_text(encoding="utf-8"))
        with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        labels = [{"0": 0, "1": 1}[row["label"]] for row in rows]
        subjects = [row["subject"] for row in rows]
        names = [facts[name] for name in ("title", "feedback", "member", "remark")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        words = shown(f"{type(error).__name__}: {error}", 200)
        raise Refused(
            [f"the reference data of this phase are damaged, tell the organizer ({words})"]
        ) from error
    if not labels or names[1] not in ("full", "summary", "score"):
        raise Refused(["the reference data of this phase hold no cells or no rule, tell the organizer"])
    return Reference(labels, subjects if all(subjects) else None, *names)


# --- the submission ----------------------------------------------------------------------------------


def read_submission(folder: Path, reference: Reference) -> list[int]:
    """The labels of the submission that was unpacked here; raises `Refused` with every reason."""
    path, reasons = find(folder, reference.member)
    if path is None:
        raise Refused(reasons)
    cells = len(reference.labels)
    most = max(2**20, 4 * cells)
    with path.open("rb") as file:
        text = file.read(most + 1)
    if len(text) > most:
        raise Refused([*reasons, f"{reference.member} is too large: expected at most {most} bytes"])
    labels, wrong = parse(text, cells)
    if reasons or wrong:
        raise Refused(reasons + wrong)
    return labels


def find(folder: Path, member: str) -> tuple[Path | None, list[str]]:
    """Where the prediction lies, or None, and what is wrong with the files."""
    files = sorted(files_of(folder))
    named = [name for name in files if name.split("/")[-1] == member]
    links = [name for name in files if (folder / name).is_symlink()]
    if links:
        return None, [f"a member that is no plain file ({names_of(links)})"]
    if len(files) == 1 and named:
        return folder / named[0], []
    if not files:
        return None, [f"no prediction file: expected one file, {member}, found none"]
    chosen = named[0] if len(named) == 1 else None
    if len(files) == 1:
        what, ending = "the prediction file has another name", Path(files[0]).suffix.lower()
        chosen = files[0] if ending in (".predict", ".txt", ".csv", ".tsv", "") else None
    else:
        what = crowd(files, named, member)
    reason = f"{what}: expected one file, {member}, found {names_of(files)}"
    return folder / chosen if chosen else None, [reason]


def files_of(folder: Path) -> Iterator[str]:
    """The files below a folder but for what systems and the platforms leave there."""
    for path in folder.rglob("*"):
        litter = "__MACOSX" in path.parts or path.name in LITTER or path.name.startswith("._")
        if not litter and (path.is_symlink() or not path.is_dir()):
            yield path.relative_to(folder).as_posix()


def crowd(files: list[str], named: list[str], member: str) -> str:
    predictions = [name for name in files if name.lower().endswith(".predict")]
    if len(predictions) > 1:
        return f"{len(predictions)} prediction files"
    return "files that do not belong in the zip" if named else f"no {member} among the files"


def names_of(files: list[str]) -> str:
    more = f" and {len(files) - MOST_NAMES} more" if len(files) > MOST_NAMES else ""
    return ", ".join(shown(name) for name in files[:MOST_NAMES]) + more


KINDS = (
    ("an empty line", rb"[ \t]*"),
    ("a label that is neither 0 nor 1", rb"[+-]?\d+"),
    ("a label written as a decimal", rb"[01]\.0*"),
    ("a score where a label belongs", rb"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?"),
    ("a byte that is not ASCII text", rb"(?s).*[^\t\r\x20-\x7e].*"),
    ("a blank before the label", rb"[ \t]+[01][ \t]*"),
    ("a table row where a label belongs", rb"(?s)[^,;\t]*\.bmp[,;\t].*"),
    ("several labels in one line", rb"(?s)[01](?:[\s,;]+[01])+[\s,;]*"),
    ("not a label", rb"(?s).*"),
)


def parse(text: bytes, cells: int) -> tuple[list[int], list[str]]:
    """The labels of a prediction file, and every reason why it cannot be taken."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [], ["not ASCII text: found UTF-16 text, as some editors write it"]
    if text.count(b"\n") > max(100000, 2 * cells):
        return [], [f"far too many lines: expected {cells} lines, found more"]
    lines = lines_of(text)
    wrong = []
    if len(lines) != cells:
        gap = abs(len(lines) - cells)
        what = f"{gap} line{'' if gap == 1 else 's'} too {'many' if len(lines) > cells else 'few'}"
        wrong.append(f"{what}: expected {cells} lines, found {len(lines)}")
    made: dict[str, list[tuple[int, bytes]]] = {}
    for at, line in enumerate(lines, 1):
        if line not in (b"0", b"1"):
            kind = next(name for name, pattern in KINDS if re.fullmatch(pattern, line[:80]))
            made.setdefault(kind, []).append((at, line))
    return [int(line == b"1") for line in lines], wrong + [mistake(*one) for one in made.items()]


def lines_of(text: bytes) -> list[bytes]:
    """The lines without their ends; a byte-order mark and empty lines at the end do no harm."""
    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:]
    lines = [line.rstrip(b" \t") for line in text.replace(b"\r\n", b"\n").split(b"\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def mistake(kind: str, bad: list[tuple[int, bytes]]) -> str:
    """One kind of mistake: on which lines, and what stands there."""
    places = ", ".join(str(at) for at, _ in bad[:MOST_PLACES])
    more = f" and {len(bad) - MOST_PLACES} more" if len(bad) > MOST_PLACES else ""
    texts = ", ".join(shown(text) for text in list(dict.fromkeys(text for _, text in bad))[:MOST_TEXTS])
    word = "line" if len(bad) == 1 else "lines"
    return f"{kind} ({word} {places}{more}): expected 0 (HEM) or 1 (ALL), found {texts}"


def shown(text: str | bytes, most: int = 60) -> str:
    """What a stranger wrote, in quotes, escaped and cut: one line whatever it holds."""
    quoted = ascii(text[:most])
    quoted = quoted[1:] if isinstance(text, bytes) else quoted
    return quoted + (f"... ({len(text)} characters)" if len(text) > most else "")


# --- counts ------------------------------------------------------------------------------------------


class Subject:
    """One subject: its ALL and HEM cells, and how many of each are called right."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.positives = self.negatives = self.tp = self.tn = 0

    @property
    def cells(self) -> int:
        return self.positives + self.negatives

    @property
    def correct(self) -> int:
        return self.tp + self.tn

    @property
    def accuracy(self) -> float:
        return self.correct / self.cells

    @property
    def stratum(self) -> str:
        return "both" if self.positives and self.negatives else "ALL" if self.positives else "HEM"


def count(labels: Sequence[int], called: Sequence[int], names: Sequence[str]) -> list[Subject]:
    """The subjects with their counts, in natural order (2, 10, H1)."""
    found: dict[str, Subject] = {}
    for label, said, name in zip(labels, called, names):
        one = found.setdefault(name, Subject(name))
        one.positives += label
        one.negatives += 1 - label
        one.tp += label == said == 1
        one.tn += label == said == 0
    return [found[name] for name in sorted(found, key=natural)]


def natural(name: str) -> list[tuple[int, int, str]]:
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


# --- metrics: value, and slope by TP and by TN -------------------------------------------------------


def ratio(above: float, below: float) -> float:
    """0 where the denominator is 0, as scikit-learn's ``zero_division=0``."""
    return above / below if below else 0.0


def f1(tp: int, tn: int, p: int, n: int) -> tuple[float, float, float]:
    below = (tp + (p + n) - tn) ** 2
    return ratio(2.0 * tp, tp + (p + n) - tn), ratio(2.0 * (p + n - tn), below), ratio(2.0 * tp, below)


def precision(tp: int, tn: int, p: int, n: int) -> tuple[float, float, float]:
    called = tp + n - tn
    return ratio(tp, called), ratio(n - tn, called**2), ratio(tp, called**2)


def recall(tp: int, tn: int, p: int, n: int) -> tuple[float, float, float]:
    return ratio(tp, p), ratio(1, p), 0.0


def support(p: int, n: int) -> tuple[float, float]:
    return p / (p + n), n / (p + n)


def halves(p: int, n: int) -> tuple[float, float]:
    return 0.5, 0.5


def present(p: int, n: int) -> tuple[float, float]:
    both = 1.0 * (p > 0) + (n > 0)
    return (p > 0) / both, (n > 0) / both


def first(p: int, n: int) -> tuple[float, float]:
    return 1.0, 0.0


def second(p: int, n: int) -> tuple[float, float]:
    return 0.0, 1.0


class Metric:
    """A mean of one measure over the two classes; not defined where truth lacks a class that it `needs`."""

    def __init__(
        self,
        title: str,
        measure: Callable[[int, int, int, int], tuple[float, float, float]],
        weights: Callable[[int, int], tuple[float, float]],
        needs: tuple[str, ...] = (),
        classes: tuple[str, ...] = ("ALL", "HEM"),
    ) -> None:
        self.title = title
        self.measure = measure
        self.weights = weights
        self.needs = needs
        self.classes = classes

    def slopes(self, tp: int, tn: int, p: int, n: int) -> tuple[float, float, float]:
        """The value, and how fast it grows with correct ALL cells and with correct HEM cells."""
        a, b = self.weights(p, n)
        one, other = self.measure(tp, tn, p, n), self.measure(tn, tp, n, p)
        value = a * one[0] + b * other[0]
        return value, a * one[1] + b * other[2], a * one[2] + b * other[1]


METRICS = {
    "weighted_f1": Metric("Weighted F1", f1, support),
    "macro_f1": Metric("Macro F1", f1, halves, ("ALL", "HEM")),
    "accuracy": Metric("Accuracy", recall, support),
    "balanced_accuracy": Metric("Balanced accuracy", recall, present),
    "sensitivity": Metric("Sensitivity", recall, first, ("ALL",), ("ALL",)),
    "specificity": Metric("Specificity", recall, second, ("HEM",), ("HEM",)),
    "weighted_precision": Metric("Weighted precision", precision, support),
    "weighted_recall": Metric("Weighted recall", recall, support),
}
SUBJECTS = "subject_accuracy"
TITLES = {**{key: metric.title for key, metric in METRICS.items()}, SUBJECTS: "Subject accuracy"}
"""Every column of the leaderboard and its title, the primary one first."""


class Estimate:
    """A value with its 95 % interval; `low` and `high` are None where `remark` says why there is none.

    The value is None where the truth does not define the metric.
    """

    def __init__(
        self, value: float | None, low: float | None = None, high: float | None = None, remark: str = ""
    ) -> None:
        self.value = value
        self.low = low
        self.high = high
        self.remark = remark

    def rounded(self) -> Estimate:
        value, low, high = (
            None if one is None else round(one, DIGITS) for one in (self.value, self.low, self.high)
        )
        return Estimate(value, low, high, self.remark)


# --- intervals with the subject as the unit ----------------------------------------------------------

ONE_SUBJECT = "not estimable: only one subject with %s cells"
NO_SPREAD = "not estimable: the subjects show no spread (no error, or nothing right)"
NO_CELLS = "not defined: the truth has no %s cell"
FEW = "fewer than 5 subjects with %s cells: read with care"
NO_SUBJECTS = "not estimable: the subjects are not known"


def estimate(metric: Metric, subjects: list[Subject]) -> Estimate:
    """A metric with its interval from subject residuals, leverage-corrected, symmetric on the logit scale."""
    p, n = sum(one.positives for one in subjects), sum(one.negatives for one in subjects)
    tp, tn = sum(one.tp for one in subjects), sum(one.tn for one in subjects)
    value, by_tp, by_tn = metric.slopes(tp, tn, p, n)
    remark = remark_of(metric, subjects)
    if remark.startswith("not defined"):
        return Estimate(None, remark=remark)
    positive = [by_tp * one for one in surplus([s.tp for s in subjects], [s.positives for s in subjects])]
    negative = [by_tn * one for one in surplus([s.tn for s in subjects], [s.negatives for s in subjects])]
    variance = math.fsum((a + b) ** 2 for a, b in zip(positive, negative))
    if remark.startswith("not ") or variance <= 1e-24 or not 0 < value < 1:
        return Estimate(value, remark=remark if remark.startswith("not ") else NO_SPREAD)
    half = t_quantile(freedom(positive, negative, subjects)) * math.sqrt(variance)
    low, high = on_logit_scale(value, half)
    return Estimate(value, low, high, remark)


def remark_of(metric: Metric, subjects: list[Subject]) -> str:
    having = {
        "ALL": sum(one.positives > 0 for one in subjects),
        "HEM": sum(one.negatives > 0 for one in subjects),
    }
    few = [name for name in metric.classes if 0 < having[name] < 5]
    for name in metric.needs:
        if not having[name]:
            return NO_CELLS % name
    for name in few:
        if having[name] == 1:
            return ONE_SUBJECT % name
    return "; ".join(FEW % name for name in few)


def surplus(correct: list[int], cells: list[int]) -> list[float]:
    """Correct cells of each subject over the rate of its class, divided by one minus its share."""
    total = sum(cells)
    rate = ratio(sum(correct), total)
    return [ratio(right - rate * size, 1 - ratio(size, total)) for right, size in zip(correct, cells)]


def freedom(positive: list[float], negative: list[float], subjects: list[Subject]) -> float:
    """Welch-Satterthwaite degrees of freedom, each class with its effective number of subjects less one."""
    spread = [math.fsum(one**2 for one in part) for part in (positive, negative)]
    sizes = ([one.positives for one in subjects], [one.negatives for one in subjects])
    each = [max(effective(cells) - 1, 1.0) for cells in sizes]
    return ratio((spread[0] + spread[1]) ** 2, spread[0] ** 2 / each[0] + spread[1] ** 2 / each[1])


def effective(cells: list[int]) -> float:
    total = float(sum(cells))
    return total**2 / math.fsum(float(one) ** 2 for one in cells) if total else 0.0


def on_logit_scale(value: float, half: float) -> tuple[float, float]:
    """Limits around `value`, carried over to the logit scale, bent within 0.1 of 0 and 1."""
    middle = math.log(value / (1 - value))
    bend = 5.0 * max(abs(value - 0.5) - 0.4, 0.0)
    place, slope = bent(middle, bend)
    reach = slope * half / (value * (1 - value))
    return expit(straightened(place - reach, bend)), expit(straightened(place + reach, bend))


def bent(logit: float, bend: float) -> tuple[float, float]:
    """The bent scale at expit(logit), and its slope by the logit; without a bend the logit itself."""
    if bend <= 0:
        return logit, 1.0
    above, below = math.exp(bend * softplus(logit)), math.exp(bend * softplus(-logit))
    return below * math.expm1(bend * logit) / bend, expit(logit) * above + expit(-logit) * below


def straightened(place: float, bend: float) -> float:
    """Back from the bent scale to the logit by Newton's method."""
    if bend <= 0:
        return place
    found = math.copysign(math.log1p(bend * abs(place)) / bend, place)
    for _ in range(8):
        value, slope = bent(found, bend)
        found -= (value - place) / slope
    return found


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def subject_accuracy(subjects: list[Subject]) -> Estimate:
    """The mean over subjects with a Welch interval by class (mixed ones a third) on the logit scale."""
    shares = [one.accuracy for one in subjects]
    mean = math.fsum(shares) / len(shares)
    strata: dict[str, list[float]] = {}
    for one in subjects:
        strata.setdefault(one.stratum, []).append(one.accuracy)
    if any(len(part) < 2 for part in strata.values()):
        word = "ALL" if sum(one.positives > 0 for one in subjects) == 1 else "HEM"
        return Estimate(mean, remark=ONE_SUBJECT % word)
    parts = [(len(part), len(part) * sample_variance(part) / len(shares) ** 2) for part in strata.values()]
    variance = math.fsum(part for _, part in parts)
    if variance <= 1e-24:
        return Estimate(mean, remark=NO_SPREAD)
    df = variance**2 / math.fsum(part**2 / (size - 1) for size, part in parts)
    low, high = on_logit_scale(mean, t_quantile(df) * variance**0.5)
    return Estimate(mean, low, high)


def sample_variance(values: list[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((one - mean) ** 2 for one in values) / (len(values) - 1)


def t_quantile(df: float) -> float:
    """The 97.5 % quantile of Student's t, by bisection on its upper tail."""
    low, high = 1.9, 12.8
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if upper_tail(middle, df) > 0.025 else (low, middle)
    return (low + high) / 2


def upper_tail(t: float, df: float) -> float:
    """P(T > t): half the regularized incomplete beta function of df / (df + t^2) with a = df / 2, b = 1/2."""
    a, x = df / 2, df / (df + t * t)
    front = math.exp(-a * math.log1p(t * t / df)) * math.sqrt(t * t / (df + t * t)) * gamma_ratio(a)
    if x < (a + 1) / (a + 2.5):
        return front * continued(a, 0.5, x) / a / 2
    return (1 - front * continued(0.5, a, 1 - x) / 0.5) / 2


def gamma_ratio(a: float) -> float:
    """gamma(a + 1/2) / (gamma(a) gamma(1/2)), without the loss of digits that large gammas bring."""
    shift = 1.0
    while a < 20:
        shift *= a / (a + 0.5)
        a += 1
    series = -1 / 8 + (1 / 192 + (-1 / 640 + (17 / 14336 - 31 / 18432 / a**2) / a**2) / a**2) / a**2
    return shift * math.sqrt(a / math.pi) * math.exp(series / a)


def continued(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 5000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / (1 + even * d), 1 + even / c
        found *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / (1 + odd * d), 1 + odd / c
        found *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return found


# --- what is told ------------------------------------------------------------------------------------


class Result:
    """What a submission is worth: an estimate for every column, and the counts behind them."""

    def __init__(
        self, estimates: dict[str, Estimate], subjects: list[Subject] | None, confusion: dict[str, int]
    ) -> None:
        self.estimates = estimates
        self.subjects = subjects
        self.confusion = confusion


def judge(reference: Reference, called: list[int]) -> Result:
    """Score the labels of one submission; the subjects of the result are None where they are not known."""
    known = reference.subjects is not None
    subjects = count(reference.labels, called, reference.subjects or [""] * len(called))
    found = {key: estimate(metric, subjects) for key, metric in METRICS.items()}
    if known:
        found[SUBJECTS] = subject_accuracy(subjects)
    else:
        found = {key: Estimate(one.value, remark=NO_SUBJECTS) for key, one in found.items()}
        found[SUBJECTS] = Estimate(None, remark="not defined: the subjects are not known")
    tp, tn = sum(one.tp for one in subjects), sum(one.tn for one in subjects)
    p = sum(reference.labels)
    confusion = {"tn": tn, "fp": len(called) - p - tn, "fn": p - tp, "tp": tp}
    return Result(found, subjects if known else None, confusion)


def columns(feedback: str) -> list[str]:
    """The columns that this level of feedback tells."""
    return list(TITLES)[:1] if feedback == "score" else list(TITLES)


def told(result: Result, feedback: str) -> dict[str, Estimate]:
    """The estimates by column as participants may read them."""
    chosen = {key: result.estimates[key] for key in columns(feedback)}
    return chosen if feedback == "full" else {key: one.rounded() for key, one in chosen.items()}


def scores(result: Result, feedback: str) -> dict[str, float]:
    """One finite number a column. A metric that truth does not define is 0, the same for everybody.

    The platforms rank whoever lacks a number first, so there has to be one.
    """
    return {key: float(one.value or 0.0) for key, one in told(result, feedback).items()}


def page(reference: Reference, result: Result) -> str:
    """The detailed results as one HTML page that loads nothing."""
    found = told(result, reference.feedback)
    parts = [headline(reference, found), table_of_metrics(found) if len(found) > 1 else ""]
    if reference.feedback == "full":
        parts += [table_of_confusion(result.confusion), table_of_subjects(result.subjects)]
    parts.append(f"<p class='faint foot'>{FOOT[reference.feedback]}</p>")
    title = html.escape(reference.title)
    return PAGE % (title, STYLE, title, "\n".join(parts))


def headline(reference: Reference, found: dict[str, Estimate]) -> str:
    one = found["weighted_f1"]
    words = f"95 % interval {percent(one.low)} to {percent(one.high)} %"
    if reference.feedback == "score":
        words = ""
    elif one.low is None:
        words = "no interval: {}".format(one.remark.replace("not estimable: ", ""))
    remark = f" &middot; {html.escape(reference.remark)}" if reference.remark else ""
    line = f"{len(reference.labels):,} cells{remark}"
    interval = f"<p>{html.escape(words)}</p>\n" if words else ""
    number = f"<p class=headline>{percent(one.value)}<small> % weighted F1</small></p>"
    return f"{number}\n{interval}<p class=faint>{line}</p>"


def table_of_metrics(found: dict[str, Estimate]) -> str:
    rows = []
    for key, one in found.items():
        interval = one.remark if one.low is None else f"{percent(one.low)} to {percent(one.high)}"
        care = "" if one.low is None or not one.remark else f" <small>({html.escape(one.remark)})</small>"
        cells = (TITLES[key], percent(one.value), html.escape(interval) + care)
        rows.append("<tr><th scope=row>{}</th><td class=number>{}</td><td>{}</td></tr>".format(*cells))
    head = "<tr><th>Metric</th><th class=number>%</th><th>95 % interval, subjects as units</th></tr>"
    return "<h2>Metrics</h2>\n" + table(head, rows)


def table_of_confusion(counts: dict[str, int]) -> str:
    head = "<tr><th>Truth</th><th class=number>called HEM</th><th class=number>called ALL</th></tr>"
    line = "<tr><th scope=row>%s</th><td class=number>%d</td><td class=number>%d</td></tr>"
    rows = [line % ("HEM", counts["tn"], counts["fp"]), line % ("ALL", counts["fn"], counts["tp"])]
    return "<h2>Confusion matrix</h2>\n" + table(head, rows)


def table_of_subjects(subjects: list[Subject] | None) -> str:
    if subjects is None:
        return "<p>The subjects are not known: there are no results by subject.</p>"
    head = (
        "<tr><th>Subject</th><th>Class</th><th class=number>Cells</th><th class=number>Right</th>"
        "<th class=number>%</th><th class=wide></th></tr>"
    )
    return "<h2>Subjects</h2>\n" + table(head, [subject_row(one) for one in subjects])


def subject_row(one: Subject) -> str:
    bar = "<svg viewBox='0 0 100 8' preserveAspectRatio=none aria-hidden=true>"
    bar += "<rect class=all width=100 height=8 />"
    bar += "<rect class=right width=%.1f height=8 /></svg>" % (100 * one.accuracy)
    numbers = "".join(f"<td class=number>{v}</td>" for v in (one.cells, one.correct, percent(one.accuracy)))
    start = f"<tr><th scope=row>{html.escape(one.name)}</th><td>{one.stratum}</td>"
    return f"{start}{numbers}<td class=wide>{bar}</td></tr>"


def table(head: str, rows: list[str]) -> str:
    return "<table><thead>{}</thead>\n<tbody>{}</tbody></table>".format(head, "\n".join(rows))


def percent(value: float | None) -> str:
    return "&mdash;" if value is None else "%.1f" % (100 * value)


FOOT = {
    "full": "Intervals take the subject as the unit, because cells of one subject resemble each other. "
    "A metric that the truth does not define is shown as &mdash; and counts as 0 on the leaderboard.",
    "summary": "This phase tells numbers to a tenth of a percent, no counts, and nothing by subject.",
    "score": "This phase tells the ranked number alone, to a tenth of a percent.",
}
STYLE = """
:root { --ink: #1b1b1b; --paper: #fff; --faint: #5f5f5f; --rule: #dcdcd8; --soft: #e8e8e4; --right: #00725a;
  color-scheme: light dark }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #16181a; --faint: #a9a9a9;
  --rule: #35393d; --soft: #35393d; --right: #2fc495 } }
body { font: 100%/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 50rem; padding: 1rem 1.25rem 3rem }
h1 { font-size: 1.4rem; line-height: 1.25 } h2 { font-size: 1.1rem; margin: 2rem 0 .25rem }
.headline { font-size: 3rem; font-weight: 650; line-height: 1.1; margin: 1rem 0 .25rem }
.headline small { font-size: 1.1rem; font-weight: 400; color: var(--faint) } .faint { color: var(--faint) }
p { margin: .25rem 0 } .foot { margin-top: 1.5rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .3rem 1.25rem .3rem 0; border-bottom: 1px solid var(--rule) }
tbody th { font-weight: 400 } .number { text-align: right; white-space: nowrap }
svg { display: block; width: 12rem; height: .5rem } .all { fill: var(--soft) } .right { fill: var(--right) }
.wide { padding-right: 0 }
@media (max-width: 40rem) { th, td { padding-right: .75rem } .wide { display: none } }
"""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>%s</title><style>%s</style></head>
<body><h1>%s</h1>
%s
</body></html>
"""


def write(folder: Path, reference: Reference, result: Result) -> None:
    """The three files; `scores.txt` for CodaLab 1.5, which reads no other."""
    found = scores(result, reference.feedback)
    texts = {
        "detailed_results.html": page(reference, result),
        "scores.txt": "".join("{}: {:.15f}\n".format(*one) for one in found.items()),
        "scores.json": json.dumps(found, allow_nan=False) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode("utf-8"))


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("expected: score.py INPUT OUTPUT", file=sys.stderr)
        return 1
    source, target = map(Path, arguments)
    try:
        reference = read_reference(source / "ref")
        called = read_submission(source / "res", reference)
    except Refused as refused:
        print(f"Submission not scored: {refused}", file=sys.stderr)
        return 1
    write(target, reference, judge(reference, called))
    print(f"Scored {len(called)} cells of {shown(reference.title)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
