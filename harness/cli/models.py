"""`harness models`: the list of entries, one entry's card, and whether it keeps the contract."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from harness import console
from harness.cli.options import JSON
from harness.errors import Unavailable, UsageWrong
from models import registry
from models.contract import EntryUnavailable
from models.registry import Listing


@click.command()
@click.argument("name", required=False)
@click.option(
    "--check", "checked", is_flag=True, help="Try NAME on drawn cells: one line a rule, in seconds."
)
@JSON
def models(name: str | None, checked: bool, as_json: bool) -> None:
    """List the entries, or show the card of NAME.

    NAME may be a pattern: 'shape-*' lists some entries, 'timm:*resnext*' networks of timm.
    """
    if checked:
        _check(name, as_json=as_json)
    elif name is None:
        _show_list(tuple(map(registry.examined, registry.listings())), as_json=as_json)
    elif _is_pattern(name):
        _show_list(_matching(name), as_json=as_json)
    else:
        _show_card(name, as_json=as_json)


def _is_pattern(name: str) -> bool:
    return any(character in name for character in "*?[")


def _matching(pattern: str) -> tuple[Listing, ...]:
    found = registry.matching(pattern)
    if not found:
        raise EntryUnavailable(f"no entry matches {pattern!r}", "`harness models` lists them all.")
    known = registry.listings()
    return tuple(registry.examined(one) if one in known else one for one in found)


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
                        "summary": one.card.summary if one.card else "",
                        "reported": one.card.reported if one.card else "",
                        "group": "paper" if _of_paper(one) else "other",
                    }
                    for one in found
                ]
            }
        )
        return
    for title, members in (
        ("After approaches that the paper names", [one for one in found if _of_paper(one)]),
        ("Others", [one for one in found if not _of_paper(one)]),
    ):
        if members:
            rows = [(one.name, _in_a_line(one), _reported(one)) for one in members]
            console.table(("entry", "what it is", "reported"), rows, title=title, left=(0, 1, 2))


def _of_paper(one: Listing) -> bool:
    """Whether this is one of the approaches of the paper, its own among them: those have a year."""
    return one.origin == "built-in" and one.card is not None and one.card.year is not None


def _in_a_line(one: Listing) -> str:
    """What the entry is, where it comes from if that is elsewhere, and why it cannot be used."""
    summary = one.card.summary if one.card else ""
    origin = "" if one.origin == "built-in" else f"[{one.origin}]"
    return " ".join(filter(None, (summary, origin, "" if one.available else f"not available: {one.reason}")))


def _reported(one: Listing) -> str:
    return one.card.reported if one.card else ""


def _show_card(name: str, *, as_json: bool) -> None:
    entry, origin = registry.find(name)
    settings = entry.described_settings()
    facts: dict[str, Any] = {"origin": origin, **_in_reading_order(asdict(entry.card)), "settings": settings}
    if as_json:
        console.emit(facts)
        return
    facts["settings"] = ", ".join(f"{setting}={text}" for setting, text in settings.items()) or "none"
    facts["requires"] = ", ".join(entry.card.requires)
    facts["transductive"] = "yes: it looks at all cells to predict" if entry.card.transductive else "no"
    for key, value in facts.items():
        if value not in ("", None):
            console.result(f"{key:12} {value}")


def _in_reading_order(card: dict[str, Any]) -> dict[str, Any]:
    """What is different here stands before what was reported: those numbers are of the original."""
    order = [*(name for name in card if name != "reported")]
    order.insert(order.index("differences") + 1, "reported")
    return {name: card[name] for name in order}


def _check(name: str | None, *, as_json: bool) -> None:
    """Try every rule of the contract; ends with exit code 4 where one is broken."""
    if name is None:
        raise UsageWrong("--check tries one entry, found no NAME", "Type: harness models NAME --check")
    from models.contract_tests import findings

    entry, _ = registry.find(name)
    found = []
    for one in findings(entry):
        found.append(one)
        if not as_json:
            console.result(f"{'broken' if one.broken else 'kept':7} {one.rule}")
            if one.broken:
                console.result(f"{'':7} {one.broken}")
    broken = sum(bool(one.broken) for one in found)
    if as_json:
        rules = [{"rule": one.rule, "kept": not one.broken, "reason": one.broken} for one in found]
        console.emit({"entry": name, "kept": not broken, "rules": rules})
        if broken:
            raise click.exceptions.Exit(Unavailable.exit_code)
    elif broken:
        raise Unavailable(
            f"{name} breaks {broken} of the {len(found)} rules of the contract",
            "models/contract_tests.py holds the rules.",
        )
