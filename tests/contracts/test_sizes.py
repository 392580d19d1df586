"""Functions fit on a screen and modules have one reason: their sizes, over all four packages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("harness", "models", "submissions", "eval_server")
# What may be longer, each for its reason; whoever becomes shorter leaves the list.
LONG_MODULES = {
    "submissions/codabench/scoring_program/score.py": "platforms run one file, without our packages",
}
LONG_FUNCTIONS = {
    "eval_server/store/migrations/versions/0001_first_release.py:upgrade": "migrations are history",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> dict[str, str]:
    """The text of every module by its path."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def functions(text: str) -> Iterator[Function]:
    """The functions and methods of a module, inner ones too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            yield node


def size(function: Function) -> int:
    """Lines of the body without its docstring, from the first statement to the last."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def sizes() -> list[tuple[str, int]]:
    """Every function with its size, as path:name."""
    return [(f"{path}:{one.name}", size(one)) for path, text in modules().items() for one in functions(text)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f():\n    pass", 1),
        ('def f():\n    """Only\n\n    words."""', 0),
        ('def f():\n    """Words."""\n    # why\n    a = 1\n\n    return (\n        a\n    )', 5),
        ("class C:\n    @property\n    def f(\n        self,\n    ):\n        return 1", 1),
    ],
)
def test_a_body_is_counted_without_its_head_its_docstring_and_comments_above(text: str, lines: int) -> None:
    assert [size(function) for function in functions(text)] == [lines]


def test_functions_have_a_median_of_5_lines_nine_in_ten_at_most_14_and_none_over_33() -> None:
    assert {name for name, lines in sizes() if lines > 33} == set(LONG_FUNCTIONS)
    counted = [lines for name, lines in sizes() if name not in LONG_FUNCTIONS]
    assert median(counted) <= 5
    assert quantiles(counted, n=10)[-1] <= 14


def test_no_module_has_more_than_400_lines() -> None:
    lengths = {path: len(text.splitlines()) for path, text in modules().items()}
    assert {path for path, lines in lengths.items() if lines > 400} == set(LONG_MODULES)
