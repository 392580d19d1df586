"""`harness phase`: what is predicted on the server, until when, how often, and who sees the board."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli import phase_deeds
from harness.cli.hosting import found_phase, store_at
from harness.cli.options import DATABASE, JSON, PATH, SERVER_DATA, TRUST_LABELS, TRUTH
from harness.cli.phase_parts import (
    CHOICES,
    divided,
    divided_like,
    division_options,
    end_remarks,
    part_facts,
    part_words,
)
from harness.cli.phase_rules import (
    changed,
    described,
    feedback_words,
    plain,
    require_defined,
    rule_options,
    usual_rules,
    usual_words,
    window,
    window_words,
)
from harness.cli.phase_show import show
from harness.cli.phase_words import introduce, without_words, word_options
from harness.errors import DataWrong, UsageWrong
from harness.reports.published_results import PUBLISHED
from submissions.classes import CNMC, ClassNames
from submissions.phases import FIRST, cells_table, first_cells, order_of, order_remarks

if TYPE_CHECKING:
    from eval_server.judging.truth import Truth
    from eval_server.store.records import Rules

NAME = re.compile(r"[A-Za-z0-9._-]{1,36}")


@click.group()
def phase() -> None:
    """Add and change the server's phases; a running server takes it up at once."""


@phase.command()
@click.argument("name")
@TRUTH
@TRUST_LABELS
@SERVER_DATA
@DATABASE
@division_options
@rule_options
@word_options
@JSON
def add(
    name: str,
    truth_file: Path,
    trust_labels: bool,
    data_dir: Path,
    database: str | None,
    private_subjects: float | None,
    split_seed: int | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Add the phase NAME with this truth; prelim and final get the published results as references.

    Unless said otherwise a team is told a summary of its results, and hands in 5 times a day; the official
    prelim, whose labels are public, has full feedback and no limit, undivided and with its own classes.

    The lines of a submission follow the numbers of the cells in prelim and final, the file names in a fold,
    and in any other phase the rows of the truth's table. With --private-subjects, or a column `part` (public
    or private) in the table, the board is of the public subjects until the phase closes, and of the private
    ones from then on.
    """
    from eval_server.store.phases import PhaseClash
    from eval_server.store.records import Rules

    if not NAME.fullmatch(name):
        raise UsageWrong(f"expected a name of 1 to 36 letters, digits, '.', '_' or '-', found {name!r}")
    given_rules = without_words(given)
    asked = changed(Rules(), given_rules)
    truth = _truth(truth_file, name, trust_labels=trust_labels, classes=asked.classes)
    truth = divided(truth, private_subjects, split_seed)
    usual = usual_rules(truth, asked.classes.own)
    usual = replace(usual, choices=1 if truth.division is None else CHOICES)
    rules = changed(usual, given_rules)
    require_defined(rules, truth.labels)
    with store_at(data_dir, database) as store:
        try:
            store.phases.add(name, truth, rules, _now())
        except PhaseClash as clash:
            raise UsageWrong(
                str(clash), "Change it with `harness phase set` or `harness phase truth`."
            ) from clash
        for entry, value, source in PUBLISHED.get(name, ()) if _official(name, truth) else ():
            store.phases.add_published(name, entry, {"weighted_f1": value}, source)
        store.audit.note(_now(), "command line", "phase added", name, introduce(store, name, given))
    _tell_added(truth, rules, as_json)
    if taken := usual_words(rules, given):
        console.say(f"Note: {taken}.")


@phase.command(name="set")
@click.argument("name")
@SERVER_DATA
@DATABASE
@rule_options
@word_options
@JSON
def set_(name: str, data_dir: Path, database: str | None, as_json: bool, **given: Any) -> None:
    """Change the rules of NAME; what is not named stays."""
    _require_some(given)
    with store_at(data_dir, database) as store:
        record = found_phase(store, name)
        rules = changed(record.rules, without_words(given))
        require_defined(rules, store.phases.truth(record.truth).labels)
        told = {key: str(value) for key, value in given.items() if value is not None}
        told |= introduce(store, name, given)
        store.phases.change(name, rules)
        store.audit.note(_now(), "command line", "phase changed", name, told)
    now = _now()
    words = f"Changed {name}: {window_words(rules, now)}."
    _tell({"phase": name, "rules": plain(rules), "window": window(rules, now)}, words, as_json)


@phase.command()
@click.argument("name")
@TRUTH
@TRUST_LABELS
@SERVER_DATA
@DATABASE
@JSON
def truth(
    name: str, truth_file: Path, trust_labels: bool, data_dir: Path, database: str | None, as_json: bool
) -> None:
    """Replace the truth of NAME (or judge all anew by the same): every verdict is made again.

    The phase keeps its cells and the order of their lines, and every subject and cell its part. Where
    labels, subjects and parts are those that there were, nobody is told of a correction.
    """
    from eval_server.store.phases import PhaseClash

    with store_at(data_dir, database) as store:
        record = found_phase(store, name)
        old, classes = store.phases.truth(record.truth), record.rules.classes
        new = _truth(truth_file, name, old.phase, trust_labels=trust_labels, classes=classes)
        replaced = divided_like(new, old)
        try:
            _warn_of_lost(store.lost(name))
            done = store.phases.replace_truth(name, replaced, _now())
        except PhaseClash as clash:
            raise DataWrong(str(clash), "Add another phase for other cells.") from clash
        deed = "truth replaced" if done.corrected else "judged anew by the same truth"
        store.audit.note(_now(), "command line", deed, name, {"judged_again": done.submissions})
    document = {"phase": name, "judged_again": done.submissions, "corrected": done.corrected}
    by = "" if done.corrected else ", by the same truth"
    _tell(document, f"{done.submissions} submissions will be judged again{by}.", as_json)


@phase.command()
@click.argument("name")
@SERVER_DATA
@DATABASE
@JSON
def cells(name: str, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Print the cells of NAME in the order of a submission's lines, as a table for --cells."""
    with store_at(data_dir, database) as store:
        asked = store.phases.truth(found_phase(store, name).truth).phase
    if as_json:
        console.emit({"phase": name, "cells": list(asked.cells)})
        return
    console.result(cells_table(asked).rstrip("\n"))


