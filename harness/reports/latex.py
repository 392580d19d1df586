"""A comparison as a table for LaTeX (booktabs), as wide as a column of 8.5 cm."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from eval_server.figures.showing import limits_of
from eval_server.figures.statements import methods
from eval_server.figures.statements.intervals import level_words
from eval_server.figures.wording import ABSENT, p_number, percent, ranks
from eval_server.judging.report import Report, Standing
from harness.reports.comparison_words import phase_called
from harness.reports.letters import letters_of
from harness.reports.shown import Shown

_SPECIAL: Mapping[str, str] = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_",
    "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''", "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}", "\N{EM DASH}": r"\textemdash{}",
    "\N{EN DASH}": r"\textendash{}", "\N{MINUS SIGN}": "$-$", "\N{DAGGER}": r"\textdagger{}",
}  # fmt: skip
_ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")
_WHOLE = frozenset("ßæœøłåÆŒØŁÅ")
"""Accents and letters that every LaTeX has, whatever fonts the paper takes."""
_LONG, _UNBROKEN = 16, 10
"""Letters, as printed, of names that go on in a second line, and those that stay together then."""
_WIDE = frozenset("mwMWæœÆŒ%@")
"""Letters that take the room of two."""
_FOLDED = r">{\raggedright\arraybackslash}p{2.3cm}"
_OPENED = "{}"
"""Before a name, so that no bracket or star of it is an option of the line's end before."""
_NEEDS = "% \\usepackage{array,booktabs,textcomp}\n"


def latex(shown: Shown) -> str:
    """The table with its caption, and below it what the letters, the p and the remarks mean."""
    report = shown.report
    columns = _columns(report)
    head = " & ".join(columns)
    rows = "".join(f"{' & '.join(row)} \\\\\n" for row in _rows(report))
    kinds = (_FOLDED if _is_folded(report) else "l") + "r" * (len(columns) - 1)
    phase = phase_called(report)
    caption = methods.caption(phase, report.cells, report.subjects, report.alpha)
    notes = "\\par\n".join(map(_flowing, _notes(shown)))
    return (
        f"{_NEEDS}\\begin{{table}}\n\\centering\\footnotesize\\setlength{{\\tabcolsep}}{{3.5pt}}\n"
        f"\\caption{{{_flowing(caption)}}}\n\\label{{tab:{_label(phase)}}}\\smallskip\n"
        f"\\begin{{tabular}}{{@{{}}{kinds}@{{}}}}\n\\toprule\n{head} \\\\\n\\midrule\n{rows}\\bottomrule\n"
        f"\\end{{tabular}}\n\n\\smallskip\n\\parbox{{8.5cm}}{{\\scriptsize {notes}}}\n\\end{{table}}"
    )


def _columns(report: Report) -> list[str]:
    """The heads: what was not computed has no column."""
    heads = ["Entry", r"wF1, \%"]
    if report.subjects is not None:
        heads.append(escaped(f"{level_words(report.alpha)} interval"))
        heads += [""] if letters_of(report) else []
        heads += ["rank"] if report.baseline is None else []
        heads += [r"$p_\mathrm{Holm}$"] if report.pairs else []
    return heads


def _rows(report: Report) -> Iterator[list[str]]:
    shared, name = letters_of(report), _breakable if _is_folded(report) else escaped
    for one in report.entries:
        row = [_OPENED + name(one.entry), escaped(percent(one.weighted_f1))]
        if report.subjects is not None:
            limits = limits_of(one.interval)
            row.append(escaped(ABSENT) if limits is None else "--".join(percent(end, 1) for end in limits))
            row += [shared[one.entry].replace(" ", "")] if shared else []
            row += [_ranks(one)] if report.baseline is None else []
            row += [_p(one, report)] if report.pairs else []
        yield row


def _ranks(one: Standing) -> str:
    return (ranks(one.rank_set) if one.rank_set else str(one.rank)).replace("-", "--")


def _p(one: Standing, report: Report) -> str:
    """Holm's p against the baseline, or else the first."""
    other = against(report)
    if one.entry == other:
        return "---"
    return escaped(p_number(report.between(one.entry, other).p_holm)).replace(r"\textless{}", r"$<$")


def against(report: Report) -> str:
    """The entry that the others are held against."""
    return report.baseline or report.entries[0].entry


def _notes(shown: Shown) -> Iterator[str]:
    report = shown.report
    if report.subjects is None:
        yield methods.no_tests()
    elif report.pairs:
        if letters_of(report):
            yield methods.letters_mean(report.alpha)
        yield methods.p_means(against(report), len(report.pairs))
    for name, words in shown.remarks.items():
        if words:
            yield f"{name}: {', '.join(words)}."


def _label(phase: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in phase)


def escaped(text: str) -> str:
    """Text of anybody as LaTeX prints it: nothing in it is a command, and no letter stops pdfLaTeX.

    What LaTeX has no letter for stands as its number in Unicode.
    """
    return re.sub(r"(?<=[-,])(?=[-,])", "{}", "".join(map(_escaped, text)))


def _is_folded(report: Report) -> bool:
    """Whether a name is too long for one line: all names stand in a narrow column then."""
    return any(_is_long(one.entry) for one in report.entries)


def _breakable(name: str) -> str:
    """The name of an entry, which may go on in the next line of its cell."""
    return r"\hspace{0pt}".join(map(escaped, _unbroken(name)))


def _flowing(text: str) -> str:
    """A sentence whose longest words, the names in it, may go on in the next line."""
    words = text.split(" ")
    return " ".join(_breakable(word) if _is_long(word) else escaped(word) for word in words)


def _is_long(text: str) -> bool:
    return sum(map(_room, text)) > _LONG


def _unbroken(name: str) -> Iterator[str]:
    """The parts of a name that fit into a line of the narrow column each."""
    part, taken = "", 0
    for letter in name:
        room = _room(letter)
        if part and (taken + room > _UNBROKEN or not (part[-1] + letter).isalnum()):
            yield part
            part, taken = "", 0
        part, taken = part + letter, taken + room
    yield part


def _room(letter: str) -> int:
    """How many letters of common width one takes as it is printed."""
    if letter in _SPECIAL or letter.isspace() or _is_plain(letter):
        return 2 if letter in _WIDE else 1
    return len(_escaped(letter))


def _escaped(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    if letter.isspace():
        return " "
    return letter if _is_plain(letter) else f"[U+{ord(letter):04X}]"


def _is_plain(letter: str) -> bool:
    """Whether LaTeX prints it as it is: ASCII, or one of its letters with one of its accents."""
    base, *accents = list(unicodedata.normalize("NFD", letter))
    if letter in _WHOLE or (base.isascii() and not accents):
        return letter.isprintable()
    return base.isascii() and base.isalpha() and len(accents) == 1 and accents[0] in _ACCENTS
