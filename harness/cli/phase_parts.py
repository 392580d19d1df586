"""Dividing the subjects of a phase into a public and a private part: the options, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from harness.errors import DataWrong, UsageWrong

if TYPE_CHECKING:
    from eval_server.judging.truth import Truth
    from eval_server.store.records import Rules

CHOICES = 2
"""Submissions that a team may choose in a divided phase, unless the host says otherwise."""


def division_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that divide the subjects of a new phase."""
    seed = click.option(
        "--split-seed", type=int, help="Another seed divides the subjects otherwise; 0 unless set."
    )
    share = click.option(
        "--private-subjects",
        type=float,
        help="Share of the subjects of each class kept back until the phase closes, such as 0.5.",
    )
    return share(seed(command))


def divided(truth: Truth, share: float | None, seed: int | None) -> Truth:
    """The truth divided as the options say; raises `DataWrong` where its subjects cannot be."""
    if share is None:
        if seed is not None:
            raise UsageWrong("--split-seed divides nothing by itself", "Add --private-subjects, such as 0.5.")
        return truth
    if truth.division is not None:
        hint = "Leave out --private-subjects, or take the column out of the table."
        raise UsageWrong("the table says the part of each subject in its column `part`", hint)
    if not 0 < share < 1:
        raise UsageWrong(f"expected --private-subjects between 0 and 1, found {share}", "Try 0.5.")
    with _divisible():
        return truth.divided(share, seed or 0)


def divided_like(truth: Truth, old: Truth) -> Truth:
    """A corrected truth divided as the old one; raises `DataWrong` where that cannot be."""
    with _divisible():
        return truth.divided_like(old)


@contextmanager
def _divisible() -> Iterator[None]:
    from eval_server.judging.division import DivisionInvalid

    try:
        yield
    except DivisionInvalid as invalid:
        raise DataWrong(str(invalid), invalid.hint) from invalid


def part_facts(truth: Truth) -> dict[str, Any]:
    """The parts of a divided truth as documents carry them: subjects and cells, nothing for a whole one."""
    return {} if truth.division is None else {"parts": _sizes(truth)}


def part_words(truth: Truth) -> str:
    """The same in words."""
    said = [
        f"{size['subjects']} subjects ({size['cells']:,} cells) {name}"
        for name, size in _sizes(truth).items()
    ]
    return f", {' and '.join(said)}" if said else ""


def end_remarks(truth: Truth, rules: Rules) -> list[str]:
    """What a host should know of the end of a divided phase."""
    if truth.division is None or rules.closes_at is not None:
        return []
    return ["without --closes the private part never decides: set it with `harness phase set`"]


def _sizes(truth: Truth) -> dict[str, dict[str, int]]:
    found = {str(part): truth.part(part) for part in truth.parts[1:]}
    return {
        name: {"subjects": len(set(one.subjects or ())), "cells": len(one.phase)}
        for name, one in found.items()
    }
