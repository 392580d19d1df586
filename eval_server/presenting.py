"""What pages show: documents and verdicts turned into words, rows and drawings; pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from eval_server.comparing import Report
from eval_server.figures import rows
from eval_server.figures.entries import Curve, confusion, roc, roc_curve, subject_accuracy
from eval_server.figures.picture import Picture
from eval_server.figures.sheet import span
from eval_server.figures.showing import pictures_of_entry
from eval_server.figures.standings import lanes
from eval_server.figures.wording import (
    ABSENT,
    counted,
    interval_words,
    listed,
    p_number,
    p_words,
    percent,
    ranks,
    signed,
    signed_interval,
)
from eval_server.judging import Verdict

Document = Mapping[str, Any]

METRIC_NAMES = {
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "subject_accuracy": "subject accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "weighted_precision": "weighted precision",
    "weighted_recall": "weighted recall",
    "f1_all": "F1 of ALL",
    "f1_hem": "F1 of normal",
    "precision_all": "precision of ALL",
    "precision_hem": "precision of normal",
    "mcc": "Matthews correlation",
    "kappa": "Cohen's kappa",
    "auc": "area under the ROC curve",
    "average_precision": "average precision",
    "brier": "Brier score",
    "log_loss": "log loss",
    "ece": "expected calibration error",
}
PLAIN_NUMBERS = ("mcc", "kappa", "auc", "average_precision", "brier", "log_loss", "ece")
"""Metrics that are written as plain numbers; the others are percentages."""
MOST_LANES = 6
"""Bars that stand side by side at most; further overlapping ones are said by the rank sets alone."""
NAMED = 4
"""Entries that a sentence names before it only counts them."""


def metric_name(name: str) -> str:
    """A metric as a sentence has it."""
    return METRIC_NAMES.get(name, name.replace("_", " "))


def metric_words(name: str, value: float | None) -> str:
    """The value of a metric as a table has it: a percentage, or a plain number."""
    if value is None or not math.isfinite(value):
        return ABSENT
    return f"{value:.4f}" if name in PLAIN_NUMBERS else percent(value)


def moment(text: str) -> str:
    """A moment as readers write it: "23 Nov 2026, 16:50 UTC"."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def text_of(at: datetime) -> str:
    """A moment as documents write it."""
    return at.astimezone(UTC).isoformat()


