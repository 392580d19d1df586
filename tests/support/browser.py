"""Chromium driven by Playwright, and axe-core from npm; tests skip where one is absent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERIOUS = ("serious", "critical")


@contextmanager
def a_browser() -> Iterator[Any]:
    """A Chromium of its own: named by `HARNESS_CHROMIUM`, else on the path, else Playwright's download."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    named = os.environ.get("HARNESS_CHROMIUM") or shutil.which("chromium")
    with sync_api.sync_playwright() as playwright:
        path = named or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("Chromium is not installed (make services)")
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


def axe_source() -> str:
    """axe-core's script; `HARNESS_AXE` names it elsewhere."""
    named = os.environ.get("HARNESS_AXE")
    path = Path(named) if named else ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip("axe-core is not installed (make services)")
    return path.read_text()


def grave_problems(page: Any, axe: str) -> list[str]:
    """What axe-core finds serious or critical on a page with everything that unfolds unfolded."""
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in SERIOUS]


def sign_in(page: Any, token: str) -> None:
    page.goto("sign-in")
    page.fill("#token", token)
    page.click("main button")


def drop(page: Any, selector: str, name: str, content: bytes) -> None:
    """Drop a file on an element, as a hand with a mouse would."""
    transfer = page.evaluate_handle(
        """([name, bytes]) => {
            const held = new DataTransfer();
            held.items.add(new File([new Uint8Array(bytes)], name, {type: "application/zip"}));
            return held;
        }""",
        [name, list(content)],
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event(selector, kind, {"dataTransfer": transfer})
