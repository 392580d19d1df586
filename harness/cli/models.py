"""`harness models`: the list of entries, and one entry's card."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from harness import console
from harness.cli.options import JSON
from models import registry
from models.registry import Listing


@click.command()
@click.argument("name", required=False)
@JSON
def models(name: str | None, as_json: bool) -> None:
    """List the entries, or show the card of NAME."""
    if name is None:
        _show_list(tuple(map(registry.examined, registry.listings())), as_json=as_json)
    else:
        _show_card(name, as_json=as_json)


def _show_list(found: tuple[Listing, ...], *, as_json: bool) -> None:
    if as_json:
        console.emit(
            {
                "entries": [
                    {
                        "name": one.name,
                        "origin": one.origin,
                        "available": one.available,
                        "reason": one.reason,
                    }
                    for one in found
                ]
            }
        )
        return
    rows = [(one.name, one.origin, "yes" if one.available else f"no: {one.reason}") for one in found]
    console.table(("entry", "origin", "available"), rows, left=(0, 1, 2))


def _show_card(name: str, *, as_json: bool) -> None:
    entry, origin = registry.find(name)
    settings = entry.described_settings()
    facts: dict[str, Any] = {"origin": origin, **asdict(entry.card), "settings": settings}
    if as_json:
        console.emit(facts)
        return
    facts["settings"] = ", ".join(f"{setting}={text}" for setting, text in settings.items()) or "none"
    facts["requires"] = ", ".join(entry.card.requires)
    for key, value in facts.items():
        if value not in ("", None):
            console.result(f"{key:12} {value}")
