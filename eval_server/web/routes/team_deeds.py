"""What a host does with teams: renamed, joined, separated, given tokens; as pages have it and as JSON."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from eval_server.service import team_deeds
from eval_server.service.access import require_host
from eval_server.service.finding import find_team
from eval_server.service.rosters import roster_table
from eval_server.store.limits import TOKEN_DAYS
from eval_server.web.documents.teams import (
    JoinDocument,
    JoinList,
    NewTokenList,
    RenamedDocument,
    join_document,
    new_token_document,
)
from eval_server.web.routes.answers import as_json, download, tells
from eval_server.web.routes.asking import Days, Note, Reason, Sure, asked_back
from eval_server.web.routes.callers import FORM_TOKEN, HEADER_TOKEN, Asker, AtDesk

pages = APIRouter(include_in_schema=False)
router = APIRouter(prefix="/api")
Name = Annotated[str, Form(max_length=200)]
Names = Annotated[str, Form(max_length=200_000)]
Why = Annotated[str, Query(max_length=2000)]


@pages.post("/teams/{team:path}/name", dependencies=[FORM_TOKEN])
def rename_page(team: str, desk: AtDesk, caller: Asker, name: Name = "") -> Response:
    renamed = team_deeds.rename(desk, team, name, caller)
    return RedirectResponse(desk.settings.path_to(f"/teams/{quote(renamed.after)}"), 303)


@pages.post("/teams/{team:path}/joining", dependencies=[FORM_TOKEN])
def join_page(
    team: str,
    request: Request,
    desk: AtDesk,
    caller: Asker,
    target: Name = "",
    reason: Reason = "",
    sure: Sure = "",
) -> Response:
    require_host(caller)
    known, other = find_team(desk, team, caller), find_team(desk, target, caller)
    if sure != "yes":
        return asked_back(
            request,
            f"Join {known} into {other}?",
            f"All submissions and tokens of {known} become those of {other}, which has one line on each "
            "board and one quota. What both handed in is kept twice.",
            *filter(None, [team_deeds.unchosen_words(desk.store.joining.unchosen(known, other), other)]),
            "You can separate them again: what was moved goes back, and what came since stays.",
            button="Join them",
            back=desk.settings.path_to(f"/teams/{quote(known)}"),
            target=other,
            reason=reason,
        )
    made = team_deeds.join(desk, known, other, caller, reason)
    return RedirectResponse(desk.settings.path_to(f"/teams/{quote(made.target)}"), 303)


@pages.post("/joins/{join}/separation", dependencies=[FORM_TOKEN])
def separate_page(join: str, desk: AtDesk, caller: Asker) -> Response:
    team_deeds.separate(desk, join, caller)
    return RedirectResponse(desk.settings.path_to("/teams"), 303)


@pages.post("/host/tokens", dependencies=[FORM_TOKEN])
def tokens_page(
    request: Request,
    desk: AtDesk,
    caller: Asker,
    names: Names = "",
    note: Note = "",
    days: Days = TOKEN_DAYS,
) -> Response:
    """A table to keep, which no other answer ever holds again."""
    made = team_deeds.make_tokens(desk, names, note, days, caller)
    handed_out = [(one.record.team or "", one.secret) for one in made]
    table = roster_table(handed_out, made[0].record.expires_at, str(request.base_url))
    return download(table, "text/csv", "tokens.csv", **{"Cache-Control": "no-store"})


@router.post(
    "/tokens",
    dependencies=[FORM_TOKEN],
    summary="A token for each of many teams, shown once",
    **tells(NewTokenList, 201),
)
def tokens(
    desk: AtDesk,
    caller: Asker,
    names: Names,
    note: Note = "",
    days: Days = TOKEN_DAYS,
) -> Response:
    made = team_deeds.make_tokens(desk, names, note, days, caller)
    told = [new_token_document(one.record, one.secret, desk) for one in made]
    return as_json(NewTokenList(tokens=told), 201, **{"Cache-Control": "no-store"})


@router.get("/joins", summary="The joins of teams that stand; for a host", **tells(JoinList))
def joins(desk: AtDesk, caller: Asker) -> Response:
    require_host(caller)
    return as_json(JoinList(joins=[join_document(one) for one in desk.store.joining.listed()]))


@router.delete(
    "/joins/{join}",
    dependencies=[HEADER_TOKEN],
    summary="Separate two teams again; for a host",
    **tells(JoinDocument),
)
def separate(join: str, desk: AtDesk, caller: Asker, reason: Why = "") -> Response:
    return as_json(join_document(team_deeds.separate(desk, join, caller, reason)))


@router.post(
    "/teams/{team:path}/name",
    dependencies=[FORM_TOKEN],
    summary="Rename a team; for a host",
    **tells(RenamedDocument),
)
def rename(
    team: str,
    desk: AtDesk,
    caller: Asker,
    name: Name,
    reason: Reason = "",
) -> Response:
    renamed = team_deeds.rename(desk, team, name, caller, reason)
    return as_json(RenamedDocument(team=renamed.after, before=renamed.before))


@router.post(
    "/teams/{team:path}/joining",
    dependencies=[FORM_TOKEN],
    summary="Join a team into another; for a host",
    **tells(JoinDocument, 201),
)
def join(
    team: str,
    desk: AtDesk,
    caller: Asker,
    target: Name,
    reason: Reason = "",
) -> Response:
    return as_json(join_document(team_deeds.join(desk, team, target, caller, reason)), 201)
