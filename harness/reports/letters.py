"""Letters for what cannot be told apart: two entries share one exactly where no test tells them apart.

The compact letter display of Piepho 2004 (insert and absorb), with nothing left out and nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eval_server.judging.report import Report

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def letters_of(report: Report) -> dict[str, str]:
    """The letters of each entry, the best entry's first; none where pairs were not all tested by subjects."""
    if report.subjects is None or report.baseline is not None or not report.pairs:
        return {}
    names = [one.entry for one in report.entries]
    return letters(names, [(pair.a, pair.b) for pair in report.pairs if pair.significant])


def letters(names: Sequence[str], apart: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The letters of these names, of which each pair of `apart` can be told apart."""
    columns = [frozenset(names)]
    for one, other in apart:
        split = [column for column in columns if {one, other} <= column]
        kept = [column for column in columns if column not in split]
        columns = _absorbed([*kept, *(column - {name} for column in split for name in (one, other))])
    columns.sort(key=lambda column: sorted(map(names.index, column)))
    return {
        name: " ".join(_letter(at) for at, column in enumerate(columns) if name in column) for name in names
    }


def _absorbed(columns: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """The columns that lie in no other one, each once."""
    once = list(dict.fromkeys(columns))
    return [one for one in once if not any(one < other for other in once)]


def _letter(at: int) -> str:
    """a to z, then aa, ab and so on."""
    head, last = divmod(at, len(_ALPHABET))
    return (_letter(head - 1) if head else "") + _ALPHABET[last]
