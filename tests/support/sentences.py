"""Finds sentences about an interval, a test or a rank in modules and pages of the program."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TERMS = re.compile(
    r"\b(confidence|intervals?|limits of|ranks?|ranked|significan\w*|told apart|told from|not shown|better|"
    r"worse|is best|equivalen\w*|inferior\w*|chance|bars?|holm|by luck|swaps?|swapped|resampl\w*|seeds hold|"
    r"prove[ns]?|optimism|(the|exact|mcnemar's|this|a|each|every|of that) tests?|tests? (of|over|on)|"
    r"over subjects|(on|about|for) other subjects|"
    r"other subjects (like|of the|would)|p is|p <|p =|mid-p|\d+ %|standard error|"
    r"variance)\b(?! (set|side|cell)\b)",
    re.IGNORECASE,
)
"""The field's terms of which such a sentence has one."""
WORDS = 5
"""What has fewer words is a label or the head of a column."""
MARKUP = re.compile(r"{#.*?#}|{[{%].*?[%}]}|<style.*?</style>|<script.*?</script>|<[^>]*>", re.DOTALL)
BLOCK = re.compile(
    r"</?(p|li|ul|dd|dt|dl|h\d|div|td|th|tr|table|caption|summary|title|pre|form|figure|figcaption)\b[^>]*>"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence where it stands; `{}` in it is a value."""

    place: str
    text: str


def in_modules(*patterns: str) -> Iterator[Found]:
    """The sentences that modules hold as literals: no docstrings, no helps of options, no errors."""
    for path in _paths(*patterns):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from _told(path, _literals(tree))


def in_pages(*patterns: str) -> Iterator[Found]:
    """The sentences that pages hold outside of their tags and their values, block by block."""
    for path in _paths(*patterns):
        blocks = BLOCK.sub("\n\n\n", path.read_text(encoding="utf-8"))
        yield from _told(path, (MARKUP.sub(" {} ", block) for block in blocks.split("\n\n\n")))


def _paths(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def _told(path: Path, texts: Iterator[str]) -> Iterator[Found]:
    for text in texts:
        plain = re.sub(r"\s+", " ", MARKUP.sub(" ", text) if "<" in text else text).strip()
        if len(re.findall(r"[^\W\d_]{2,}", plain)) >= WORDS and TERMS.search(plain):
            yield Found(path.relative_to(ROOT).as_posix(), plain)


def _literals(tree: ast.Module) -> Iterator[str]:
    """Strings that may be printed; the parts of one with values in it are put together."""
    left_out = {id(inner) for node in ast.walk(tree) for one in _silent(node) for inner in ast.walk(one)}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in node.values}
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _silent(node: ast.AST) -> Iterator[ast.AST]:
    """What below a node is no sentence of a result: docstrings, helps of options, and errors."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.keyword) and node.arg in ("help", "summary", "description"):
        yield node
    if isinstance(node, ast.Raise):
        yield node


def numbers_in(text: str) -> list[float]:
    """The numbers of a sentence in order, with their signs where they have one; A12 and F1 are names."""
    found = re.findall(r"(?<![\w.])[+\u2212]?\d[\d,]*(?:\.\d+)?", text)
    return [float(one.replace(",", "").replace("\u2212", "-")) for one in found]
