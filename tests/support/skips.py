"""Where nothing may be missing, a test skipped for a reason that is not on a list ends the run as failed.

`HARNESS_TEST_ALLOWED_SKIPS` names the list: one reason a line, lines that begin with # say why it is there.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "HARNESS_TEST_ALLOWED_SKIPS"
_FORBIDDEN: list[str] = []


def allowed(path: Path) -> frozenset[str]:
    """The reasons on a list."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why this test was skipped, as its skip says it."""
    assert isinstance(report.longrepr, tuple)
    return report.longrepr[2].removeprefix("Skipped: ")


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    named = os.environ.get(VARIABLE)
    if named and report.skipped and not hasattr(report, "wasxfail"):
        reason = reason_of(report)
        if reason not in allowed(Path(named)):
            _FORBIDDEN.append(f"{report.nodeid}: {reason}")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _note(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _FORBIDDEN:
        terminalreporter.section(f"skipped for a reason that is not in {os.environ[VARIABLE]}")
        for line in _FORBIDDEN:
            terminalreporter.line(line)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _FORBIDDEN and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
