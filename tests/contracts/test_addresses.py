"""Every address that the server gives out is made by `Settings.path_to`: it stands behind the prefix."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval_server.service.settings import OWN_PATHS

WEB = Path(__file__).resolve().parents[2] / "eval_server" / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
MODULES = sorted(path for room in ("routes", "documents", "presenting") for path in (WEB / room).glob("*.py"))
MADE = ("path_to", "startswith", "split", "rsplit", "rstrip", "urlsplit", "APIRouter")
"""Calls whose paths are no addresses yet, or no more."""

ALLOWED = {
    'path=desk.settings.path_prefix or "/",',
    'response.delete_cookie(COOKIE, path=desk.settings.path_prefix or "/")',
}
"""The path of a cookie is the prefix itself."""


def bypassing(text: str) -> list[str]:
    """Attributes of a template that hold an absolute address."""
    return re.findall(
        r"""\b(?:href|src|action|formaction|poster|srcset|data-\w+)\s*=\s*["']?/[^"'>]*""", text
    )


def absolute(node: ast.AST) -> bool:
    """Whether this is a text, plain or with values in it, that begins as a path does."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("/")


def called(node: ast.Call) -> str:
    found = node.func
    return found.attr if isinstance(found, ast.Attribute) else getattr(found, "id", "")


def loose(node: ast.AST) -> Iterator[int]:
    """The lines with absolute paths that do not stand in a route's decorator or a call that may hold one."""
    if absolute(node):
        yield getattr(node, "lineno", 0)
        return
    if isinstance(node, ast.Call) and called(node) in MADE:
        return
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.JoinedStr):  # what follows a value is no beginning
        children = [one for one in children if isinstance(one, ast.FormattedValue)]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        children = [one for one in children if one not in node.decorator_list]
    for child in children:
        yield from loose(child)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_no_template_writes_an_absolute_address(template: Path) -> None:
    assert bypassing(template.read_text()) == [], "write {{ path_to('/…') }}, or the url of a document"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_route_or_document_writes_an_absolute_address(module: Path) -> None:
    lines = module.read_text().splitlines()
    found = [lines[at - 1].strip() for at in loose(ast.parse(module.read_text()))]
    assert [line for line in found if line not in ALLOWED] == [], "write desk.settings.path_to(…)"


def test_what_bypasses_the_prefix_would_be_found() -> None:
    assert bypassing('<a href="/help">') == ['href="/help']
    assert bypassing("<form action='/x'><a href=\"{{ path_to('/help') }}\">") == ["action='/x"]
    for text in ('RedirectResponse("/x", 303)', 'answer(url=f"/x/{one}")', 'found = [("/", "home")]'):
        assert list(loose(ast.parse(text))) == [1]
    assert list(loose(ast.parse('RedirectResponse(path_to(f"/x/{one}"), 303)'))) == []


def routes(text: str) -> Iterator[str]:
    """The paths of a module's routes, with what its router puts before them."""
    before = re.search(r'APIRouter\(prefix="([^"]+)"', text)
    for path in re.findall(r'@router\.\w+\(\s*"([^"]+)"', text):
        yield (before[1] if before else "") + path


def test_every_route_begins_with_a_name_that_no_prefix_may_begin_with() -> None:
    paths = [path for module in MODULES for path in routes(module.read_text()) if path != "/"]
    assert {path.split("/")[1] for path in paths} | {"openapi.json"} == OWN_PATHS
