"""The only place that prints: words to standard error, results to standard output.

With ``--json`` a command prints one JSON document to standard output and nothing else there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table

    from models.progress import Advance


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def say(text: str, *, style: str | None = None) -> None:
    """Words for people, on standard error; square brackets stay as they are."""
    _console(stderr=True).print(text, style=style, markup=False)


def result(text: str) -> None:
    """A line of the result, on standard output."""
    _console(stderr=False).print(text, markup=False)


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def width() -> int:
    """How many characters a line of standard output holds (80 where that is no terminal)."""
    return _console(stderr=False).width


def emit(document: Mapping[str, Any]) -> None:
    """The one JSON document of a ``--json`` call, in ASCII; NaN and infinity are refused."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")
    sys.stdout.flush()


def event(document: Mapping[str, Any]) -> None:
    """One event of a ``--json`` call that tells what happens while it happens: a document of one line."""
    sys.stdout.write(json.dumps(document, allow_nan=False) + "\n")
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


Show = Callable[[Sequence[str], Sequence[Sequence[str]], str], None]
"""Shows a table in place of the one before: columns, rows (those that fit), and a line below."""


@contextmanager
def live(*, on: bool) -> Iterator[Show | None]:
    """A table on standard error that is shown anew again and again; None where that is no terminal."""
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    console = _console(stderr=True)
    if not (on and console.is_terminal):
        yield None
        return
    with Live(console=console, auto_refresh=False, transient=True) as shown:

        def show(columns: Sequence[str], rows: Sequence[Sequence[str]], below: str) -> None:
            fitting = rows[: max(console.height - 6, 1)]
            shown.update(Group(_table(columns, fitting, "", (0, 2)), Text(below)), refresh=True)

        yield show


_BARS: ContextVar[bool] = ContextVar("bars", default=True)


@contextmanager
def without_bars() -> Iterator[None]:
    """No progress bars meanwhile: for work whose terminal shows somebody else's table."""
    before = _BARS.set(False)
    try:
        yield
    finally:
        _BARS.reset(before)


@contextmanager
def progress(description: str, total: int, /) -> Iterator[Advance]:
    """A progress bar on standard error (`models.contract.Progress`); silent where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    words, note = TextColumn("{task.description}"), TextColumn("{task.fields[note]}", markup=False)
    columns = (words, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), note)
    console = _console(stderr=True)
    silent = not (console.is_terminal and _BARS.get())
    with Progress(*columns, console=console, disable=silent, transient=True) as bar:
        task = bar.add_task(description, total=total, note="")

        def advance(steps: int = 1, /, note: str = "") -> None:
            bar.update(task, advance=steps, note=note or bar.tasks[task].fields["note"])

        yield advance
