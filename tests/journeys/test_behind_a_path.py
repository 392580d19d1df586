"""A server behind nginx under a path: no link of any page leaves the path, and the client finds its way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
import pytest

from tests.support.command import harness
from tests.support.proxy import PREFIX, behind_nginx, documented, here, nginx
from tests.support.server import Server, a_server, a_zip, administer, decided

ADDRESSES = ("href", "src", "action", "formaction")
SIGN_OUT = "/sign-out"


class Links(HTMLParser):
    """Every address of a page, each with whether it is one to follow."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, bool] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ADDRESSES:
            if given.get(name) is not None:
                self.found[str(given[name])] = name in ("href", "src")


def documents(found: Any) -> Iterator[str]:
    """The addresses in a document: what stands under `url`, `page` or a name that ends so."""
    if isinstance(found, dict):
        for name, value in found.items():
            if isinstance(value, str) and (name.endswith("url") or name == "page"):
                yield value
            else:
                yield from documents(value)
    if isinstance(found, list):
        for one in found:
            yield from documents(one)


def links(answer: httpx.Response) -> dict[str, bool]:
    """The addresses of an answer, each with whether it is one to follow."""
    kind = answer.headers["content-type"].split(";")[0]
    if kind == "text/html":
        return Links(answer.text).found
    if kind == "application/json" and "openapi" not in str(answer.url):
        return dict.fromkeys(documents(answer.json()), True)
    return dict.fromkeys(re.findall(r"url\(([^)]+)\)", answer.text), True) if kind == "text/css" else {}


def crawled(client: httpx.Client, start: str) -> tuple[set[str], dict[str, str]]:
    """Every address that leads on from a start, and those that are not behind the prefix or lead nowhere."""
    waiting, seen, wrong = [start], {start}, {}
    while waiting:
        asked = waiting.pop()
        answer = client.get(asked, headers={"Accept": "text/html"}, follow_redirects=True)
        if answer.status_code != 200 or not str(answer.url).startswith(start):
            wrong[asked] = f"{answer.status_code} at {answer.url}"
            continue
        for address, follow in links(answer).items():
            whole = urldefrag(urljoin(str(answer.url), address)).url
            if not whole.startswith(start):
                wrong[whole] = f"a link on {asked}"
            elif follow and whole not in seen and "s=mine" not in whole:  # hidden from whoever has none
                seen.add(whole)
                waiting.append(whole)
    return seen, wrong


@pytest.fixture(scope="module")
def tokens() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tokens: dict[str, str]) -> Iterator[Server]:
    """A server under a path, with two teams' entries and a refused one; its direct address."""
    nginx()
    folder = tmp_path_factory.mktemp("server")
    tokens["host"] = administer(folder, None, "token", "add", "--role", "host")["token"]
    for team in ("red", "green"):
        tokens[team] = administer(folder, None, "token", "add", "--team", team)["token"]
    with a_server(folder, None, "--public-name", "127.0.0.1", "--path-prefix", PREFIX) as found:
        assert found.url.endswith(PREFIX)
        for team, data in (("red", a_zip(2)), ("green", a_zip(9)), ("red", b"no zip")):
            with found.client(tokens[team]) as client:
                sent = {"file": ("s.zip", data)}
                answer = client.post("/api/phases/small/submissions", files=sent, data={"entry": "e"})
                decided(client, answer.json()["id"])
        yield found


@pytest.mark.parametrize("stripped", [False, True], ids=["passed on", "taken off"])
def test_no_link_of_any_page_leaves_the_path(
    server: Server, tokens: dict[str, str], tmp_path: Path, stripped: bool
) -> None:
    with behind_nginx(server, tmp_path, stripped=stripped) as proxied:
        for who in (None, "red", "host"):
            with httpx.Client(timeout=30) as client:
                if who:
                    signed = client.post(f"{proxied.url}/sign-in", data={"token": tokens[who]})
                    assert signed.status_code == 303
                    assert signed.headers["location"] == f"{PREFIX}/"
                seen, wrong = crawled(client, f"{proxied.url}/")
                assert wrong == {}
                paths = {urlsplit(address).path.removeprefix(PREFIX) for address in seen}
                assert {"/help", "/docs", "/phases/small", "/phases/small/submit", "/static/site.js"} <= paths
                assert ("/host" in paths) == (who == "host")
                assert ("/teams/red" in paths) == (who is not None)


def test_the_client_hands_in_through_the_proxy_and_names_a_page_that_is_there(
    server: Server, tokens: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "s.zip").write_bytes(a_zip(4))
    with behind_nginx(server, tmp_path / "nginx") as proxied:
        asked = ("upload", str(tmp_path / "s.zip"), "--server", proxied.url, "--phase", "small")
        done = harness(*asked, "--entry", "from afar", "--token", tokens["green"])
        assert done.code == 0, done.err
        page = done.out.split()[-1]
        assert page.startswith(f"{proxied.url}/submissions/")
        assert httpx.get(page).status_code == 200
        health = httpx.get(f"{proxied.url}/healthz")
        assert json.loads(health.text)["status"] == "ok"


def test_nginx_takes_every_example_of_the_documentation(tmp_path: Path) -> None:
    import subprocess

    blocks = "\n".join(here(block, 18000 + at, "127.0.0.1:8000") for at, block in enumerate(documented()))
    (tmp_path / "all.conf").write_text(f"pid nginx.pid; events {{}} http {{ access_log off; {blocks} }}")
    command = [nginx(), "-t", "-q", "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "all.conf")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(documented()) == 2