@phase.command()
@click.argument("name")
@SERVER_DATA
@DATABASE
@JSON
def designs(name: str, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Name the teams whose uploads to NAME look like a design to learn its labels by.

    Whoever trains models hands in labels that agree with each other; a team is named where three of its
    uploads or more have nothing to do with any that it handed in before (phi below 0.2, either way).
    """
    from eval_server.service import suspects
    from eval_server.service.verdicts import Verdicts

    with store_at(data_dir, database) as store:
        found = suspects.designs(store, Verdicts(store), found_phase(store, name))
    lines = [f"{one.team}: {one.unlike} of its last {one.looked_at} uploads" for one in found]
    words = "\n".join(lines) or f"No team's uploads to {name} look like a design."
    _tell({"phase": name, "designs": [asdict(one) for one in found]}, words, as_json)


def _require_some(given: dict[str, Any]) -> None:
    """Raises `UsageWrong` with the options that there are where none of them was given."""
    if any(value is not None for value in given.values()):
        return
    options = [one for one in click.get_current_context().command.params if one.name in given]
    known = ", ".join("/".join((*one.opts, *one.secondary_opts)) for one in options)
    raise UsageWrong("nothing was named that is to be changed", f"Name at least one of {known}.")


def _warn_of_lost(lost: list[str]) -> None:
    """Say which submissions cannot be read again; what their verdicts keep of them is judged instead."""
    if lost:
        named = f"{', '.join(lost[:3])}{' …' if len(lost) > 3 else ''}"
        console.say(
            f"The files of {len(lost)} submissions are missing or changed ({named}). Those with a verdict "
            "are judged by what it keeps of them; bring the files back with `harness restore`."
        )


for deed in (*phase_deeds.COMMANDS, show):
    phase.add_command(deed)


@phase.command(name="list")
@SERVER_DATA
@DATABASE
@JSON
def list_(data_dir: Path, database: str | None, as_json: bool) -> None:
    """List the phases and their rules."""
    with store_at(data_dir, database) as store:
        records = store.phases.all()
    if as_json:
        console.emit(
            {
                "phases": [
                    {"phase": one.name, "divided": one.divided, "rules": plain(one.rules)} for one in records
                ]
            }
        )
        return
    console.result("\n".join(map(described, records)) or "No phases yet: add one with `harness phase add`.")


@phase.command()
@click.argument("name")
@click.argument("table", type=PATH)
@SERVER_DATA
@DATABASE
@JSON
def reference(name: str, table: Path, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Add published results to NAME from a table entry,weighted_f1,source[,other metrics]."""
    rows = list(_references(table))
    with store_at(data_dir, database) as store:
        found_phase(store, name)
        there = {(one.entry, one.source) for one in store.phases.published(name)}
        if twice := [entry for entry, _, source in rows if (entry, source) in there]:
            raise DataWrong(f"{name} has a reference {twice[0]} already", "Take it out of the table.")
        for entry, metrics, source in rows:
            store.phases.add_published(name, entry, metrics, source)
        store.audit.note(_now(), "command line", "references added", name, {"count": len(rows)})
    _tell({"phase": name, "references": len(rows)}, f"Added {len(rows)} reference rows.", as_json)


_REFERENCE_COLUMNS = ("entry", "weighted_f1", "source")


def _references(table: Path) -> Iterator[tuple[str, dict[str, float], str]]:
    """The published results of a table, each line held against what a reference is."""
    seen: dict[tuple[str, str], int] = {}
    for line, row in _reference_rows(table):
        if None in row or None in row.values():
            raise DataWrong(f"{table}, line {line}: expected as many values as the header has columns")
        facts = {str(key): str(value).strip() for key, value in row.items()}
        entry, source = facts.pop("entry"), facts.pop("source")
        if not entry or not facts["weighted_f1"]:
            raise DataWrong(f"{table}, line {line}: expected an entry's name and its weighted_f1")
        if (entry, source) in seen:
            raise DataWrong(f"{table}, line {line}: {entry} stands already in line {seen[entry, source]}")
        seen[entry, source] = line
        yield entry, {key: _share(table, line, key, text) for key, text in facts.items() if text}, source


def _reference_rows(table: Path) -> Iterator[tuple[int, dict[Any, Any]]]:
    """The lines of the table with their numbers; raises `DataWrong` for a header that lacks a column."""
    hint = "Expected a CSV table with the columns entry, weighted_f1, source and those of other metrics."
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            header = [name.strip() for name in reader.fieldnames or ()]
            if "" in header or len(set(header)) < len(header) or not set(_REFERENCE_COLUMNS) <= set(header):
                raise DataWrong(f"{table}, line 1: found the columns {', '.join(header) or 'none'}", hint)
            reader.fieldnames = header
            rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataWrong(f"{table}: expected a CSV table, found {error}", hint) from error
    except OSError as error:
        raise DataWrong(f"{table}: expected a file to read, found {error.strerror or error}", hint) from error
    if not rows:
        raise DataWrong(f"{table} has a header and no lines", hint)
    yield from rows


def _share(table: Path, line: int, column: str, text: str) -> float:
    """A share; Cohen's kappa and the like may be below 0."""
    lowest = -1 if column in ("mcc", "kappa") else 0
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not lowest <= value <= 1:
        hint = "Metrics are shares: write 0.8981 for 89.81 %."
        raise DataWrong(f"{table}, line {line}, {column}: expected {lowest} to 1, found {text!r}", hint)
    return value


def _tell_added(truth: Truth, rules: Rules, as_json: bool) -> None:
    """What was added: its cells, the order of the lines, and the window."""
    asked, now = truth.phase, _now()
    document = {
        "phase": asked.name,
        "cells": len(asked),
        "order": order_of(asked),
        "first_cells": list(asked.cells[:FIRST]),
        "window": window(rules, now),
        **part_facts(truth),
        "feedback": rules.feedback,
        "others": rules.others,
        "per_day": rules.per_day,
    }
    cells = f"{len(asked):,} cells{part_words(truth)}"
    words = f"Added {asked.name}: {cells}; {window_words(rules, now)}.\n{feedback_words(rules)}"
    _tell(document, f"{words}\nThe lines follow {order_of(asked)}: {first_cells(asked)}", as_json)
    for remark in (*order_remarks(asked, truth.labels.tolist()), *end_remarks(truth, rules)):
        console.say(f"Note: {remark}.", style="yellow")


def _truth(
    path: Path, name: str, asked: Any = None, *, trust_labels: bool = False, classes: ClassNames = CNMC
) -> Any:
    """The truth in this file; an official name is not given to the cells of the other official phase.

    A part of them, or drawn ones, may bear it: the host is told.
    """
    from eval_server.judging.truth import read_truth
    from submissions.phases import OFFICIAL

    found = read_truth(path, asked, trust_labels=trust_labels, parts=True, classes=classes)
    if asked is not None:
        return found
    official = OFFICIAL.get(name)
    if official is not None and found.phase.name in OFFICIAL and found.phase.name != name:
        raise DataWrong(
            f"{path} labels the {len(found.phase)} cells of {found.phase.name}, but {name} is the official "
            f"phase of {len(official)} others",
            f"Name the label file of {name}, or add the phase as {found.phase.name}.",
        )
    if official is not None and found.phase.key != official.key:
        console.say(f"Note: these {len(found.phase):,} cells are not those of the official phase {name}.")
    return replace(found, phase=replace(found.phase, name=name))


def _official(name: str, truth: Any) -> bool:
    from submissions.phases import OFFICIAL

    return name in OFFICIAL and OFFICIAL[name].key == truth.phase.key


def _tell(document: dict[str, Any], words: str, as_json: bool) -> None:
    if as_json:
        console.emit(document)
    else:
        console.result(words)


def _now() -> datetime:
    return datetime.now(UTC)
