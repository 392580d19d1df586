"""Photograph every page of a running evaluation server at two widths, in light and dark.

python docs/pictures/take.py http://127.0.0.1:8000 FOLDER

Needs Playwright and Debian's Chromium. `leaderboard.png` beside this file is `board-1280-light.png` of a
server with the preliminary phase and nine entries, without the footer.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


def addresses(server: str) -> dict[str, str]:
    """One address for every kind of page, taken from what the first phase holds."""
    phase = _document(server, "/api/phases")["phases"][0]["name"]
    standings = _document(server, f"/api/phases/{phase}/leaderboard")["standings"]
    found = {
        "board": f"/phases/{phase}",
        "rules": f"/phases/{phase}/rules",
        "submit": f"/phases/{phase}/submit",
    }
    found |= {
        "help": "/help",
        "api": "/docs",
        "sign-in": "/sign-in",
        "teams": "/teams",
        "missing": "/nowhere",
    }
    if not standings:
        return found
    ids = [one["submission"] for one in standings]
    teams = [quote(one["team"]) for one in standings]
    found |= {"scored": f"/submissions/{ids[0]}", "team": f"/teams/{teams[0]}"}
    handed_in = [one for team in teams for one in _document(server, f"/api/teams/{team}")["submissions"]]
    refused = [one["url"] for one in handed_in if one["problems"]]
    found |= {"refused": refused[0]} if refused else {}
    if len(ids) > 1:
        found["pair"] = f"/phases/{phase}/compare?s={ids[0]}&s={ids[-1]}"
    if len(ids) > 2:
        found["map"] = f"/phases/{phase}/compare?" + "&".join(f"s={one}" for one in ids[:25])
    return found


def take(browser: Browser, server: str, folder: Path) -> None:
    """Save NAME-WIDTH-SCHEME.png for every page."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
                timezone_id="Europe/Berlin",
                locale="en-GB",
            )
            page = context.new_page()
            for name, address in addresses(server).items():
                page.goto(server + address)
                page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
            context.close()


def _document(server: str, address: str) -> Any:
    with urlopen(server + address) as answer:
        return json.load(answer)


def main() -> None:
    server, folder = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = os.environ.get("HARNESS_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        take(browser, server, folder)
        browser.close()


if __name__ == "__main__":
    main()
