"""Nothing that is told over HTTP reaches a verdict or a board but through `eval_server.service.sight`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[2] / "eval_server" / "web"
HOLDERS = {"verdicts", "boards"}
"""Attributes of the desk and the store behind which a result lies whole."""
SAFE = {"truth", "cells", "corrected_at", "knows", "start", "to_wait_for"}
"""What of them says nothing of a result: the cells of a phase, and whether a board is there yet."""


def whole_results(text: str) -> Iterator[str]:
    """Where a module reaches for `….verdicts.…` or `….boards.…`, in words."""
    tree = ast.parse(text)
    desks = {"desk", "store"}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Attribute):
            continue
        held, owner = node.value, node.value.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if held.attr in HOLDERS and name in desks and node.attr not in SAFE:
            yield f"line {node.lineno}: {name}.{held.attr}.{node.attr}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "eval_server.service.making":
            yield from (f"line {node.lineno}: {one.name}" for one in node.names if one.name == "Board")


@pytest.mark.parametrize("path", sorted(WEB.rglob("*.py")), ids=lambda path: path.name)
def test_the_web_asks_for_results_by_who_asks(path: Path) -> None:
    assert list(whole_results(path.read_text())) == [], "ask eval_server.service.sight"


@pytest.mark.parametrize(
    "line",
    [
        "desk.boards.current(record).rows",
        "self.desk.store.verdicts.standing(one, truth)",
        "desk.verdicts.all([key])",
        "desk.boards.at_hand(name)",
        "from eval_server.service.making import Board",
    ],
)
def test_a_way_past_it_is_found(line: str) -> None:
    assert list(whole_results(line))
