"""Where a token comes from: the environment, a file that only its owner reads, or a prompt."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from harness.errors import UsageWrong

VARIABLE = "CODABENCH_TOKEN"


def token_of(file: Path | None, ask: Callable[[], str]) -> str:
    """The token in this file, else in the environment, else the one that is typed."""
    found = _read(file) if file else os.environ.get(VARIABLE) or ask()
    token = found.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageWrong(
            "expected a token of letters and digits, found none",
            f"Set {VARIABLE}, or name a file with --token-file.",
        )
    return token


def _read(file: Path) -> str:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        raise UsageWrong(
            f"{file} may be read by others (mode {mode:o})", f"Take their leave away: chmod 600 {file}"
        )
    return file.read_text(encoding="utf-8")
