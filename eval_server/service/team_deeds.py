"""What a host does with teams: another name, two joined into one and separated, tokens for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from eval_server.service.access import Caller, require_host
from eval_server.service.desk import Desk
from eval_server.service.finding import find_team, is_id
from eval_server.service.refusals import NotFound, RequestUnfit
from eval_server.service.rosters import NewToken, RosterWrong, as_known, roster_of, secrets_for, tokens_for
from eval_server.service.setting_aside import act_of, fit_note
from eval_server.store.joining import Renamed, Unchosen
from eval_server.store.records import Join
from eval_server.store.team_names import folded, unfit_name


def rename(desk: Desk, team: str, name: str, caller: Caller, reason: str = "") -> Renamed:
    """Give a team another name."""
    require_host(caller)
    known = find_team(desk, team, caller)
    if wrong := unfit_name(folded(name)):
        raise RequestUnfit(f"Expected a name: {wrong}.")
    return desk.store.joining.rename(known, name, act_of(desk, caller, reason))


def unchosen_words(unchosen: Sequence[Unchosen], target: str) -> str:
    """Which choices a join drops, in a sentence; empty where it drops none."""
    if not unchosen:
        return ""
    named = ", ".join(f"{one.entry} in {one.phase}" for one in unchosen)
    return f"{target} has chosen there, so no longer chosen: {named}."


def join(desk: Desk, team: str, target: str, caller: Caller, reason: str = "") -> Join:
    """Let what is one team's be another's, until they are separated."""
    require_host(caller)
    known, other = find_team(desk, team, caller), find_team(desk, target, caller)
    act = act_of(desk, caller, reason)
    return Join(desk.store.joining.join(known, other, act), known, other, act.at, None)


def separate(desk: Desk, made: str, caller: Caller, reason: str = "") -> Join:
    """Undo a join."""
    require_host(caller)
    if not is_id(made):
        raise NotFound("join", made)
    return desk.store.joining.separate(made, act_of(desk, caller, reason))


def make_tokens(desk: Desk, text: str, note: str, days: int, caller: Caller) -> list[NewToken]:
    """A token for each team whose name is a line of a text; all or none."""
    require_host(caller)
    try:
        names = roster_of(text)
    except RosterWrong as wrong:
        raise RequestUnfit(f"Expected a team's name in each line: {wrong}.") from wrong
    note, act, known = fit_note(note), act_of(desk, caller, ""), as_known(desk.store, names)
    handed_out = list(zip(known, secrets_for(known), strict=True))
    return tokens_for(desk.store, handed_out, note, act.at + timedelta(days=days), act)
