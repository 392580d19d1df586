"""`harness phase`: what is predicted on the server, until when, how often, and who sees the board."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.options import DATABASE, JSON, SERVER_DATA, TRUTH
from harness.errors import DataWrong, ServerTrouble, UsageWrong
from harness.published_results import PUBLISHED

if TYPE_CHECKING:
    from eval_server.store.phases import Rules
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
        if not value.isdigit():
            self.fail(f"expected a count or none, found {value!r}", param, ctx)
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
    rows = [(one.name, *(f"{value}" for value in _plain(one.rules).values())) for one in records]
    console.table(("phase", *_plain(_changed(_default(), {}))), rows)


@phase.command()
@click.argument("name")
@click.argument("table", type=click.Path(path_type=Path))
@SERVER_DATA
@DATABASE
@JSON
def reference(name: str, table: Path, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Add published results to NAME from a table entry,weighted_f1,source[,other metrics]."""
    rows = list(_references(table))
    with store_at(data_dir, database) as store:
        _found(store, name)
        for entry, metrics, source in rows:
            store.phases.add_published(name, entry, metrics, source)
        store.audit.note(_now(), "command line", "references added", name, {"count": len(rows)})
    _tell({"phase": name, "references": len(rows)}, f"Added {len(rows)} reference rows.", as_json)


def _references(table: Path) -> Iterator[tuple[str, dict[str, float], str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                facts = {key: value for key, value in row.items() if key not in ("entry", "source") and value}
                yield row["entry"], {key: float(value) for key, value in facts.items()}, row["source"]
    except (OSError, KeyError, ValueError, TypeError) as error:
        hint = "Expected a CSV table with the columns entry, weighted_f1 and source."
        raise DataWrong(f"cannot take the references of {table}: {error}", hint) from error


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


def _plain(rules: Rules) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, datetime) else value for key, value in asdict(rules).items()}


def _truth(path: Path, name: str, asked: Any = None) -> Any:
    """The truth in this file; of the official cells where the phase bears an official name."""
    from eval_server.truth import read_truth
    from submissions.phases import OFFICIAL

    found = read_truth(path, asked)
    official = OFFICIAL.get(name)
    if asked is None and official is not None and found.phase.key != official.key:
        console.say(f"Note: these {len(found.phase):,} cells are not those of the official phase {name}.")
    return found if asked is not None else replace(found, phase=replace(found.phase, name=name))


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
