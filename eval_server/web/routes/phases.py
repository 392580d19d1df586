"""The JSON interface to phases: their rules, cells, leaderboards and comparisons."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Response

from eval_server.service.desk import Desk
from eval_server.service.finding import find_pair, find_phase, find_selected
from eval_server.service.side_by_side import report_of, side_by_side
from eval_server.web.documents.boards import (
    LeaderboardDocument,
    board_lines,
    leaderboard_document,
    leaderboard_json,
    markdown_of,
)
from eval_server.web.documents.comparisons import (
    PairDocument,
    SignificanceDocument,
    pair_document,
    significance_document,
)
from eval_server.web.documents.phases import PhaseDocument, PhaseList, phase_document, phase_list
from eval_server.web.documents.spreadsheets import csv_text
from eval_server.web.routes.answers import as_json, download, sends, tells
from eval_server.web.routes.callers import BOARD, Asker, AtDesk, PartAsked
from submissions.packing import packed
from submissions.phases import cells_table
from submissions.predictions import Predictions
from submissions.tables import table_of

router = APIRouter(prefix="/api")
STATE = "X-Board-State"
"""The header that tells the state of a table's board, where it is in nobody's way."""


@router.get("/phases", summary="All phases", **tells(PhaseList))
def phases(desk: AtDesk, caller: Asker) -> Response:
    return as_json(phase_list(desk, caller))


@router.get("/phases/{phase}", summary="One phase: window, quota, rules", **tells(PhaseDocument))
def phase(phase: str, desk: AtDesk, caller: Asker, part: PartAsked = "") -> Response:
    return as_json(phase_document(desk, find_phase(desk, phase, caller, part), caller))


@router.get(
    "/phases/{phase}/cells.csv",
    summary="The cells in the order of a submission's lines",
    **sends("text/csv", "One column `cell`, a cell a line"),
)
def cells(phase: str, desk: AtDesk, caller: Asker) -> Response:
    asked = desk.verdicts.truth(find_phase(desk, phase).truth).phase
    return download(cells_table(asked), "text/csv", f"{phase}-cells.csv")


@router.get(
    "/phases/{phase}/example.zip",
    summary="A submission that would be taken: every cell called label 0",
    **sends("application/zip", "The zip that `harness pack` would make"),
)
def example(phase: str, desk: AtDesk, caller: Asker) -> Response:
    text = packed(_example(desk, phase))
    headers = {"Content-Disposition": f'attachment; filename="{phase}-example.zip"'}
    return Response(text, headers=headers, media_type="application/zip")


@router.get(
    "/phases/{phase}/example.csv",
    summary="The same as a table, every score one half",
    **sends("text/csv", "The columns `cell`, `score` and `label`, a cell a line"),
)
def example_table(phase: str, desk: AtDesk, caller: Asker) -> Response:
    rows = table_of(_example(desk, phase)).decode()
    return download(rows, "text/csv", f"{phase}-example.csv")


def _example(desk: Desk, phase: str) -> Predictions:
    """The same for every cell, so that it tells no label."""
    asked = desk.verdicts.truth(find_phase(desk, phase).truth).phase
    return Predictions.from_scores(asked, np.full(len(asked), 0.5))


@router.get(
    "/phases/{phase}/leaderboard",
    dependencies=[BOARD],
    summary="The leaderboard with rank sets and references",
    **tells(LeaderboardDocument),
)
def leaderboard(phase: str, desk: AtDesk, caller: Asker, part: PartAsked = "") -> Response:
    body = leaderboard_json(desk, find_phase(desk, phase, caller, part), caller)
    return Response(body, media_type="application/json")


@router.get(
    "/phases/{phase}/leaderboard.csv",
    dependencies=[BOARD],
    summary="The leaderboard as CSV",
    **sends("text/csv", "A line for each standing and reference"),
)
def leaderboard_csv(phase: str, desk: AtDesk, caller: Asker, part: PartAsked = "") -> Response:
    board = leaderboard_document(desk, find_phase(desk, phase, caller, part), caller)
    columns, rows = board_lines(board)
    return download(csv_text(columns, rows), "text/csv", f"{phase}.csv", **{STATE: board.state})


@router.get(
    "/phases/{phase}/leaderboard.md",
    dependencies=[BOARD],
    summary="The leaderboard as a Markdown table",
    **sends("text/markdown", "A line for each standing and reference"),
)
def leaderboard_markdown(phase: str, desk: AtDesk, caller: Asker, part: PartAsked = "") -> Response:
    board = leaderboard_document(desk, find_phase(desk, phase, caller, part), caller)
    return download(markdown_of(board), "text/markdown", f"{phase}.md", **{STATE: board.state})


@router.get(
    "/phases/{phase}/comparisons",
    summary="Two entries: difference, interval, exact test, subjects",
    **tells(PairDocument),
)
def compare_two(
    phase: str,
    desk: AtDesk,
    caller: Asker,
    a: Annotated[str, Query(max_length=40)],
    b: Annotated[str, Query(max_length=40)],
    part: PartAsked = "",
) -> Response:
    record = find_phase(desk, phase, caller, part)
    one, other = find_pair(desk, record, (a, b), caller)
    return as_json(pair_document(desk, record, side_by_side(desk, record, one, other, caller), caller))


@router.get(
    "/phases/{phase}/significance",
    summary="Several entries (s, repeated) compared pair by pair",
    **tells(SignificanceDocument),
)
def compare_many(
    phase: str,
    desk: AtDesk,
    caller: Asker,
    s: Annotated[list[str], Query(max_length=200)],
    part: PartAsked = "",
) -> Response:
    record = find_phase(desk, phase, caller, part)
    found = report_of(desk, record, find_selected(desk, record, s, caller), caller)
    return as_json(significance_document(found, caller))
