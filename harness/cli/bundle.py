"""`harness bundle`: the challenge for Codabench, what is wrong with a bundle, and its upload."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.options import JSON, PATH, SITE_OPTION, TOKEN_FILE, TRUST_LABELS, typed_token
from harness.cli.phase_rules import Moment
from harness.errors import DataWrong, Refused, UsageWrong

if TYPE_CHECKING:
    from submissions.codabench.bundle import Competition, Round
    from submissions.codabench.reference import Feedback, PhaseTruth
    from submissions.codabench.rules import Finding
    from submissions.phases import Phase

FIRST_YEAR = 2026
"""The year of the first phase where no window is given: fixed, so that a bundle is the same every day."""


@click.group()
def bundle() -> None:
    """Export the challenge for Codabench or CodaLab, and check a bundle before it is uploaded."""


class Named(click.ParamType[Any]):
    """``NAME=VALUE`` as a pair."""

    def __init__(self, value: str) -> None:
        self.name = f"name={value}"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, tuple):
            return value
        name, mark, rest = value.partition("=")
        if not (name and mark and rest):
            self.fail(f"expected {self.name.upper()}, found {value!r}", param, ctx)
        return name, rest


@bundle.command()
@click.option(
    "--phase",
    "phases",
    type=Named("truth.csv"),
    multiple=True,
    required=True,
    help="A phase and its label file, in the order of the phases; once for each.",
)
@click.option("--title", required=True, help="Title of the competition.")
@click.option("--out", type=PATH, required=True, help="The zip to write.")
@click.option(
    "--window",
    "windows",
    type=Named("start/end"),
    multiple=True,
    help=(
        "When a phase opens and closes (UTC), as in prelim=2026-03-01/2026-06-30; the last may leave its end "
        f"out. Without: each phase a year, from {FIRST_YEAR} on, the last without an end."
    ),
)
@click.option(
    "--feedback",
    type=click.Choice(["full", "summary", "score"]),
    help=(
        "What participants are told: everything with results by subject; numbers to a tenth of a percent; "
        "the ranked number alone. Without: full where all labels are public (prelim alone), else summary."
    ),
)
@click.option("--description", help="A sentence on the first page.")
@click.option("--terms", type=PATH, help="Your terms as a Markdown file.")
@click.option("--contact", help="Your e-mail address.")
@click.option("--per-day", type=click.IntRange(1, 1000), default=5, show_default=True, help="Uploads a day.")
@click.option("--in-all", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Uploads.")
@click.option(
    "--format", "form", type=click.Choice(["2", "v1.5"]), default="2", show_default=True, help="The form."
)
@TRUST_LABELS
@JSON
def export(
    phases: tuple[tuple[str, str], ...], out: Path, form: str, trust_labels: bool, as_json: bool, **given: Any
) -> None:
    """Write a bundle that Codabench (or, with --format v1.5, CodaLab) takes as it is.

    The truth goes into the reference data only. The same command writes the same bytes every time, and
    nothing that `harness bundle check` finds wrong.
    """
    from harness.bundles import require_accepted
    from submissions.codabench.bundle import BundleInvalid, Competition, as_held
    from submissions.codabench.bundle import bundle as bundled
    from submissions.writing import write_whole

    truths = [_truth(name, Path(path), trust_labels=trust_labels) for name, path in phases]
    try:
        competition = Competition(
            given["title"],
            tuple(_rounds(truths, given)),
            feedback=given["feedback"] or _usual_feedback(truth.phase for truth in truths),
            **_texts(given),
        )
        held = as_held(competition, "2" if form == "2" else "1.5")
    except BundleInvalid as wrong:
        raise UsageWrong(str(wrong), "Look at --title, --phase and --window.") from wrong
    content = bundled(competition, "2" if form == "2" else "1.5")
    require_accepted(content)
    write_whole(out, content)
    for one in competition.rounds:
        _tell_unlisted(one.phase)
    _tell_held(competition, held)
    _tell_export(out, content, held, as_json)


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """The texts that were given; the others have a default."""
    found = {"description": given["description"], "contact": given["contact"]}
    if given["terms"]:
        found["terms"] = given["terms"].read_text(encoding="utf-8")
    return {name: text for name, text in found.items() if text is not None}


def _truth(name: str, path: Path, *, trust_labels: bool) -> PhaseTruth:
    """The truth of a phase; an official name stands for the official cells, or a part of them."""
    from eval_server.judging.truth import read_truth
    from harness.cli.phase import NAME
    from submissions.codabench.reference import PhaseTruth
    from submissions.phases import OFFICIAL

    if not NAME.fullmatch(name):
        raise UsageWrong(f"expected a name of 1 to 36 letters, digits, '.', '_' or '-', found {name!r}")
    found = read_truth(path, trust_labels=trust_labels)
    if name in OFFICIAL and found.phase.name in OFFICIAL and found.phase.name != name:
        raise DataWrong(
            f"{path} labels the cells of {found.phase.name}, not of {name}", "Name the other file."
        )
    _tell_order(name, found.phase, found.labels.tolist())
    return PhaseTruth(replace(found.phase, name=name), found.labels.tolist(), found.subjects)


def _tell_order(name: str, phase: Phase, labels: list[int]) -> None:
    from submissions.phases import order_remarks

    for remark in order_remarks(phase, labels):
        console.say(f"Note: {name}: {remark}.", style="yellow")


def _tell_unlisted(phase: Phase) -> None:
    from submissions.codabench.class_words import class_words

    if words := class_words(phase.cells):
        console.say(
            f"Note: {phase.name}: the list of cells is left out of the starting kit, because names of cells "
            f"hold words for a class ({', '.join(words)}). Rename them to list them.",
            style="yellow",
        )


def _tell_held(asked: Competition, held: Competition) -> None:
    """Say where the form cannot hold the end that was asked for."""
    for one, other in zip(asked.rounds, held.rounds, strict=True):
        if one.end != other.end:
            console.say(
                f"Note: {one.name} ends at {other.end}, not at {one.end}: in the form v1.5 a phase ends "
                "a day before the next starts.",
                style="yellow",
            )


def _rounds(truths: list[PhaseTruth], given: Mapping[str, Any]) -> Iterable[Round]:
    from submissions.codabench.bundle import Round

    windows = dict(given["windows"])
    if unknown := windows.keys() - {truth.phase.name for truth in truths}:
        raise UsageWrong(f"--window names {', '.join(sorted(unknown))}, but --phase does not")
    for at, truth in enumerate(truths):
        name = truth.phase.name
        last = at == len(truths) - 1
        start, end = _window(windows[name]) if name in windows else _usual_window(at, last=last)
        yield Round(truth, start, end, given["per_day"], given["in_all"])


def _window(text: str) -> tuple[datetime, datetime | None]:
    """Start and end in whole seconds, because a bundle holds no parts of one."""
    start, _, end = text.partition("/")
    first = Moment().convert(start, None, None).replace(microsecond=0)
    return first, Moment(end=True).convert(end, None, None).replace(microsecond=0) if end else None


def _usual_window(at: int, *, last: bool) -> tuple[datetime, datetime | None]:
    year = FIRST_YEAR + at
    end = None if last else datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    return datetime(year, 1, 1, tzinfo=UTC), end


def _usual_feedback(phases: Iterable[Phase]) -> Feedback:
    """Everything where every label is public anyway, which is so for the official preliminary phase."""
    from submissions.phases import PRELIM

    public = all((phase.name, phase.key) == (PRELIM.name, PRELIM.key) for phase in phases)
    return "full" if public else "summary"


def _tell_export(out: Path, content: bytes, competition: Any, as_json: bool) -> None:
    rounds = [
        {
            "phase": one.name,
            "cells": len(one.phase),
            "start": one.start.isoformat(),
            "end": one.end and one.end.isoformat(),
        }
        for one in competition.rounds
    ]
    if as_json:
        facts = {"sha256": hashlib.sha256(content).hexdigest(), "feedback": competition.feedback}
        console.emit({"bundle": str(out), **facts, "columns": competition.columns, "phases": rounds})
        return
    console.result(f"Wrote {out}: {len(content):,} bytes, feedback {competition.feedback}.")
    for one in rounds:
        end = one["end"] or "further notice"
        console.result(f"  {one['phase']}: {one['cells']:,} cells, from {one['start']} to {end}")
    console.say(
        f"It holds the truth: upload it to the platform and show it to nobody. Check: harness bundle "
        f"check {out}"
    )


@bundle.command()
@click.argument("path", metavar="ZIP", type=PATH)
@JSON
@click.pass_context
def check(ctx: click.Context, path: Path, as_json: bool) -> None:
    """Say what Codabench would refuse in the bundle ZIP, and what it would take and should not.

    Any bundle of version 2, and of CodaLab 1.5 as Codabench reads it. Exits with 5 where anything is wrong.
    """
    from harness.bundles import checked_bundle, mistakes

    findings = checked_bundle(path)
    wrong = mistakes(findings)
    if as_json:
        console.emit({"accepted": not wrong, "findings": [one.to_json() for one in findings]})
    else:
        count = f"{len(wrong)} mistake{'s' if len(wrong) > 1 else ''}"
        console.result(f"{path.name}: {count if wrong else 'nothing is wrong'}")
        for at, one in enumerate(findings, start=1):
            console.result(_in_words(at, one))
    if wrong:
        ctx.exit(Refused.exit_code)


def _in_words(at: int, one: Finding) -> str:
    facts = one.facts
    return (
        f"{at:3}. {facts.what} ({facts.kind})\n"
        f"     where     {one.where}\n"
        f"     found     {one.found}\n"
        f"     platform  {facts.platform}\n"
        f"     mend      {facts.mend}"
    )


@bundle.command()
@click.argument("path", metavar="ZIP", type=PATH)
@TOKEN_FILE
@SITE_OPTION
@click.option("--force", is_flag=True, help="Upload what `harness bundle check` finds wrong.")
@JSON
def upload(path: Path, token_file: Path | None, site: str | None, force: bool, as_json: bool) -> None:
    """Upload the bundle ZIP to Codabench and wait until it is unpacked.

    It has to pass `harness bundle check` first. The token comes as in `harness upload`.
    """
    from harness.bundles import checked_bundle, mistakes
    from harness.upload.codabench import SITE, Site, found_competition
    from harness.upload.token import token_of

    wrong = mistakes(checked_bundle(path))
    if wrong and not force:
        words = "; ".join(f"{one.facts.what} ({one.where})" for one in wrong)
        raise Refused(
            f"{path}: {words}", "See `harness bundle check`, or upload it all the same with --force."
        )
    there = Site(site or SITE, token_of(token_file, typed_token))
    with console.progress("Uploading", path.stat().st_size) as advance:
        number = found_competition(there, path, advance, console.say)
    if as_json:
        console.emit({"competition": number})
    else:
        console.result(f"Competition {number}: {there.url.rstrip('/')}/competitions/{number}/")
