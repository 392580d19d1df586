"""Pages about phases: leaderboard, rules, comparison; help, the API's description, and assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from eval_server.figures import examples
from eval_server.figures.picture import Picture
from eval_server.figures.showing import pictures_of_pair, pictures_of_report
from eval_server.figures.wording import metric_name
from eval_server.service.access import Caller, status_at
from eval_server.service.desk import Desk
from eval_server.service.finding import find_phase, find_selected
from eval_server.service.making import CURRENT
from eval_server.service.parts import word_of
from eval_server.service.refusals import NotFound
from eval_server.service.side_by_side import SideBySide, compared_names, report_of, side_by_side
from eval_server.service.sight import comparable, kept_beside, reader
from eval_server.store.limits import LONGEST_NAME
from eval_server.store.records import PhaseRecord, Submission
from eval_server.web.documents.boards import leaderboard_document
from eval_server.web.documents.comparisons import PairDocument, pair_document, significance_document
from eval_server.web.documents.phases import phase_document, phase_list
from eval_server.web.presenting import boards, comparisons, own_lines, parts, submissions, words
from eval_server.web.routes import pictures
from eval_server.web.routes.callers import BOARD, Asker, AtDesk, PartAsked
from eval_server.web.routes.rendering import ASSETS, fragment, introduced, of_cnmc, page
from submissions.classes import CNMC, ClassNames
from submissions.phases import MEMBER

router = APIRouter(include_in_schema=False)
MOST_CELLS = 300
"""Cells that a page lists; the JSON twin has them all."""
FOR_GOOD = "public, max-age=31536000, immutable"


@router.get("/static/{name}")
def static(name: str) -> Response:
    if name not in ASSETS:
        raise NotFound("file", name)
    content, kind = ASSETS[name]
    return Response(content, media_type=kind, headers={"Cache-Control": FOR_GOOD})


@router.get("/")
def start(request: Request, desk: AtDesk, caller: Asker) -> Response:
    """What this is, every phase, where the images are, and whom to ask."""
    known = phase_list(desk, caller).phases
    told = [one for one in known if not one.archived]
    return page(
        request,
        "phases.html",
        title="Phases",
        phases=told,
        archived=len(told) < len(known),
        cnmc=of_cnmc({"phases": told}),
        contact=desk.settings.contact,
    )


@router.get("/phases/{phase}", dependencies=[BOARD])
def board(
    phase: str,
    request: Request,
    desk: AtDesk,
    caller: Asker,
    sort: Annotated[str, Query(max_length=40)] = "rank",
    order: Annotated[str, Query(max_length=10)] = "",
    q: Annotated[str, Query(max_length=LONGEST_NAME)] = "",
    part: PartAsked = "",
) -> Response:
    record = find_phase(desk, phase, caller, part)
    told = phase_document(desk, record, caller)
    board = leaderboard_document(desk, record, caller)
    own = own_lines.own_lines(board, caller.team, comparable(desk, record, caller))
    answer = page(
        request,
        "board.html",
        title=told.title,
        phase=told,
        phase_words=words.phase_words(told),
        board=board,
        part_note=parts.part_note(told, host=caller.is_host) if board.visible else parts.unseen(told),
        part=word_of(record, desk.now()),
        state=words.BOARD_STATES[board.state],
        own=own,
        table=_marked(_table(desk, record, caller, (sort, order, q.strip())), own),
    )
    if board.state != CURRENT:
        answer.headers["Refresh"] = "2"
    return answer


def _marked(table: str, own: Sequence[own_lines.OwnLine]) -> str:
    """The leaderboard with the reader's own lines marked; the table itself is the same for everybody."""
    for line in own:
        table = table.replace(
            f'class="standing" id="s-{line.submission}"', f'class="standing own" id="s-{line.submission}"'
        )
    return table


