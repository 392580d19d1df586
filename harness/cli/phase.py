"""`harness phase`: what is predicted on the server, until when, how often, and who sees the board."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.options import DATABASE, JSON, PATH, SERVER_DATA, TRUTH
from harness.errors import DataWrong, ServerTrouble, UsageWrong
from harness.published_results import PUBLISHED

if TYPE_CHECKING:
    from eval_server.store.phases import PhaseRecord, Rules
    from eval_server.store.store import Store

NAME = re.compile(r"[A-Za-z0-9._-]{1,36}")


class Moment(click.ParamType[Any]):
    """A moment in ISO 8601; without an offset it is UTC. ``none`` takes a limit away."""

    name = "moment"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, datetime) or value == "none":
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"expected a moment such as 2026-12-31T23:59, in UTC, found {value!r}", param, ctx)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Count(click.ParamType[Any]):
    """A whole number; ``none`` takes a limit away."""

    name = "count"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, int) or value == "none":
            return value
        if not (value.isascii() and value.isdigit()) or len(value) > 9:
            self.fail(f"expected a count below 1,000,000,000 or none, found {value!r}", param, ctx)
        return int(value)


def _rules(command: Callable[..., None]) -> Callable[..., None]:
    """The options that set a phase's rules; what is left out stays as it is."""
    for option in reversed(
        (
            click.option("--title", help="What the pages call it."),
            click.option("--opens", "opens_at", type=Moment(), help="First moment, UTC; none: at once."),
            click.option("--closes", "closes_at", type=Moment(), help="Last moment, UTC; none: never."),
            click.option("--per-day", type=Count(), help="Scored submissions of a team a day."),
            click.option("--in-all", type=Count(), help="Scored submissions of a team in all."),
            click.option("--unscored-per-day", type=Count(), help="Refused and failed ones a day."),
            click.option(
                "--represents",
                type=click.Choice(["best", "last", "chosen", "every"]),
                help="What stands for a team; every: each of its entries, by its best.",
            ),
            click.option(
                "--visibility",
                type=click.Choice(["public", "hidden", "anonymous"]),
                help="The board: for all, hidden until the end, or without names.",
            ),
            click.option("--metric", help="What ranks; weighted_f1 unless set."),
            click.option("--ladder/--no-ladder", default=None, help="Release only clear improvements."),
            click.option("--margin", type=float, help="Of non-inferiority; 0.01 unless set."),
        )
    ):
        command = option(command)
    return command


@click.group()
def phase() -> None:
    """Add and change the server's phases; a running server takes it up at once."""


@phase.command()
@click.argument("name")
@TRUTH
@SERVER_DATA
@DATABASE
@_rules
@JSON
def add(
    name: str, truth_file: Path, data_dir: Path, database: str | None, as_json: bool, **given: Any
) -> None:
    """Add the phase NAME with this truth; prelim and final get the published results as references."""
    from eval_server.store.phases import PhaseClash, Rules

    if not NAME.fullmatch(name):
        raise UsageWrong(f"expected a name of 1 to 36 letters, digits, '.', '_' or '-', found {name!r}")
    truth = _truth(truth_file, name)
    rules = _changed(Rules(), given)
    with store_at(data_dir, database) as store:
        try:
            store.phases.add(name, truth, rules, _now())
        except PhaseClash as clash:
            raise UsageWrong(
                str(clash), "Change it with `harness phase set` or `harness phase truth`."
            ) from clash
        for entry, value, source in PUBLISHED.get(name, ()) if _official(name, truth) else ():
            store.phases.add_published(name, entry, {"weighted_f1": value}, source)
        store.audit.note(_now(), "command line", "phase added", name)
    _tell({"phase": name, "cells": len(truth.phase)}, f"Added {name}: {len(truth.phase):,} cells.", as_json)


@phase.command(name="set")
@click.argument("name")
@SERVER_DATA
@DATABASE
@_rules
@JSON
def set_(name: str, data_dir: Path, database: str | None, as_json: bool, **given: Any) -> None:
    """Change the rules of NAME; what is not named stays."""
    with store_at(data_dir, database) as store:
        rules = _changed(_found(store, name).rules, given)
        store.phases.change(name, rules)
        changed = {key: str(value) for key, value in given.items() if value is not None}
        store.audit.note(_now(), "command line", "phase changed", name, changed)
    _tell({"phase": name, "rules": _plain(rules)}, f"Changed {name}.", as_json)


