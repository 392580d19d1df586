"""How results show themselves in a notebook: a heading, tables, pictures, and what must be said."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from eval_server.figures.picture import Picture

NO_DIAGNOSIS = "Research software, not a medical device: nothing here is a diagnosis."
MOST_ROWS = 50
"""Rows that a notebook shows of a long table."""


def heading(text: str) -> str:
    return f"<p><strong>{escape(text)}</strong></p>"


def notes(lines: Iterable[str]) -> str:
    """Lines of small print; nothing where there are none."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def table(frame: pd.DataFrame) -> str:
    """The first rows of a table, numbers with four digits; what is missing is left blank."""
    shown = frame.head(MOST_ROWS)
    text = shown.to_html(index=False, border=0, na_rep="", float_format=lambda value: f"{value:.4f}")
    more = len(frame) - len(shown)
    return text + (f"<p>… and {more:,} more rows: <code>.to_frame()</code></p>" if more else "")


def picture(one: Picture) -> str:
    """A picture apart from the page's own styles."""
    content = base64.b64encode(one.standalone().encode()).decode()
    return (
        f'<figure><img alt="{escape(one.title)}" src="data:image/svg+xml;base64,{content}" '
        f'style="max-width:100%;background:white"><figcaption>{escape(one.caption)}</figcaption></figure>'
    )


def pixels(crop: bytes, alt: str) -> str:
    """A small PNG beside a cell's name."""
    content = base64.b64encode(crop).decode()
    return f'<img alt="{escape(alt)}" width="96" height="96" src="data:image/png;base64,{content}">'
