"""The options by which a phase says what it is: description, rules, terms, contact, picture, class names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import PATH
from harness.cli.phase_rules import Taken
from harness.errors import DataWrong, UsageWrong

if TYPE_CHECKING:
    from eval_server.store.records import Introduction
    from eval_server.store.store import Store

TEXTS = ("description", "rules", "terms")


class Classes(click.ParamType[Any]):
    """Two names of classes, that of label 1 first; ``none`` goes back to those of C-NMC."""

    name = "two names"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if not isinstance(value, str):
            return value
        names = () if value == "none" else tuple(name.strip() for name in value.split(","))
        if len(names) not in (0, 2):
            self.fail(f"expected two names such as parasite,normal, found {value!r}", param, ctx)
        return names


class Words(click.ParamType[Any]):
    """A file of Markdown; ``none`` takes the text away."""

    name = "file"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return value if value == "none" else PATH.convert(value, param, ctx)


def word_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what a phase is; what is left out stays as it is."""
    for option in reversed(
        (
            click.option("--description", type=Words(), help="Markdown: what it is about; none: nothing."),
            click.option("--rules", type=Words(), help="Markdown: what is asked of who takes part."),
            click.option("--terms", type=Words(), help="Markdown: what a team accepts before it hands in."),
            click.option("--contact", help="Whom to ask, in a line of Markdown; none: nobody."),
            click.option("--picture", type=Words(), help="PNG, JPEG or WebP; in Markdown ![…](picture)."),
            click.option(
                "--class-names",
                type=Classes(),
                help="Of label 1 and label 0, such as parasite,normal; none: those of C-NMC.",
            ),
        )
    ):
        command = option(command)
    return command


def without_words(given: dict[str, Any]) -> dict[str, Any]:
    """What was given of a phase's rules in the server's sense; the names of the classes are two of them."""
    names = given.get("class_names")
    rules = {key: value for key, value in given.items() if key not in (*TEXTS, *_BESIDE)}
    if names is None:
        return rules
    positive, negative = names or (Taken.AWAY, Taken.AWAY)
    return {**rules, "positive_class": positive, "negative_class": negative}


_BESIDE = ("contact", "picture", "class_names")


def introduce(store: Store, name: str, given: dict[str, Any]) -> dict[str, str]:
    """Let a phase say what was given, and keep the rest; returns what changed, for the audit log."""
    from eval_server.store.records import Introduction

    changed = {key: given[key] for key in (*TEXTS, "contact", "picture") if given.get(key) is not None}
    if not changed:
        return {}
    record = store.phases.find(name)
    before = Introduction() if record is None else store.introductions.of(record)
    texts = {key: _text(value) for key, value in changed.items() if key in TEXTS}
    if "contact" in changed:
        texts["contact"] = "" if changed["contact"] == "none" else changed["contact"].strip()
    picture = _picture(changed["picture"]) if "picture" in changed else store.introductions.picture(name)
    try:
        told = replace(before, **texts)
    except ValueError as wrong:
        raise UsageWrong(str(wrong)) from wrong
    store.introductions.put(name, told, picture)
    return _noted(told, changed)


def _noted(told: Introduction, changed: dict[str, Any]) -> dict[str, str]:
    noted = {key: str(value) for key, value in changed.items()}
    return {**noted, "terms_sha256": told.terms_sha256} if "terms" in changed else noted


def _text(value: Path | str) -> str:
    if value == "none":
        return ""
    path = Path(value)
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise DataWrong(f"{path}: expected Markdown in UTF-8, found {error.reason}") from error
    except OSError as error:
        raise DataWrong(f"{path}: expected a file to read, found {error.strerror or error}") from error
    return text


def _picture(value: Path | str) -> bytes | None:
    from eval_server.service.own_picture import PictureRefused, taken

    if value == "none":
        return None
    try:
        return taken(Path(value).read_bytes())
    except PictureRefused as refused:
        raise DataWrong(f"{value}: {refused}", "Save it as PNG, JPEG or WebP.") from refused
    except OSError as error:
        raise DataWrong(f"{value}: expected a file to read, found {error.strerror or error}") from error
