"""What the Markdown files name is there: links, paths, modules and names in them, commands, digits."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from eval_server.web.documents import publishing
from harness.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("tests/**/*.md")])
NOT_HISTORY = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""A changelog names what has been; the rest names what is."""
PACKAGES = ("harness", "models", "submissions", "eval_server")
FOLDERS = (*PACKAGES, "tests", "docs", "benchmarks", ".ci")
BUILT = {"harness/revision.txt"}
"""What only a wheel has: `setup.py` writes it."""
GROUPS = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"])
"""Groups of entry points look like modules."""
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5}


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.S | re.M)


def spans(page: Path) -> Iterator[str]:
    """What stands between single backticks."""
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose(page))


def missing_link(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    return not found.exists() or (bool(anchor) and found.suffix == ".md" and anchor not in anchors(found))


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub writes them into links."""
    headings = re.findall(r"^#+ +(.+?)\s*$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def is_path(span: str) -> bool:
    """Whether a span names something of this repository by its path; patterns and placeholders do not."""
    return re.fullmatch(rf"({'|'.join(map(re.escape, FOLDERS))})/[\w./-]*", span) is not None


def missing_path(span: str) -> bool:
    return span not in BUILT and not (ROOT / span).exists()


def missing_module(name: str) -> bool:
    """Whether a dotted name is neither a module of ours nor a function, class, method or constant in one."""
    parts = name.split(".")
    if parts[0] == "harness" and parts[1] in harness.__all__:
        return False
    if ROOT.joinpath(*parts).is_dir():
        return False
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return not defines(ast.parse(file.read_text()).body, parts[length:])
    return True


def defines(body: list[ast.stmt], names: list[str]) -> bool:
    """Whether a module or class has this name, and in it the next one."""
    if not names:
        return True
    found = [node for node in body if names[0] in bound(node)]
    return any(defines(getattr(node, "body", []), names[1:]) for node in found)


def bound(node: ast.stmt) -> set[str]:
    """The names that a statement gives something."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    assert [found for found in targets if "://" not in found and missing_link(page, found)] == []


@pytest.mark.parametrize("page", NOT_HISTORY, ids=relative)
def test_every_path_that_is_named_exists(page: Path) -> None:
    assert [span for span in spans(page) if is_path(span) and missing_path(span)] == []


@pytest.mark.parametrize("page", NOT_HISTORY, ids=relative)
def test_every_module_that_is_named_exists(page: Path) -> None:
    """In prose and in blocks of code: `models.contract`, ``from models.contract import Entry``."""
    text = page.read_text()
    named = re.findall(rf"(?<![\w./\"'-])((?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+)(?![\w/])", text)
    files = {name for name in named if re.search(r"\.(py|md|json|html|toml|whl|zip)$", name)}
    assert sorted({name for name in set(named) - files - GROUPS if missing_module(name)}) == []


@pytest.mark.parametrize("page", NOT_HISTORY, ids=relative)
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"(?:^|[`$|] ?)harness ([a-z][\w-]+)", page.read_text(), re.M))
    assert sorted(named - set(COMMANDS)) == []


@pytest.mark.parametrize("page", NOT_HISTORY, ids=relative)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert sorted(set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.M)) - targets) == []


def test_the_decimals_that_hosting_speaks_of_are_those_that_leave() -> None:
    said = re.findall(r"(two|three|four|five) decimals", (ROOT / "docs" / "hosting.md").read_text())
    assert said
    assert {NUMBERS[word] for word in said} == {publishing.DIGITS}


def test_every_room_stands_on_the_page_of_the_house() -> None:
    rooms = (found.parent for package in PACKAGES for found in (ROOT / package).rglob("__init__.py"))
    assert {relative(room) for room in rooms} <= set(spans(ROOT / "docs" / "architecture.md"))


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("eval_server.store", False),
        ("eval_server.web.templates", False),
        ("eval_server.store.queue.Queue", False),
        ("eval_server.store.queue.Queue.settle", False),
        ("eval_server.scoring.metrics.METRICS", False),
        ("eval_server.store.queues", True),
        ("eval_server.store.queue.settle", True),
        ("eval_server.store.queue.Queue.settled", True),
        ("eval_server.scoring.metrics.METRIC", True),
    ],
)
def test_a_name_is_followed_into_its_class(name: str, missing: bool) -> None:
    assert missing_module(name) is missing
