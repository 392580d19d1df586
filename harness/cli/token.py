"""`harness token`: who may hand in and who may administer, on a server that others can reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eval_server.store.limits import MOST_TOKEN_DAYS, TOKEN_DAYS
from harness import console
from harness.cli.hosting import store_at, told_as_usage
from harness.cli.options import DATABASE, JSON, PATH, SERVER_DATA
from harness.cli.phase_rules import moment_words
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from eval_server.store.records import TokenRecord


@click.group()
def token() -> None:
    """Make, list and revoke the server's tokens; a running server takes it up at once."""


@token.command()
@click.option("--role", type=click.Choice(["team", "host"]), default="team", show_default=True)
@click.option("--team", help="The team that hands in with it.")
@click.option(
    "--teams", multiple=True, metavar="FILE|NAME…", help="Many at once: a file with a name a line, or names."
)
@click.argument("names", nargs=-1, metavar="[NAME…]")
@click.option("--out", type=PATH, default=Path("tokens.csv"), show_default=True, help="Their file, new.")
@click.option(
    "--server", default="http://127.0.0.1:8000", show_default=True, help="Address that the file links to."
)
@click.option("--note", default="", help="What it is for.")
@click.option(
    "--days",
    default=TOKEN_DAYS,
    show_default=True,
    type=click.IntRange(1, MOST_TOKEN_DAYS),
    help="Until it expires.",
)
@SERVER_DATA
@DATABASE
@JSON
def add(
    role: str,
    team: str | None,
    teams: tuple[str, ...],
    names: tuple[str, ...],
    out: Path,
    as_json: bool,
    **settings: Any,
) -> None:
    """Make a token. It is shown once: only its digest is kept.

    With --teams one for each team, written to a new file that only its owner can read: a table
    team,token,expires,link. Names that differ in case, width or spaces only are one team.
    """
    if names and not teams:
        raise UsageWrong(f"expected options only, found {names[0]!r}", "Name many teams with --teams.")
    with told_as_usage():
        _require_note(settings["note"])
    if not teams:
        _add_one(role, team, as_json, **settings)
    elif team or role != "team":
        raise UsageWrong("--teams makes tokens of teams, and goes without --team and --role")
    else:
        from harness.cli.rosters import add_for_many

        add_for_many([*teams, *names], out, settings, as_json)


def _require_note(note: str) -> None:
    from eval_server.service.setting_aside import fit_note

    fit_note(note)


def _add_one(
    role: str,
    team: str | None,
    as_json: bool,
    note: str,
    days: int,
    data_dir: Path,
    database: str | None,
    server: str,
) -> None:
    """A host's token, or one of one team."""
    from eval_server.service.access import TOKEN_PREFIX, digest_of, new_secret
    from eval_server.store.team_names import folded, unfit_name

    if (role == "team") != bool(team):
        raise UsageWrong("a team's token names its --team, a host's token names none")
    if team is not None and (wrong := unfit_name(folded(team))):
        raise UsageWrong(wrong)
    secret, now = new_secret(TOKEN_PREFIX), datetime.now(UTC)
    with store_at(data_dir, database) as store:
        record = store.tokens.add(digest_of(secret), role, team, note, now, now + timedelta(days=days))
        store.audit.note(now, "command line", "token added", record.team or role, {"token": record.id})
    if as_json:
        console.emit({**_facts(record), "token": secret})
        return
    console.result(secret)
    until = moment_words(record.expires_at)
    console.say(f"Shown once; it expires on {until}. Revoke it: harness token revoke {record.id}")


@token.command(name="list")
@SERVER_DATA
@DATABASE
@JSON
def list_(data_dir: Path, database: str | None, as_json: bool) -> None:
    """List the tokens, without their secrets."""
    with store_at(data_dir, database) as store:
        records = store.tokens.listed()
    if as_json:
        console.emit({"tokens": [_facts(one) for one in records]})
        return
    now = datetime.now(UTC)
    rows = [(one.id, one.role, one.team or "", one.note, _state(one, now)) for one in records]
    console.table(("token", "role", "team", "note", "state"), rows, left=(0, 1, 2, 3, 4))


@token.command()
@click.argument("token_id")
@SERVER_DATA
@DATABASE
@JSON
def revoke(token_id: str, data_dir: Path, database: str | None, as_json: bool) -> None:
    """End the token with this id, and every session opened with it."""
    now = datetime.now(UTC)
    with store_at(data_dir, database) as store:
        if not store.tokens.revoke(token_id, now):
            raise UsageWrong(f"there is no valid token {token_id!r}", "`harness token list` shows their ids.")
        store.audit.note(now, "command line", "token revoked", token_id)
    if as_json:
        console.emit({"revoked": token_id})
    else:
        console.result(f"Revoked {token_id}.")


def _facts(record: TokenRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "role": record.role,
        "team": record.team,
        "note": record.note,
        "created_at": record.created_at.isoformat(),
        "expires_at": record.expires_at.isoformat(),
        "revoked_at": None if record.revoked_at is None else record.revoked_at.isoformat(),
    }


def _state(record: TokenRecord, now: datetime) -> str:
    if record.revoked_at is not None:
        return f"revoked {moment_words(record.revoked_at)}"
    return f"{'valid until' if record.valid(now) else 'expired'} {moment_words(record.expires_at)}"
