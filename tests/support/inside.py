"""The `harness` command run inside the test's own process: the same entry point, without starting Python."""

from __future__ import annotations

import io
import os
import signal
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

from harness.cli.main import main
from tests.support.command import Answer


def harness_inside(*arguments: object, **environment: str) -> Answer:
    """Run `harness` with these arguments; the environment variables come on top of the present ones."""
    out, err = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    with patch.dict(os.environ, environment), redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(one) for one in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            signal.signal(signal.SIGTERM, before)
    return Answer(code, out.getvalue(), err.getvalue())
