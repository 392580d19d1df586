"""Every address of a server as one reader finds them: the described routes, filled in, and every link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

LINK = re.compile(r'(?:href|src|action)="(/[^"#]*)')
PLACE = re.compile(r"{(\w+)(?::path)?}")
ORDERS = re.compile(r"\?sort=(?!f1|rank)")
"""Links to the same rows in other orders: two of them are enough."""
MOST = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """What was sent: where it was asked for, headers and body."""

    asked: str
    status: int
    headers: str
    body: str


def walk(client: Any, known: Mapping[str, Sequence[str]], more: Iterable[str] = ()) -> list[Answer]:
    """The answers of every described GET route with every known name filled in, and of all they link to."""
    to_ask = [*described(client, known), *more, "/"]
    seen: dict[str, Answer] = {}
    while to_ask and len(seen) < MOST:
        path = to_ask.pop(0)
        if path in seen:
            continue
        answer = client.get(path, headers={"Accept": "text/html"} if not path.startswith("/api") else {})
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        seen[path] = Answer(path, answer.status_code, headers, answer.text)
        to_ask += links(answer.text) if "html" in answer.headers.get("content-type", "") else []
    assert len(seen) < MOST
    return list(seen.values())


def described(client: Any, known: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Every GET route of the OpenAPI description; raises KeyError for a place that nobody filled."""
    spec = client.get("/openapi.json").json()
    for path, methods in spec["paths"].items():
        if "get" in methods:
            for filled in _filled(path, known):
                yield from _asked(filled, methods["get"].get("parameters", ()), known)


def _filled(path: str, known: Mapping[str, Sequence[str]]) -> Iterator[str]:
    place = PLACE.search(path)
    if place is None:
        yield path
        return
    for value in known[place[1]]:
        yield from _filled(path.replace(place[0], value, 1), known)


def _asked(
    path: str, parameters: Iterable[Mapping[str, Any]], known: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    required = [one["name"] for one in parameters if one["in"] == "query" and one.get("required")]
    optional = [one["name"] for one in parameters if one["in"] == "query" and not one.get("required")]
    if not required:
        yield path
    ids = known["submission"]
    if set(required) == {"a", "b"}:
        yield from (f"{path}?a={a}&b={b}" for a in ids for b in ids)
    elif required == ["s"]:
        yield f"{path}?" + "&".join(f"s={one}" for one in ids)
    elif required:
        raise KeyError(f"{path} asks for {required}, which no walk fills in")
    if "team" in optional:
        yield from (f"{path}?team={team}" for team in known["team"])


def links(text: str) -> list[str]:
    """Where a page leads to on this server."""
    found = (unescape(one) for one in LINK.findall(text))
    return [one for one in found if not ORDERS.search(one) and not one.startswith(("/static", "/sign-out"))]
