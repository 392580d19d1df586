"""Tokens for many teams at once: a list of names in, a table with a secret for each out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from eval_server.figures.columns import inert
from eval_server.service.access import TOKEN_PREFIX, digest_of, new_secret, utc
from eval_server.store.records import Act, TokenRecord
from eval_server.store.store import Store
from eval_server.store.team_names import folded, team_key, unfit_name

MOST_TEAMS = 1000
HEADER = ("team", "token", "expires", "link")


class RosterWrong(ValueError):
    """A list of names that cannot be taken, with the line where that shows."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made; the secret is kept nowhere else."""

    record: TokenRecord
    secret: str


def roster_of(text: str) -> list[str]:
    """The names of a list, one a line; raises `RosterWrong` where two lines are one team."""
    seen: dict[str, tuple[int, str]] = {}
    for line, name in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        name = name.strip()
        if not name:
            continue
        if wrong := unfit_name(folded(name)):
            raise RosterWrong(f"line {line}: {wrong}")
        at, earlier = seen.setdefault(team_key(name), (line, name))
        if at != line:
            raise RosterWrong(f"line {line}: {name!r} is the team of line {at}, {earlier!r}")
    if not 0 < len(seen) <= MOST_TEAMS:
        raise RosterWrong(f"found {len(seen)} names, and may be 1 to {MOST_TEAMS}")
    return [name for _, name in seen.values()]


def as_known(store: Store, names: Sequence[str]) -> list[str]:
    """The names as the teams have them that are there already, or will have them."""
    return [store.teams.find(name) or folded(name) for name in names]


def secrets_for(names: Sequence[str]) -> list[str]:
    return [new_secret(TOKEN_PREFIX) for _ in names]


def tokens_for(
    store: Store, handed_out: Sequence[tuple[str, str]], note: str, expires_at: datetime, act: Act
) -> list[NewToken]:
    """Keep a new token for each (team, secret), in one transaction; a team that was there gets one more."""
    wanted = [(team, digest_of(secret)) for team, secret in handed_out]
    records = store.tokens.add_for_teams(wanted, note, expires_at, act)
    return [NewToken(one, secret) for one, (_, secret) in zip(records, handed_out, strict=True)]


def roster_table(handed_out: Sequence[tuple[str, str]], expires_at: datetime, server: str) -> str:
    """The table that a host hands out, a line a team: its name, token, end, and where to sign in."""
    link, expires = f"{server.rstrip('/')}/sign-in", utc(expires_at)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows([inert(team), secret, expires, link] for team, secret in handed_out)
    return text.getvalue()