def _table(desk: Desk, record: PhaseRecord, caller: Caller, asked: tuple[str, str, str]) -> str:
    """The leaderboard as HTML, as asked for: by which column, in which order, with what in a name.

    What many readers share is kept for the minute, in every order.
    """
    sort, order, named = asked
    # for the minute, because the table says how long ago things were
    kept_told, now = kept_beside(desk, record, caller), desk.now().replace(second=0, microsecond=0)
    part, same = word_of(record, desk.now()), reader(desk, record, caller)
    key, shared = f"table {same} {sort} {order} {part}", same is not None and not named
    kept = kept_told.get(key)
    if shared and kept is not None and kept[0] == now:
        return str(kept[1])
    told = leaderboard_document(desk, record, caller)
    may = comparable(desk, record, caller)
    view = boards.board_view(told, *asked, part, record.rules.classes, may)
    is_open = status_at(record.rules, desk.now()) == "open"
    said_now = words.text_of(desk.now())
    path_to = desk.settings.path_to
    table = fragment(
        "standings.html",
        name=record.name,
        url=path_to(f"/phases/{record.name}"),
        path_to=path_to,
        view=view,
        now=said_now,
        open=is_open,
        part=part,
    )
    if shared and boards.sortable(sort, order):
        kept_told[key] = now, table
    return table