def ago(text: str, now: str) -> str:
    """How long something has been: "5 min", "3 h", "2 d"."""
    minutes = int((datetime.fromisoformat(now) - datetime.fromisoformat(text)).total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def duration(seconds: float) -> str:
    """A short time: "0.3 s", "12 s", "5 min"."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the leaderboard: what it is called, where its head leads, how it is sorted now."""

    key: str
    css: str
    head: str
    first: str
    address: str = ""
    sorted: str = ""

    @property
    def measure(self) -> bool:
        """Whether this is one of the numbers that a telephone shows under the row."""
        return self.css in ("metric", "subjects", "sens", "spec")

    @property
    def number(self) -> bool:
        return self.measure or self.css == "count"


COLUMNS = (
    Column("rank", "rank", "Rank", "ascending"),
    Column("entry", "entry", "Entry", "ascending"),
    Column("team", "team", "Team", "ascending"),
    Column("weighted_f1", "f1", "Weighted F1, %", "descending"),
    Column("subject_accuracy", "subjects", "Subject acc., %", "descending"),
    Column("sensitivity", "sens", "Sens., %", "descending"),
    Column("specificity", "spec", "Spec., %", "descending"),
    Column("submitted_at", "when", "When", "descending"),
    Column("submissions", "count", "Tries", "descending"),
)
MEASURES = ("subject_accuracy", "sensitivity", "specificity")
LONG_HEADS = {
    "subject_accuracy": "Subject accuracy, %",
    "sensitivity": "Sensitivity, %",
    "specificity": "Specificity, %",
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a row beside the headline."""

    css: str
    head: str
    value: float | None
    words: str


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One line of the leaderboard; `bars` are (lane, part) of the bars that pass through it."""

    submission: str
    rank: int
    ranks: str
    entry: str
    team: str
    weighted_f1: float
    interval: str
    drawing: str
    measures: tuple[Measure, ...]
    submitted_at: str
    submissions: int
    remarks: tuple[str, ...]
    bars: tuple[tuple[int, str], ...] = ()
    bars_below: tuple[tuple[int, str], ...] = ()
    joined: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A published result below the line."""

    entry: str
    source: str
    weighted_f1: float | None
    drawing: str


@dataclass(frozen=True, slots=True)
class BoardView:
    """A leaderboard as its page shows it."""

    told: str
    columns: tuple[Column, ...]
    axis: str
    rows: tuple[BoardRow, ...]
    references: tuple[Reference, ...]
    bars: bool
    lanes: int
    measures: int
    footnote: str


def board_view(board: Document, sort: str = "rank", order: str = "") -> BoardView:
    """The leaderboard's document as a page shows it, sorted by a column; an unknown one means the rank."""
    standings, references = board["standings"], board["references"]
    columns = _columns(board, sort, order)
    current = next(column for column in columns if column.sorted)
    scale = _scale([*standings, *references])
    groups = [(start, stop) for start, stop in board.get("groups", ()) if stop - start > 1]
    bars, width = _bars(groups, len(standings))
    ranked = current.key == "rank" and current.sorted == "ascending"
    shown = [_row(one, columns, scale, bars[at], _joined(groups, at)) for at, one in enumerate(standings)]
    ordered = shown if ranked else _sorted(shown, standings, current)
    return BoardView(
        told(standings, board.get("groups", ())),
        columns,
        rows.axis(scale) if standings or references else "",
        tuple(ordered),
        tuple(_reference(one, scale) for one in references),
        ranked and bool(groups),
        max(width, 1),
        sum(column.measure for column in columns),
        _footnote(standings),
    )


def _columns(board: Document, sort: str, order: str) -> tuple[Column, ...]:
    """The heads; where the phase ranks by another metric than weighted F1, it has a column of its own."""
    found = list(COLUMNS)
    metric = board["metric"]
    if metric not in [column.key for column in COLUMNS]:
        found.insert(3, Column(metric, "metric", metric_name(metric).capitalize(), "descending"))
    key = sort if sort in [column.key for column in found] or sort in _BY_CSS else "rank"
    key = _BY_CSS.get(key, key)
    return tuple(_headed(column, key, order) for column in found)


_BY_CSS = {column.css: column.key for column in COLUMNS}


def _headed(column: Column, key: str, order: str) -> Column:
    now = {"asc": "ascending", "desc": "descending"}.get(order, column.first) if column.key == key else ""
    turned = {"ascending": "descending", "descending": "ascending"}.get(now, column.first)
    address = f"?sort={column.css}&order={turned.removesuffix('ending')}"
    return Column(column.key, column.css, column.head, column.first, address, now)


def _scale(lines: Sequence[Document]) -> tuple[float, float]:
    """One scale for the table, round numbers at both ends where there is room."""
    ends = [end for one in lines for end in (one.get("weighted_f1"), *one.get("interval", ()))]
    known = [end for end in ends if end is not None]
    return span(known, margin=0.03, within=(0, 1)) if known else (0.0, 1.0)


def _bars(groups: Sequence[tuple[int, int]], count: int) -> tuple[list[tuple[tuple[int, str], ...]], int]:
    """For every row the bars that pass through it, each in its lane, and how many lanes there are."""
    found: list[list[tuple[int, str]]] = [[] for _ in range(count)]
    columns = lanes([(start, stop - 1) for start, stop in groups])
    for (start, stop), lane in zip(groups, columns, strict=True):
        if lane >= MOST_LANES:
            continue
        for at in range(start, stop):
            found[at].append((lane, "start" if at == start else "end" if at == stop - 1 else "middle"))
    return [tuple(row) for row in found], min(max(columns, default=-1) + 1, MOST_LANES)


def _joined(groups: Sequence[tuple[int, int]], at: int) -> str:
    """Which rows a row is joined with, for readers who hear the table."""
    near = {other for start, stop in groups if start <= at < stop for other in range(start, stop)} - {at}
    return f"{counted(len(near), 'other row')}, rows {min(near) + 1} to {max(near) + 1}" if near else ""


def _row(
    one: Document,
    columns: Sequence[Column],
    scale: tuple[float, float],
    bars: tuple[tuple[int, str], ...],
    joined: str,
) -> BoardRow:
    interval = known_interval(one["interval"])
    extra = [column.key for column in columns if column.css == "metric"]
    heads = LONG_HEADS | {key: metric_name(key).capitalize() for key in extra}
    css = {column.key: column.css for column in columns}
    measures = [
        Measure(css[key], heads[key], one.get(key), _short(key, one.get(key))) for key in (*extra, *MEASURES)
    ]
    return BoardRow(
        one["submission"],
        one["rank"],
        ranks((one["rank_set"][0], one["rank_set"][1])) if interval else str(one["rank"]),
        one["entry"],
        one["team"],
        one["weighted_f1"],
        interval_words(interval),
        rows.mark(one["weighted_f1"], interval, scale),
        tuple(measures),
        one["submitted_at"],
        one["submissions"],
        tuple(one["remarks"]),
        bars,
        tuple((lane, "end" if part == "end" else "middle") for lane, part in bars),
        joined,
    )


def _short(key: str, value: float | None) -> str:
    return metric_words(key, value) if key in PLAIN_NUMBERS else percent(value, 1)


def known_interval(limits: Sequence[float | None] | None) -> tuple[float, float] | None:
    """The limits of an interval, None where either is not known."""
    if limits is None or limits[0] is None or limits[1] is None:
        return None
    return limits[0], limits[1]


def _sorted(shown: Sequence[BoardRow], standings: Sequence[Document], column: Column) -> list[BoardRow]:
    """Rows by one column, what is absent last, ties in the board's order; the bars make no sense then."""
    values = [one.get(column.key) for one in standings]
    known = [at for at, value in enumerate(values) if value is not None]
    known.sort(key=lambda at: _sortable(values[at]), reverse=column.sorted == "descending")
    order = known + [at for at, value in enumerate(values) if value is None]
    return [shown[at] for at in order]


def _sortable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _reference(one: Document, scale: tuple[float, float]) -> Reference:
    value = one.get("weighted_f1")
    drawing = "" if value is None else rows.mark(value, None, scale)
    return Reference(one["entry"], one["source"], value, drawing)


def told(standings: Sequence[Document], groups: Sequence[Sequence[int]]) -> str:
    """The sentence above the leaderboard: what can and what cannot be told about the best."""
    if not standings:
        return "No entry has been ranked yet; published results stand below for orientation."
    names = unique_names(standings)
    if len(standings) == 1:
        return f"{names[0]} is the only entry so far."
    if known_interval(standings[0]["interval"]) is None:
        return "The subjects of these cells are not known, so nothing is said about what can be told apart."
    top = next((stop for start, stop in groups if start == 0), 1)
    if top == 1:
        return f"{names[0]} is better than every other entry, beyond what chance explains."
    if top == len(standings):
        return f"None of the {top} entries can be told apart from the others."
    if top <= NAMED:
        return f"Which of {listed(names[:top])} is best cannot be told."
    return f"Which of the first {top} of {len(standings)} entries is best cannot be told."


def _footnote(standings: Sequence[Document]) -> str:
    if not standings or known_interval(standings[0]["interval"]) is None:
        return ""
    return (
        "Rank 1-3 means that every place from 1 to 3 is possible. Two overlapping intervals do not make two "
        "entries equal: they are judged on the same subjects, and the paired test uses that."
    )


def unique_names(entries: Iterable[Document]) -> list[str]:
    """A name for each entry of its own: the team is added where two share a name, then a number."""
    listed_entries = list(entries)
    names = [one["entry"] for one in listed_entries]
    longer = [
        f"{one['entry']} ({one['team']})" if names.count(one["entry"]) > 1 else one["entry"]
        for one in listed_entries
    ]
    return [
        f"{name} #{longer[: at + 1].count(name)}" if longer.count(name) > 1 else name
        for at, name in enumerate(longer)
    ]


def phase_words(phase: Document) -> tuple[str, ...]:
    """The words that stand beside a phase."""
    return tuple(word for word in ("partial", "drawn") if phase[word])


def status_words(found: Document) -> str:
    """Where a submission stands, in a sentence."""
    if found["status"] in ("received", "checking"):
        return "It has arrived and is being judged; this page shows the result in a moment."
    took = datetime.fromisoformat(found["decided_at"] or found["submitted_at"])
    seconds = (took - datetime.fromisoformat(found["submitted_at"])).total_seconds()
    after = f"{duration(seconds)} after it arrived"
    if found["status"] == "scored":
        return f"Scored {after}."
    if found["status"] == "refused":
        return f"Refused {after}. It does not count against the quota of scored submissions."
    return f"It could not be judged ({after})."


@dataclass(frozen=True, slots=True)
class Headline:
    """The number of a submission, what it means, and where it stands."""

    interval: str
    sentence: str
    place: str


def headline(found: Document, board: Document) -> Headline:
    """The headline of a scored submission, with its place where the board shows it."""
    value = found["intervals"]["weighted_f1"]
    interval = known_interval(value["interval"])
    subjects = found["subjects"]
    counts = found["confusion"]
    right = f"{counts['tp'] + counts['tn']:,} of {found['cells']:,} cells are called right."
    if interval is None or subjects is None:
        reason = value["remark"] or "it cannot be estimated here"
        return Headline("", f"{right} There is no interval: {reason}.", _place(found, board))
    sentence = (
        f"{right} Judged on other subjects like these {subjects['count']}, it could as well come out "
        f"anywhere from {percent(interval[0], 1)} to {percent(interval[1], 1)} %."
    )
    return Headline(interval_words(interval), sentence, _place(found, board))


def _place(found: Document, board: Document) -> str:
    for one in board["standings"]:
        if one["submission"] == found["id"]:
            low, high = one["rank_set"]
            among = counted(len(board["standings"]), "entry", "entries")
            if known_interval(one["interval"]) is None or low == high:
                return f"It holds rank {one['rank']} of {among}."
            return f"Of {among}, it may hold any rank from {low} to {high}."
    return "Another submission stands for its team on the board." if board["visible"] else ""


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of a submission as its table has it."""

    name: str
    value: str
    interval: str


def metric_lines(found: Document) -> list[MetricLine]:
    """All metrics of a scored submission, percentages first."""
    metrics, intervals = found["metrics"], found["intervals"]
    lines = [
        _metric_line(name, metrics[name], intervals.get(name)) for name in METRIC_NAMES if name in metrics
    ]
    if found["subjects"] is not None:
        summary = found["subjects"]
        words = _limits("subject_accuracy", known_interval(summary["mean_interval"]), summary["mean_remark"])
        lines.insert(1, MetricLine("subject accuracy, %", percent(summary["mean_accuracy"]), words))
    return lines


def _metric_line(name: str, value: float | None, interval: Document | None) -> MetricLine:
    unit = "" if name in PLAIN_NUMBERS else ", %"
    limits = None if interval is None else known_interval(interval["interval"])
    remark = "" if interval is None else interval["remark"]
    return MetricLine(metric_name(name) + unit, metric_words(name, value), _limits(name, limits, remark))


def _limits(name: str, limits: tuple[float, float] | None, remark: str) -> str:
    if limits is None:
        return remark or ABSENT
    words = " to ".join(metric_words(name, end) for end in limits)
    return f"{words} ({remark})" if remark else words


def pictures_of(name: str, verdict: Verdict, *, host: bool) -> tuple[Picture, ...]:
    """The pictures of a submission; only the host's ROC shows single cells."""
    if host:
        return pictures_of_entry(name, verdict)
    found = [confusion(name, verdict.confusion)]
    curve = coarse_roc(name, verdict)
    if curve is not None:
        found.append(roc([curve]))
    if verdict.subjects is not None:
        found.append(subject_accuracy(name, verdict.subjects))
    return tuple(found)


def coarse_roc(name: str, verdict: Verdict) -> Curve | None:
    """The ROC curve at every twentieth of the false alarms, in whole percent: no step is a single cell.

    The full staircase would tell whoever knows the scores the label of every cell.
    """
    area = verdict.metrics.get("auc")
    if verdict.cells.scores is None or area is None:
        return None
    full = roc_curve(name, verdict.cells.scores, np.asarray(verdict.cells.labels == 1), area)
    alarms = np.linspace(0, 1, 21)
    found = np.round(np.interp(alarms, full.x, full.y), 2)
    found[0], found[-1] = 0.0, 1.0
    return Curve(name, alarms, found, round(area, 3))


@dataclass(frozen=True, slots=True)
class WrongCell:
    """A cell that is called wrong; only a host sees one."""

    name: str
    subject: str
    leukemic: bool
    score: float | None


def worst_cells(verdict: Verdict, cells: Sequence[str], most: int = 24) -> list[WrongCell]:
    """The wrong cells, the most certain mistakes first; without scores by the subject's errors."""
    level = verdict.cells
    wrong = np.flatnonzero(~level.correct)
    if level.scores is not None:
        certain = np.abs(level.scores[wrong] - 0.5)
    elif level.subjects is not None:
        certain = np.bincount(level.subjects[wrong], minlength=1)[level.subjects[wrong]]
    else:
        certain = np.zeros(len(wrong))
    order = wrong[np.argsort(-certain, kind="stable")][:most]
    return [
        WrongCell(
            cells[at],
            subject_of(verdict, at),
            bool(level.labels[at] == 1),
            None if level.scores is None else float(level.scores[at]),
        )
        for at in order.tolist()
    ]


def subject_of(verdict: Verdict, at: int) -> str:
    """The subject of a cell, empty where it is not known."""
    level = verdict.cells
    return "" if level.subjects is None or level.names is None else level.names[level.subjects[at]]


@dataclass(frozen=True, slots=True)
class PairView:
    """Two entries side by side in words; `a` is the better one."""

    a: str
    b: str
    difference: str
    interval: str
    sentence: str
    verdict: str


def pair_view(found: Document, names: Mapping[str, str]) -> PairView:
    """A comparison's document in words; `names` are those of the submissions."""
    a, b = names[found["a"]], names[found["b"]]
    limits = known_interval(found["interval"])
    interval = "" if limits is None else signed_interval(limits)
    return PairView(
        a, b, signed(found["difference"]), interval, _pair_sentence(found, a), _pair_verdict(found, a, b)
    )


def _pair_sentence(found: Document, a: str) -> str:
    subjects = found["subjects"]
    if subjects is None or found["p"] is None:
        return "The subjects are not known, so chance over subjects cannot be judged."
    better = sum(one["a"] > one["b"] for one in subjects)
    even = sum(one["a"] == one["b"] for one in subjects)
    chance = "less than 0.01" if found["p"] < 0.0001 else f"{100 * found['p']:.2g}"
    return (
        f"{a} is better on {better} of {counted(len(subjects), 'subject')}"
        + (f" and even on {even}" if even else "")
        + f"; a difference this large or larger would come up in {chance} % of swaps if the two were alike."
    )


def _pair_verdict(found: Document, a: str, b: str) -> str:
    if found["p"] is None:
        return ""
    kind = "exact" if found["exact"] else "resampled"
    p_said = f"{p_words(found['p'])}, {kind} subject-swap test"
    if found["p_holm"] is None:
        word = "is" if found["p"] < 0.05 else "is not"
        return (
            f"Taken alone the difference {word} significant at 5 % ({p_said}). Not both stand on the board."
        )
    said = f"{p_said}; {p_words(found['p_holm'], name='Holm p')} among all pairs of the board"
    if found["p_holm"] < 0.05:
        return f"{a} is better than {b} ({said})."
    return f"The two cannot be told apart at 5 % ({said})."


@dataclass(frozen=True, slots=True)
class PartLine:
    """One metric of two entries."""

    name: str
    a: str
    b: str
    difference: str
    p: str


def part_lines(found: Document, ours: Verdict, theirs: Verdict) -> list[PartLine]:
    """Where two entries part: each metric of both, the difference and its exact p."""
    tests: dict[str, Document] = {"weighted_f1": {"p": found["p"]}, **found["secondary"]}
    lines = []
    for name, test in tests.items():
        values = [_value(verdict, name) for verdict in (ours, theirs)]
        if values[0] is None or values[1] is None:
            continue
        words = [percent(value) for value in values]
        p = p_number(test["p"])
        lines.append(PartLine(metric_name(name), words[0], words[1], signed(values[0] - values[1]), p))
    return lines


def _value(verdict: Verdict, name: str) -> float | None:
    if name == "subject_accuracy":
        return None if verdict.summary is None else verdict.summary.mean.estimate
    return verdict.metrics.get(name)


def cell_level(found: Document, a: str, b: str) -> str:
    """McNemar's test in a sentence that says what it is not."""
    test = found["mcnemar"]
    said = (
        f"{counted(test['only_a'], 'cell')} only {a} has right, {test['only_b']:,} only {b} has right: "
        f"McNemar's {p_words(test['midp'], name='mid-p')}. It takes cells for independent, which those of "
        "one subject are not, so it finds differences that are not there and decides nothing here."
    )
    effect = found["design_effect"]
    if effect is not None and math.isfinite(effect):
        said += f" Here it takes the variance to be {effect:.1f} times too small."
    return said


def quota_words(left: Document, now: str) -> str:
    """What a team may still hand in, and when the count starts anew."""
    parts = []
    if left["left_today"] is not None:
        parts.append(f"{left['left_today']} of today's submissions left")
    if left["left"] is not None:
        parts.append(f"{left['left']} left in all")
    if left["unscored_left_today"] is not None:
        parts.append(f"{left['unscored_left_today']} more may be refused today")
    if not parts:
        return "as many submissions as you like."
    hours = (datetime.fromisoformat(left["resets_at"]) - datetime.fromisoformat(now)).total_seconds() / 3600
    waiting = f" ({left['waiting']} still being judged)" if left["waiting"] else ""
    return f"{listed(parts)}{waiting}. Today's count starts anew at 00:00 UTC, in {hours:.0f} h."


REPRESENTS = {
    "best": "The best submission of a team stands for it.",
    "last": "The last scored submission of a team stands for it.",
    "chosen": "The submission that a team chose stands for it; before it chooses, the last one.",
    "every": "Every entry of a team has a line of its own, with its best submission.",
}
VISIBILITIES = {
    "public": "Everybody sees the board.",
    "hidden": "The board is hidden until the phase closes.",
    "anonymous": "The board shows neither teams nor entries, except one's own.",
}


def report_words(report: Report) -> str:
    """What a comparison of many says, in a sentence."""
    pairs = len(report.pairs)
    if report.subjects is None:
        return "The subjects are not known, so chance over subjects cannot be judged."
    if not report.significant:
        return f"None of the {pairs} differences can be told from chance at 5 %."
    verb = "is" if report.significant == 1 else "are"
    return (
        f"{report.significant} of {pairs} differences {verb} significant at 5 % (exact subject-swap test of "
        f"weighted F1, adjusted by Holm over these {pairs} pairs)."
    )


@dataclass(frozen=True, slots=True)
class PairLine:
    """One pair among many; `ids` are its submissions."""

    ids: tuple[str, str]
    a: str
    b: str
    difference: str
    interval: str
    p: str
    p_holm: str


def pair_lines(report: Report, ids: Mapping[str, str]) -> list[PairLine]:
    """Every pair of a report, in leaderboard order."""
    return [
        PairLine(
            (ids[pair.a], ids[pair.b]),
            pair.a,
            pair.b,
            signed(pair.difference),
            signed_interval(known_interval(pair.interval.limits)),
            p_number(pair.p),
            p_number(pair.p_holm),
        )
        for pair in report.pairs
    ]
