"""Names in the judge's rooms: each class name means one thing, and only synthetic data are drawn."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

HOUSE = Path(__file__).parents[2]
PACKAGES = ("harness", "models", "submissions", "eval_server")
ALONE = Path("submissions/codabench/scoring_program/score.py")
"""It is copied to a platform where nothing else of ours is, so it has names of its own."""


def classes() -> dict[str, set[str]]:
    """Where each class name is defined."""
    found = defaultdict(set)
    for package in PACKAGES:
        for path in (HOUSE / package).rglob("*.py"):
            if path.relative_to(HOUSE) != ALONE:
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.ClassDef):
                        found[node.name].add(str(path.relative_to(HOUSE)))
    return found


def test_no_class_of_the_judge_shares_its_name_with_another() -> None:
    shared = {name: paths for name, paths in classes().items() if len(paths) > 1}
    assert {name: paths for name, paths in shared.items() if any("eval_server" in one for one in paths)} == {}


def test_boards_are_made_and_pictures_plotted_and_neither_is_drawn() -> None:
    for room in ("service", "figures"):
        for path in (HOUSE / "eval_server" / room).rglob("*.py"):
            words = re.sub(r"phase\.drawn|\btest_\w+|(?i:withdraw)", "", path.read_text(encoding="utf-8"))
            assert "draw" not in words, path.name