@router.get("/phases/{phase}/rules")
def rules(phase: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    record = find_phase(desk, phase)
    told = phase_document(desk, record, caller)
    return page(
        request,
        "rules.html",
        title=f"{told.title}: rules",
        phase=told,
        phase_words=words.phase_words(told),
        ranked_by=record.rules.classes.said(metric_name(told.metric)),
        about=introduced(told),
        represents=words.represents_words(told),
        visibility=words.visibility_words(told),
        feedback=words.FEEDBACKS[told.feedback],
        others=words.others_words(told),
        spot_checked=words.spot_checked_words(told),
    )


@router.get("/phases/{phase}/compare")
def comparison(
    phase: str,
    request: Request,
    desk: AtDesk,
    caller: Asker,
    s: Annotated[list[str] | None, Query(max_length=200)] = None,
    part: PartAsked = "",
) -> Response:
    record = find_phase(desk, phase, caller, part)
    found = find_selected(desk, record, s or (), caller)
    show = _pair if len(found) == 2 else _map
    return show(request, desk, record, found, caller)


def _pair(
    request: Request, desk: Desk, record: PhaseRecord, found: Sequence[Submission], caller: Caller
) -> Response:
    """Two entries: what the JSON twin says, in words and pictures."""
    pair = side_by_side(desk, record, found[0], found[1], caller)
    document = pair_document(desk, record, pair, caller)
    names = dict(zip([one.id for one in found], compared_names(desk, record, found, caller), strict=True))
    turned, classes = document.a != found[0].id, record.rules.classes
    shown = comparisons.pair_view(document, names, classes)
    told = phase_document(desk, record, caller)
    return page(
        request,
        "pair.html",
        title=f"{shown.a} and {shown.b}",
        phase=told,
        part_note=parts.part_note(told, host=caller.is_host),
        part=word_of(record, desk.now()),
        pair=shown,
        aside=comparisons.aside_words([names[one.id] for one in found if not one.counts]),
        ids=(document.a, document.b),
        pictures=_pictures_of_pair(pair, document, shown, classes, turned=turned),
        lines=comparisons.part_lines(document, classes),
        tested=comparisons.tested(document),
        diagnosis=comparisons.diagnosis(document, shown.a, shown.b),
        cell_level=comparisons.cell_level(document, shown.a, shown.b),
        cells=_disagreements(desk, record, pair, turned=turned),
    )


def _pictures_of_pair(
    pair: SideBySide,
    document: PairDocument,
    shown: comparisons.PairView,
    classes: ClassNames,
    *,
    turned: bool,
) -> tuple[Picture, ...]:
    """Subject by subject and against chance; nothing in a summary."""
    ours, theirs = (told.whole for told in (reversed(pair.shown) if turned else pair.shown))
    if ours is None or theirs is None:
        return ()
    return pictures_of_pair(shown.a, shown.b, ours, theirs, document.p, classes=classes)


@dataclass(frozen=True, slots=True)
class CalledApart:
    """A cell that two entries call differently, in words; `picture` is where it is served, if anywhere."""

    name: str
    subject: str
    truth: str
    a: str
    b: str
    picture: str | None


@dataclass(frozen=True, slots=True)
class CellsApart:
    """The cells that two entries call differently, as the host's page shows them."""

    words: str
    rows: tuple[CalledApart, ...]

    @property
    def pictures(self) -> bool:
        """Whether there is any picture to show."""
        return any(row.picture for row in self.rows)


def _disagreements(desk: Desk, record: PhaseRecord, pair: SideBySide, *, turned: bool) -> CellsApart | None:
    """The cells called differently, with pictures where the host named the images; the better entry first."""
    cells = desk.verdicts.cells(record)
    if pair.cells is None:
        return None
    ours, theirs = reversed(pair.cells) if turned else pair.cells
    at, words = pair.disagreements(), (record.rules.classes.normal, record.rules.classes.positive)
    rows = [
        CalledApart(
            cells[cell],
            submissions.subject_of(ours, cell) or "not known",
            words[ours.labels[cell]],
            words[ours.called[cell]],
            words[theirs.called[cell]],
            pictures.address(desk, record, cells[cell]),
        )
        for cell in at[:MOST_CELLS]
    ]
    shown = f"the first {MOST_CELLS} of " if len(at) > MOST_CELLS else ""
    said = f"Shown are {shown}{len(at):,} cells." if at else "They agree on every cell."
    return CellsApart(said, tuple(rows))


def _map(
    request: Request, desk: Desk, record: PhaseRecord, found: Sequence[Submission], caller: Caller
) -> Response:
    """More than two entries: who is better than whom."""
    many = report_of(desk, record, found, caller)
    document, told = significance_document(many, caller), phase_document(desk, record, caller)
    return page(
        request,
        "map.html",
        title=f"{len(found)} entries compared",
        phase=told,
        part_note=parts.part_note(told, host=caller.is_host),
        part=word_of(record, desk.now()),
        told=comparisons.report_words(document),
        aside=comparisons.aside_words(list(document.set_aside)),
        pictures=() if many.whole is None else pictures_of_report(many.whole),
        pairs=comparisons.pair_lines(document),
        has_p=comparisons.has_p(document),
        ids=list(many.ids.values()),
    )


@router.get("/help")
def help_page(request: Request, desk: AtDesk, caller: Asker) -> Response:
    board_picture, null_picture = examples.board(), examples.null()
    named = {record.rules.classes for record in desk.store.phases.all()}
    return page(
        request,
        "help.html",
        title="Help",
        member=MEMBER,
        classes=named.pop() if len(named) == 1 else CNMC,
        board=board_picture,
        null=null_picture,
        phases=[one for one in phase_list(desk, caller).phases if not one.archived],
    )


@router.get("/docs")
def api_description(request: Request, desk: AtDesk, caller: Asker) -> Response:
    spec, base = request.app.openapi(), str(request.base_url).rstrip("/")
    return page(request, "docs.html", title="API", base=base, spec=spec, paths=_operations(spec))


def _operations(spec: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Every path with its methods, summaries, and what they take."""
    return [
        (
            path,
            [
                (method.upper(), {"summary": one.get("summary", ""), "parts": _parts(spec, one)})
                for method, one in methods.items()
            ],
        )
        for path, methods in spec["paths"].items()
    ]


def _parts(spec: Mapping[str, Any], operation: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [
        (one["name"], f"in the {one['in']}" + ("" if one.get("required") else ", optional"))
        for one in operation.get("parameters", ())
    ]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content["schema"]
        if "$ref" in schema:
            schema = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        required = schema.get("required", ())
        for name, part in schema.get("properties", {}).items():
            what = "a file" if part.get("format") == "binary" else f"in the body ({kind})"
            found.append((name, what + ("" if name in required else ", optional")))
    return found
