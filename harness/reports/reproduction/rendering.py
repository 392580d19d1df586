"""A reproduction as one HTML page that needs nothing else, and as Markdown with its pictures beside it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from string import Template

from eval_server.figures.picture import STYLE, Picture
from harness.reports.page import TABLES, TEMPLATE, figure, table
from harness.reports.reproduction.report import LIMITS, Block, Reproduction, Section
from harness.reports.reproduction.tables import Rows
from submissions.writing import write_whole

PICTURES = "pictures"


def files_of(folder: Path, report: Reproduction) -> tuple[Path, ...]:
    """The page, the text and then the pictures, as `write_report` names them."""
    drawn = (folder / PICTURES / f"{one.name}.svg" for one in _pictures(report))
    return (folder / "report.html", folder / "report.md", *drawn)


def write_report(folder: Path, report: Reproduction) -> tuple[Path, Path]:
    """Write `report.html` and `report.md` with its pictures; returns both paths."""
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    page, text, *drawn = files_of(folder, report)
    for path, one in zip(drawn, _pictures(report), strict=True):
        write_whole(path, one.standalone())
    write_whole(page, html(report).encode())
    write_whole(text, markdown(report).encode())
    return page, text


def _pictures(report: Reproduction) -> Iterator[Picture]:
    for section in report.sections:
        yield from (block for block in section.blocks if isinstance(block, Picture))


def html(report: Reproduction) -> str:
    """The whole page as text."""
    first, *rest = report.sections
    marks = f"<p><strong>{escape(_marked(report))}</strong></p>" if report.marks else ""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(report.title + (f" ({', '.join(report.marks)})" if report.marks else "")),
        style=STYLE + TABLES,
        about=escape(report.about),
        answer=escape(report.answer),
        standing=marks + _section(first),
        reading="",
        sections="".join(map(_section, rest)),
        limits="".join(f"<p>{escape(sentence)}</p>\n" for sentence in LIMITS),
        made=escape(f"Made by harness {version('cnmc-harness')}."),
    )


def _marked(report: Reproduction) -> str:
    return f"All numbers here are marked: {', '.join(report.marks)}."


def _section(section: Section) -> str:
    inside = "".join(
        _figures(list(blocks)) if drawn else "".join(map(_words, blocks))
        for drawn, blocks in groupby(section.blocks, lambda block: isinstance(block, Picture))
    )
    return f"<h2>{escape(section.title)}</h2>\n{inside}"


def _figures(pictures: list[Block]) -> str:
    drawn = "".join(figure(one) for one in pictures if isinstance(one, Picture))
    alone = ' style="max-width: 30rem"' if len(pictures) == 1 else ""
    return f'<div class="pictures"{alone}>{drawn}</div>'


def _words(block: Block) -> str:
    if isinstance(block, Rows):
        head = f'<h3 style="margin-top: 2rem">{escape(block.title)}</h3>'
        return head + table(block.columns, block.rows, title=block.title, stacked=True)
    return f"<p>{escape(str(block))}</p>"


def markdown(report: Reproduction) -> str:
    """The same in Markdown."""
    parts = [f"# {report.title}", f"*{report.about}*"]
    if report.marks:
        parts.append(f"**{_marked(report)}**")
    parts.append(f"**{report.answer}**")
    for section in report.sections:
        parts += [f"## {section.title}", *map(_as_markdown, section.blocks)]
    return "\n\n".join((*parts, "## What this page does not show", *LIMITS)) + "\n"


def _as_markdown(block: Block) -> str:
    if isinstance(block, Picture):
        return f"### {block.title}\n\n![{block.title}]({PICTURES}/{block.name}.svg)\n\n{block.caption}"
    if isinstance(block, Rows):
        lines = [block.columns, ("---",) * len(block.columns), *block.rows]
        told = "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
        return f"### {block.title}\n\n{told}"
    return block


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
