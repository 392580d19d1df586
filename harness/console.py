"""The only place that prints: words to standard error, results to standard output.

With ``--json`` a command prints one JSON document to standard output and nothing else there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table

    from models.contract import Advance


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def say(text: str, *, style: str | None = None) -> None:
    """Words for people, on standard error; square brackets stay as they are."""
    _console(stderr=True).print(text, style=style, markup=False)


def result(text: str) -> None:
    """A line of the result, on standard output."""
    _console(stderr=False).print(text, markup=False)


def width() -> int:
    """How many characters a line of standard output holds (80 where that is no terminal)."""
    return _console(stderr=False).width


def emit(document: Mapping[str, Any]) -> None:
    """The one JSON document of a ``--json`` call, in ASCII; NaN and infinity are refused."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")
    sys.stdout.flush()


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", left: Sequence[int] = (0,)
) -> None:
    """A table on standard output; columns not named in `left` are set flush right.

    Nothing is cut: a terminal that is too narrow folds what is long, but for the first column, by whose
    words rows are named elsewhere; where the output is no terminal, each row is one line.
    """
    drawn = _table(columns, rows, title, left)
    console = _console(stderr=False)
    if not console.is_terminal:
        console.width = max(console.width, console.measure(drawn, options=_unlimited(console)).maximum)
    console.print(drawn, soft_wrap=False)


def _unlimited(console: Console) -> ConsoleOptions:
    return console.options.update(max_width=10_000_000)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, left: Sequence[int]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for at, name in enumerate(columns):
        drawn.add_column(name, justify="left" if at in left else "right", overflow="fold", no_wrap=at == 0)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn


@contextmanager
def progress(description: str, total: int, /) -> Iterator[Advance]:
    """A progress bar on standard error (`models.contract.Progress`); silent where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = _console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(description, total=total)

        def advance(steps: int = 1, /) -> None:
            bar.advance(task, steps)

        yield advance
