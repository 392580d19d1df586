"""Documents into HTML: the templates, what every page knows, and the files the pages load."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from eval_server.figures.picture import STYLE
from eval_server.figures.statements import differences, intervals, ranks
from eval_server.figures.wording import counted, metric_name, percent
from eval_server.service.access import Caller, csrf_of
from eval_server.store import limits
from eval_server.web.documents.phases import PhaseDocument
from eval_server.web.documents.problems import ProblemDocument
from eval_server.web.presenting import words
from eval_server.web.presenting.markdown import BELOW_HEADING, BELOW_TITLE, html_of
from eval_server.web.routes.callers import COOKIE
from eval_server.web.routes.problems import ProblemAnswer

STATIC = Path(__file__).parent.parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def _assets() -> dict[str, tuple[bytes, str]]:
    """The files under /static by name, each with its media type; few and small, so they stay in memory."""
    found = {path.name: (path.read_bytes(), KINDS[path.suffix]) for path in sorted(STATIC.iterdir())}
    return {**found, "pictures.css": (STYLE.encode(), KINDS[".css"])}


ASSETS = _assets()
VERSION = hashlib.sha256(b"".join(content for content, _ in ASSETS.values())).hexdigest()[:10]
"""Part of every asset's address, so that a browser keeps it for good and takes a new one at once."""


def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("eval_server.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "percent": percent,
        "counted": counted,
        "moment": words.moment,
        "ago": words.ago,
        "metric": metric_name,
        "indented": _indented,
    }
    found.globals["site"] = {"version": VERSION}
    found.globals["limits"] = limits
    found.globals["statements"] = {"differences": differences, "intervals": intervals, "ranks": ranks}
    return found


def _indented(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


TEMPLATES = _environment()


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page with what every page knows: who asks, and the form token of the session."""
    caller = getattr(request.state, "caller", None) or Caller()
    session = request.cookies.get(COOKIE)
    common = {
        "caller": caller,
        "csrf": csrf_of(session) if session and caller.token else None,
        "path": request.url.path,
        "path_to": request.app.state.settings.path_to,
        "title": "",
        "server_name": "C-NMC evaluation server" if of_cnmc(values) else "Evaluation server",
    }
    text = TEMPLATES.get_template(template).render(**{**common, **values})
    return Response(text, status, media_type="text/html; charset=utf-8")


def of_cnmc(values: Mapping[str, Any]) -> bool:
    """Whether a page is about cells of C-NMC: about a phase that calls its classes so, or about none."""
    told = values.get("phases", ()) or [values[name] for name in ("phase",) if name in values]
    return not told or not all(words.classes_of(phase).own for phase in told)


UNDER_TITLE = frozenset({"description"})
"""What stands on a phase's page without a heading of the page's own above it."""


def introduced(phase: PhaseDocument, under_title: frozenset[str] = UNDER_TITLE) -> dict[str, Markup]:
    """What a phase says of itself, as HTML that can do no harm; `under_title` names what has no heading."""
    levels = {
        name: BELOW_TITLE if name in under_title else BELOW_HEADING
        for name in ("description", "rules", "terms", "contact")
    }
    picture = phase.picture_url or ""
    return {name: html_of(getattr(phase, name), picture, below) for name, below in levels.items()}


def fragment(template: str, **values: Any) -> str:
    """A part of a page that is the same whoever asks."""
    return TEMPLATES.get_template(template).render(**values)


def path_of(request: Request) -> str:
    """The path of a request without the prefix under which a proxy offers this server."""
    return request.url.path.removeprefix(request.app.state.settings.path_prefix)


def wants_page(request: Request) -> bool:
    """Whether an error is better said on a page than as a problem document."""
    return not path_of(request).startswith("/api/") and "text/html" in request.headers.get("accept", "")


def in_words(request: Request, response: ProblemAnswer) -> Response:
    """A problem document as a page, for a browser that asked for one; else the document itself."""
    if not wants_page(request):
        return response
    problem = response.problem
    answered = page(
        request,
        "message.html",
        problem.status,
        title=_TITLES.get(problem.status, problem.title),
        detail=problem.detail.replace(" Send the header `Authorization: Bearer TOKEN`.", ""),
        facts=_facts(problem),
        ways=_ways(request, problem.status),
    )
    for name in ("retry-after", "www-authenticate", "allow"):
        if name in response.headers:
            answered.headers[name] = response.headers[name]
    return answered


def _ways(request: Request, status: int) -> list[tuple[str, str]]:
    """Where a reader may want to go from an error: to sign in, back to the form, to the board."""
    parts, path_to = path_of(request).split("/"), request.app.state.settings.path_to
    found = []
    if status == 401:
        found.append((f"{path_to('/sign-in')}?next={quote(request.url.path)}", "Sign in with a token"))
    elif request.method == "POST":
        found.append((urlsplit(request.headers.get("referer", "")).path or path_to("/"), "Back to the form"))
    if parts[1] == "phases" and len(parts) > 3:
        found.append((path_to(f"/phases/{quote(parts[2])}"), "To the leaderboard"))
    return [*found, (path_to("/"), "To the phases"), (path_to("/help"), "Help")]


_TITLES = {
    400: "This request cannot be read",
    401: "Who are you?",
    403: "This is not allowed",
    404: "There is nothing here",
    409: "This does not fit the state of things",
    410: "This is not shown",
    413: "This is too large",
    422: "Something is missing or wrong",
    429: "Not now",
    500: "This is our mistake",
    503: "Not at the moment",
    507: "There is no room",
}


def _facts(problem: ProblemDocument) -> list[tuple[str, str]]:
    """What a problem document says beside its sentence, for people."""
    moments = {
        "Opens": problem.opens_at,
        "Closes": problem.closes_at,
        "Arrived": problem.arrived_at,
        "Again from": problem.resets_at,
    }
    request = [] if problem.request is None else [("Request", problem.request)]
    return request + [(word, words.moment(at)) for word, at in moments.items() if at is not None]
