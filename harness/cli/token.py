"""`harness token`: who may hand in and who may administer, on a server that others can reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.options import DATABASE, JSON, SERVER_DATA
from harness.cli.phase import store_at
from harness.cli.phase_rules import moment_words
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from eval_server.store.records import TokenRecord

DAYS = 180


@click.group()
def token() -> None:
    """Make, list and revoke the server's tokens; a running server takes it up at once."""


@token.command()
@click.option("--role", type=click.Choice(["team", "host"]), default="team", show_default=True)
@click.option("--team", help="The team that hands in with it.")
@click.option("--note", default="", help="What it is for.")
@click.option(
    "--days", default=DAYS, show_default=True, type=click.IntRange(1, 3650), help="Until it expires."
)
@SERVER_DATA
@DATABASE
@JSON
def add(
    role: str, team: str | None, note: str, days: int, data_dir: Path, database: str | None, as_json: bool
) -> None:
    """Make a token. It is shown once: only its digest is kept."""
    from eval_server.service.access import TOKEN_PREFIX, digest_of, new_secret

    if (role == "team") != bool(team):
        raise UsageWrong("a team's token names its --team, a host's token names none")
    if team is not None and not (team.isprintable() and team.strip() == team and len(team) <= 80):
        raise UsageWrong("a team's name is one line of 1 to 80 printable characters")
    secret, now = new_secret(TOKEN_PREFIX), datetime.now(UTC)
    with store_at(data_dir, database) as store:
        record = store.tokens.add(digest_of(secret), role, team, note, now, now + timedelta(days=days))
        store.audit.note(now, "command line", "token added", team or role, {"token": record.id})
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
