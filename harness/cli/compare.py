"""`harness compare`: the leaderboard of several entries, with exact tests and what they do not show."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from harness.cli.options import (
    DATA,
    JSON,
    KNOWN_TRUTH,
    PATH,
    SCORES,
    TRUST_LABELS,
    Share,
    asked_truth,
    split_option,
)
from submissions.writing import write_whole

if TYPE_CHECKING:
    from harness.reports.shown import Reference, Shown


@click.command()
@click.argument("entries", nargs=-1, required=True)
@KNOWN_TRUTH
@TRUST_LABELS
@split_option("cv")
@DATA
@click.option("--baseline", help="Test only the differences with this entry.")
@click.option(
    "--margin",
    type=Share(0, 1, min_open=True, max_open=True),
    help="Weighted F1 within which entries count as equivalent, fixed before looking (for example 0.01).",
)
@click.option(
    "--alpha",
    type=Share(0, 0.5, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Chance of any false claim in the whole family of tests; intervals and rank sets follow it.",
)
@click.option(
    "--level",
    type=Share(0.5, 1, min_open=True, max_open=True),
    help="The same said the other way: 0.9 for intervals and rank sets of 90 % and --alpha 0.1.",
)
@click.option(
    "--published", is_flag=True, help="Show published results of the official phases beside the entries."
)
@click.option("--pairs", "pairs_file", type=PATH, help="Write every pair with its tests as a CSV file.")
@click.option("--html", "page", type=PATH, help="Write one page with all pictures.")
@click.option("--pictures", type=PATH, help="Write every picture as a file into this folder (SVG).")
@click.option(
    "--as",
    "picture_form",
    type=click.Choice(("svg", "pdf", "png")),
    help="With --pictures: for a paper, as wide as a column (8.5 cm) and with the letters inside.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "markdown", "csv", "json", "latex")),
    default="table",
    show_default=True,
)
@click.option("--cite", is_flag=True, help="Print what to write in a methods section, with references.")
@click.option("-o", "--out", "file", type=PATH, help="Write what --format or --cite gives into this file.")
@SCORES
@JSON
def compare(
    entries: tuple[str, ...],
    truth_file: Path | None,
    trust_labels: bool,
    split: str | None,
    data_root: Path,
    baseline: str | None,
    margin: float | None,
    alpha: float,
    level: float | None,
    published: bool,
    pairs_file: Path | None,
    page: Path | None,
    pictures: Path | None,
    picture_form: str | None,
    form: str,
    cite: bool,
    file: Path | None,
    scale: str | None,
    as_json: bool,
) -> None:
    """Rank ENTRIES by weighted F1, with intervals over subjects and exact paired tests.

    Each of ENTRIES is a submission zip, a run folder or a table of predictions, as PATH or NAME=PATH. Runs of
    a fold need no label file, and those of prelim none where the data hold it; for other files --split says
    which is meant. With --split cv, ENTRIES are run folders, as METHOD=PATTERN or grouped by their entry: the
    three folds of a method become one entry over all its subjects.
    """
    from harness.python.judging import leaderboard_of
    from harness.reports.judged import judged

    _require_sense(pictures, picture_form, form, file, cite=cite)
    _require_one_document(form, cite=cite, as_json=as_json)
    asked = asked_truth(truth_file, split, data_root, trust_labels=trust_labels)
    found = judged(entries, asked, scale)
    chance = _chance(alpha, level)
    shown = leaderboard_of(found, baseline=baseline, margin=margin, alpha=chance).shown
    if published:
        shown = replace(shown, references=_references(shown.report.phase))
    _write(shown, page, pictures, pairs_file, picture_form)
    _show(shown, "json" if as_json else "cite" if cite else form, file)


def _require_sense(
    pictures: Path | None, picture_form: str | None, form: str, file: Path | None, *, cite: bool
) -> None:
    """Raise, before any work, where an option has nothing that it could be about."""
    if picture_form is not None and pictures is None:
        raise click.UsageError("--as says how pictures are written: add --pictures FOLDER.")
    if file is not None and form == "table" and not cite:
        raise click.UsageError("--out writes a document: add --format latex, markdown, csv or json.")


def _require_one_document(form: str, *, cite: bool, as_json: bool) -> None:
    """Raise, before any work, where two documents are asked for in the place of one."""
    if cite and (form != "table" or as_json):
        raise click.UsageError(
            f"--cite prints a text of its own, and {'--json' if as_json else '--format ' + form} another: "
            "give one."
        )
    if as_json and form not in ("table", "json"):
        raise click.UsageError(f"--json and --format {form} ask for two documents: give one.")


def _chance(alpha: float, level: float | None) -> float:
    """The one chance behind tests, intervals and rank sets, in whichever of two ways it was given."""
    if level is None:
        return alpha
    if click.get_current_context().get_parameter_source("alpha") is not ParameterSource.DEFAULT:
        raise click.UsageError(f"--level {level:g} and --alpha {alpha:g} say the same thing: give one.")
    return round(1 - level, 12)


def _references(phase: str) -> tuple[Reference, ...]:
    """What was published about an official phase; nothing about any other."""
    from harness.reports.published_results import PUBLISHED
    from harness.reports.shown import Reference

    return tuple(Reference(*fields) for fields in PUBLISHED.get(phase, ()))


def _write(
    shown: Shown, page: Path | None, pictures: Path | None, pairs_file: Path | None, picture_form: str | None
) -> None:
    """Write the page, the pictures and the pairs that were asked for."""
    if page is None and pictures is None and pairs_file is None:
        return
    from harness import console
    from harness.reports.page import write_page, write_pictures
    from harness.reports.pair_tables import pairs_of_entries

    if page is not None:
        write_page(page, shown)
        console.say(f"wrote {page}")
    if pictures is not None:
        console.say(f"wrote {write_pictures(pictures, shown, picture_form)} pictures to {pictures}")
    if pairs_file is not None:
        write_whole(pairs_file, pairs_of_entries(shown.report))
        console.say(f"wrote {pairs_file}")


def _show(shown: Shown, form: str, file: Path | None) -> None:
    from harness import console
    from harness.python.judging import Leaderboard

    if form == "table":
        show_table(shown)
    elif file is not None:
        write_whole(file, _text(shown, form) + "\n")
        console.say(f"wrote {file}")
    elif form == "json":
        console.emit(Leaderboard(shown).to_dict())
    else:
        console.result(_text(shown, form))


def _text(shown: Shown, form: str) -> str:
    """The comparison as a document in this form."""
    from harness.python.judging import Leaderboard
    from harness.reports import leaderboard

    if form == "latex":
        from harness.reports.latex import latex

        return latex(shown)
    if form == "cite":
        from harness.reports.citing import methods_section

        return methods_section(shown.report)
    if form == "json":
        return json.dumps(Leaderboard(shown).to_dict(), indent=2, ensure_ascii=False)
    return leaderboard.markdown(shown) if form == "markdown" else leaderboard.comma_separated(shown).rstrip()


def show_table(shown: Shown) -> None:
    """The leaderboard, what is significant, and what the table does and does not show."""
    from textwrap import fill

    from harness import console
    from harness.reports import comparison_words as words
    from harness.reports import leaderboard

    report, width = shown.report, console.width()
    text = min(width, 100)
    console.result(words.about(report) + "\n")
    for line in leaderboard.lines(shown, width):
        console.result(line)
    for at, line in enumerate(words.published(shown)):
        console.result(line if at else f"\n{line}")
    console.result("\n" + fill(words.answer(report), text))
    for line in words.significant_pairs(report):
        console.result(fill(f"  {line}", text, subsequent_indent="    "))
    for line in (*words.equivalences(report), words.reading(report, bars=True), *words.own_ranks(report)):
        console.result("\n" + fill(line, text))
    console.say("")
    for sentence in words.limits(shown):
        console.say(fill(f"Note: {sentence}", text))
    for line in words.also_said(shown):
        console.say(fill(line, text), style="bold yellow" if line.startswith("Hint") else None)
