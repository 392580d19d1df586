"""Writes down, when a wheel is built from a checkout, which commit it is built from."""

import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent


class WithRevision(build_py):
    """The packages, and `harness/revision.txt` where git knows the commit."""

    def run(self) -> None:
        super().run()
        revision = _revision()
        if revision and not self.editable_mode:
            (Path(self.build_lib) / "harness" / "revision.txt").write_text(f"{revision}\n")


def _revision() -> str:
    if not (HERE / ".git").exists():
        return ""
    asked = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


setup(cmdclass={"build_py": WithRevision})
