"""`harness team`: the server's teams, renamed, joined into another, and separated again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.hosting import (
    REASON,
    act,
    found_team,
    host_options,
    named_some,
    store_at,
    tell,
    told_as_usage,
)
from harness.cli.phase_rules import moment_words
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from eval_server.store.records import Join
    from eval_server.store.store import Store


@click.group()
def team() -> None:
    """Rename, join and separate the server's teams; everything can be undone."""


@team.command()
@click.argument("name")
@click.argument("new_name")
@REASON
@host_options
def rename(
    name: str, new_name: str, reason: str, data_dir: Path, database: str | None, as_json: bool
) -> None:
    """Call the team NAME by NEW_NAME: its submissions, tokens and history stay its own."""
    from eval_server.store.team_names import folded, unfit_name

    if wrong := unfit_name(folded(new_name)):
        raise UsageWrong(wrong)
    with told_as_usage(), store_at(data_dir, database) as store:
        done = store.joining.rename(found_team(store, name), new_name, act(reason))
    tell({"team": done.after, "before": done.before}, f"{done.before} is {done.after} now.", as_json)


@team.command()
@click.argument("name")
@click.argument("target")
@REASON
@host_options
def join(name: str, target: str, reason: str, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Join the team NAME into TARGET: its submissions and tokens are TARGET's until they are separated."""
    from eval_server.service.team_deeds import unchosen_words

    with told_as_usage(), store_at(data_dir, database) as store:
        known, other = found_team(store, name), found_team(store, target)
        dropped = store.joining.unchosen(known, other)
        made = store.joining.join(known, other, act(reason))
    lost = unchosen_words(dropped, other)
    words = f"{known} is {other} now.{lost and ' ' + lost} Undo it: harness team separate {made}"
    unchosen = [asdict(one) for one in dropped]
    tell({"join": made, "team": known, "target": other, "unchosen": unchosen}, words, as_json)


@team.command()
@click.argument("join_or_name", metavar="JOIN|NAME")
@REASON
@host_options
def separate(join_or_name: str, reason: str, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Undo a join, by its id or the name of the team that was joined: what moved moves back."""
    with told_as_usage(), store_at(data_dir, database) as store:
        made = _join(store, join_or_name)
        done = store.joining.separate(made.id, act(reason))
    words = f"{done.team} and {done.target} are two teams again; what came since stays with {done.target}."
    tell({"join": done.id, "team": done.team, "target": done.target}, words, as_json)


@team.command(name="list")
@host_options
def list_(data_dir: Path, database: str | None, as_json: bool) -> None:
    """List the teams, which are joined, and names that count as one team's now and are several teams."""
    with store_at(data_dir, database) as store:
        names, joins, alike = store.teams.names(), store.joining.listed(), store.teams.alike()
        counts = {name: len(store.submissions.listed(team=name)) for name in names}
    if as_json:
        console.emit(_document(counts, joins, alike))
        return
    console.table(("team", "submissions"), [(name, str(counts[name])) for name in names], left=(0,))
    for one in joins:
        console.result(f"{one.team} was joined into {one.target} on {moment_words(one.at)} ({one.id})")
    for pair in alike:
        console.say(_warning(pair), style="yellow")


def _document(counts: dict[str, int], joins: list[Join], alike: list[tuple[str, ...]]) -> dict[str, Any]:
    return {
        "teams": [{"team": name, "submissions": count} for name, count in counts.items()],
        "joins": [
            {"join": one.id, "team": one.team, "target": one.target, "at": one.at.isoformat()}
            for one in joins
        ],
        "alike": [list(pair) for pair in alike],
    }


def _warning(pair: tuple[str, ...]) -> str:
    named = " and ".join(map(repr, pair))
    return (
        f"Note: {named} are several teams from before names were held against each other without case, width "
        "and spaces. They go on as they are; join or rename them if they are one."
    )


def _join(store: Store, named: str) -> Join:
    """The join of this id, or the last one of the team of this name."""
    from eval_server.store.team_names import team_key

    standing = store.joining.listed()
    for one in standing:
        if one.id == named or team_key(one.team) == team_key(named):
            return one
    known = named_some([f"{one.team} ({one.id}, into {one.target})" for one in standing])
    raise UsageWrong(f"there is no join {named!r} that could be undone", f"There are: {known}.")