@phase.command()
@click.argument("name")
@TRUTH
@SERVER_DATA
@DATABASE
@JSON
def truth(name: str, truth_file: Path, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Replace the truth of NAME (or judge all anew by the same): every verdict is made again."""
    from eval_server.store.phases import PhaseClash

    with store_at(data_dir, database) as store:
        asked = store.phases.truth(_found(store, name).truth).phase
        replaced = _truth(truth_file, name, asked)
        try:
            count = store.phases.replace_truth(name, replaced, _now())
        except PhaseClash as clash:
            raise DataWrong(str(clash), "Add another phase for other cells.") from clash
        store.audit.note(_now(), "command line", "truth replaced", name, {"judged_again": count})
    _tell({"phase": name, "judged_again": count}, f"{count} submissions will be judged again.", as_json)


@phase.command(name="list")
@SERVER_DATA
@DATABASE
@JSON
def list_(data_dir: Path, database: str | None, as_json: bool) -> None:
    """List the phases and their rules."""
    with store_at(data_dir, database) as store:
        records = store.phases.all()
    if as_json:
        console.emit({"phases": [{"phase": one.name, "rules": _plain(one.rules)} for one in records]})
        return
    console.result("\n".join(map(_described, records)) or "No phases yet: add one with `harness phase add`.")


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
        _found(store, name)
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


def _changed(rules: Rules, given: dict[str, Any]) -> Rules:
    """The rules with what was given; ``none`` takes a limit away."""
    from eval_server.scoring.metrics import METRICS

    asked: dict[str, Any] = {
        key: None if value == "none" else value for key, value in given.items() if value is not None
    }
    metric = asked.get("metric", rules.metric)
    ranking = [name for name, one in METRICS.items() if one.increasing]
    if metric not in ranking:
        raise UsageWrong(f"a board cannot be ranked by {metric!r}", f"It can by {', '.join(ranking)}.")
    try:
        return replace(rules, **asked)
    except ValueError as error:
        raise UsageWrong(str(error)) from error


def _default() -> Rules:
    from eval_server.store.phases import Rules

    return Rules()


def _described(record: PhaseRecord) -> str:
    """A phase and, a line each, its rules that are not the usual ones."""
    usual = _plain(_default())
    own = [(key, value) for key, value in _plain(record.rules).items() if value != usual[key]]
    told = [f"  {key.replace('_', ' '):17} {value}" for key, value in own] or ["  the usual rules"]
    return "\n".join((record.name, *told))


def _plain(rules: Rules) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, datetime) else value for key, value in asdict(rules).items()}


def _truth(path: Path, name: str, asked: Any = None) -> Any:
    """The truth in this file; an official name is not given to the cells of the other official phase.

    A part of them, or drawn ones, may bear it: the host is told.
    """
    from eval_server.truth import read_truth
    from submissions.phases import OFFICIAL

    found = read_truth(path, asked)
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


@contextmanager
def store_at(data_dir: Path, database: str | None) -> Iterator[Store]:
    """The server's store, for the length of one command."""
    from eval_server.store.database import StoreUnfit
    from eval_server.store.store import Store

    try:
        store = Store.open(data_dir, database)
    except StoreUnfit as unfit:
        raise ServerTrouble(str(unfit), "Look at --data-dir and --database.") from unfit
    try:
        yield store
    finally:
        store.close()


def _found(store: Store, name: str) -> Any:
    record = store.phases.find(name)
    if record is None:
        known = ", ".join(store.phases.names()) or "none yet"
        raise UsageWrong(
            f"there is no phase {name!r}", f"There are: {known}. Add one with `harness phase add`."
        )
    return record


def _tell(document: dict[str, Any], words: str, as_json: bool) -> None:
    if as_json:
        console.emit(document)
    else:
        console.result(words)


def _now() -> datetime:
    return datetime.now(UTC)
