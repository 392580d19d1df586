"""LaTeX as a paper uses it: a document compiled in a folder; tests skip where it is absent."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_DOCUMENT = r"""\documentclass[10pt]{article}
\usepackage[paperwidth=10.5cm,paperheight=24cm,textwidth=8.5cm,textheight=22cm]{geometry}
\usepackage{array,booktabs,textcomp,graphicx}
\begin{document}
%s
\end{document}
"""


def compiled(folder: Path, body: str) -> str:
    """Compile a body into `paper.pdf`, a column of 8.5 cm; returns the log; an error fails the test."""
    if not (shutil.which("pdflatex") and _has("booktabs.sty")):
        pytest.skip("LaTeX with booktabs is not installed (make services)")
    (folder / "paper.tex").write_text(_DOCUMENT % body, encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    log = (folder / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    return log


def _has(style: str) -> bool:
    return subprocess.run(["kpsewhich", style], capture_output=True, check=False).returncode == 0
