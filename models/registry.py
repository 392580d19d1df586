"""Names to entries: built-in and installed ones come through the same door, `harness.models`.

An entry is loaded when it is used, so listing them imports none of them. What cannot be loaded stays
in the list with its reason and harms nothing else.
"""

from __future__ import annotations

import difflib
import fnmatch
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from models import entry_files
from models.contract import Entry, EntryCard, EntryUnavailable, Family
from models.extras import DISTRIBUTION, extra_of, install_command
from models.imports import hidden_beside, lack_of

GROUP = "harness.models"
_ANY = "<name>"


@dataclass(frozen=True, slots=True)
class Listing:
    """A name in the registry: where it comes from, and why it cannot be used, if it cannot.

    A family of entries is registered by its prefix (``timm:``) and named ``timm:<name>`` here.
    """

    name: str
    origin: str
    target: str
    available: bool = True
    reason: str = ""
    card: EntryCard | None = None


def listings(points: Iterable[importlib.metadata.EntryPoint] | None = None) -> tuple[Listing, ...]:
    """Every registered name, built-in ones first, then by name; loads nothing.

    A name that is registered twice belongs to the built-in entry, or to nobody when none is
    built in; the others are listed as unavailable.
    """
    points = importlib.metadata.entry_points(group=GROUP) if points is None else points
    found = sorted({_listing(point) for point in points}, key=_built_in_first)
    return tuple(_without_clash(one, found) for one in found)


def _built_in_first(one: Listing) -> tuple[bool, str]:
    return (one.origin != "built-in", one.name)


def _listing(point: importlib.metadata.EntryPoint) -> Listing:
    package = point.dist.name if point.dist is not None else "unknown package"
    origin = "built-in" if package == DISTRIBUTION else package
    missing = _missing_module(point.value.partition(":")[0])
    reason = f"module {missing} is not there" if missing else ""
    name = point.name + _ANY if point.name.endswith(":") else point.name
    return Listing(name, origin, point.value, not missing, reason)


def _missing_module(module: str) -> str:
    top = module.partition(".")[0]
    return "" if top in sys.modules or importlib.util.find_spec(top) is not None else top


def _without_clash(one: Listing, found: list[Listing]) -> Listing:
    others = [other for other in found if other.name == one.name and other != one]
    if not others or one.origin == "built-in":
        return one
    taken = f"the name is already taken by {others[0].origin} ({others[0].target})"
    return Listing(one.name, one.origin, one.target, available=False, reason=taken)


def find(name: str) -> tuple[Entry, str]:
    """The entry of this name, and its origin.

    `name` is a registered name, a name within a family (``timm:resnet18``), or
    ``path/to/file.py:attribute`` for one that is not installed.
    Raises `EntryUnavailable` with near names when there is none, or with the reason when it does
    not load.
    """
    if ".py:" in name:
        return _from_file(name), f"file {name}"
    known = listings()
    for one in known:
        if one.available and _is_family(one) and name.startswith(_prefix(one)):
            return _load_family(one).member(name.removeprefix(_prefix(one))), one.origin
        if one.available and one.name == name:
            return _load(one), one.origin
    unusable = next((one for one in known if name == one.name), None)
    if unusable is not None:
        raise EntryUnavailable(
            f"entry {name!r} of {unusable.origin} cannot be used: {unusable.reason}",
            "See `harness models` for the entries that can.",
        )
    near = difflib.get_close_matches(name, [one.name for one in known], n=3, cutoff=0.5)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    raise EntryUnavailable(f"there is no entry {name!r}", f"{meant}`harness models` lists them all.")


def target_of(name: str) -> str:
    """Where the entry of this name is defined: ``module:attribute``, or its file as it was named."""
    return name if ".py:" in name else _listed(name).target


def package_of(name: str) -> str:
    """The installed package that registers the entry of this name."""
    origin = _listed(name).origin
    return DISTRIBUTION if origin == "built-in" else origin


def _listed(name: str) -> Listing:
    """The listing that `find` takes for this name."""
    for one in listings():
        if one.available and (one.name == name or (_is_family(one) and name.startswith(_prefix(one)))):
            return one
    raise EntryUnavailable(f"there is no entry {name!r}", "`harness models` lists them all.")


def matching(pattern: str) -> tuple[Listing, ...]:
    """The listings whose names match ``shape-*`` or, within a family, ``timm:*resnext*``."""
    found: list[Listing] = []
    for one in listings():
        if one.available and _is_family(one) and pattern.startswith(_prefix(one)):
            names = _load_family(one).names(pattern.removeprefix(_prefix(one)))
            found += [Listing(_prefix(one) + name, one.origin, one.target) for name in names]
        elif fnmatch.fnmatchcase(one.name, pattern):
            found.append(one)
    return tuple(found)


def _is_family(one: Listing) -> bool:
    return one.name.endswith(f":{_ANY}")


def _prefix(one: Listing) -> str:
    return one.name.removesuffix(_ANY)


def examined(one: Listing) -> Listing:
    """The same listing after loading its entry, with its card; unavailable, with the reason, if that fails.

    Built-in entries import no torch until they are used; `EntryCard.requires` names the packages
    they will need then, and a missing one makes the entry unavailable here already.
    """
    if not one.available:
        return one
    try:
        card = (_load_family(one) if _is_family(one) else _load(one)).card
    except EntryUnavailable as error:
        return Listing(one.name, one.origin, one.target, available=False, reason=str(error))
    missing = missing_requirement(card)
    if missing:
        lack = needs(one.name, missing)
        return replace(one, available=False, reason=f"{lack}. {lack.hint}", card=card)
    return replace(one, card=card)


def missing_requirement(card: EntryCard) -> str:
    """The first package that an entry needs and that is not installed; empty when all are there."""
    return next((package for package in card.requires if _missing_module(package)), "")


def _load(one: Listing) -> Entry:
    return _checked(one.name, _target(one))


def _load_family(one: Listing) -> Family:
    loaded = _target(one)
    if not isinstance(loaded, Family):
        raise EntryUnavailable(
            f"{one.name!r} is a {type(loaded).__name__}, expected a models.contract.Family",
            "A name that ends with a colon is registered for a family of entries.",
        )
    return loaded


def _target(one: Listing) -> object:
    module, _, attribute = one.target.partition(":")
    try:
        loaded: object = getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a plugin may fail in any way; the reason is what matters
        raise _broken(one.name, error) from error
    return loaded


def needs(name: str, package: str) -> EntryUnavailable:
    """The error for an entry whose package is missing; what to type is its hint where the package is ours."""
    extra = extra_of(package)
    hint = (
        f"Type: {install_command(extra)}"
        if extra
        else f"The entry's card names it; {package} is no package of the harness: ask the entry's author."
    )
    return EntryUnavailable(f"entry {name!r} needs the package {package}", hint)


def _broken(name: str, error: BaseException) -> EntryUnavailable:
    lack = lack_of(error)
    if lack is not None:
        return EntryUnavailable(f"entry {name!r} does not load: {lack.message}", lack.hint)
    file = Path(name.rpartition(":")[0])
    hint = "Mend or uninstall the package that registers it."
    if ".py:" in name:
        hint = hidden_beside(error, file.resolve().parent) or f"Mend {file}."
    told = entry_files.plain_words(f"{type(error).__name__}: {error}")
    return EntryUnavailable(f"entry {name!r} does not load: {told}", hint)


def _checked(name: str, loaded: object) -> Entry:
    if isinstance(loaded, type) and issubclass(loaded, Entry):
        try:
            loaded = loaded()
        except (Exception, SystemExit) as error:  # a method is missing, or its own __init__ failed
            raise _broken(name, error) from error
    if not isinstance(loaded, Entry):
        raise EntryUnavailable(
            f"entry {name!r} is a {type(loaded).__name__}, expected a models.contract.Entry",
            "Derive its class from models.contract.Entry.",
        )
    if not isinstance(getattr(loaded, "card", None), EntryCard):
        raise EntryUnavailable(
            f"entry {name!r} has no card, expected a models.contract.EntryCard", "Set `card` in its class."
        )
    return loaded


def _from_file(reference: str) -> Entry:
    path_text, _, attribute = reference.rpartition(":")
    path = Path(path_text).resolve()
    if not path.is_file():
        raise EntryUnavailable(f"there is no file {path_text}", "Write --model path/to/file.py:entry.")
    try:
        module = entry_files.load(path)
        loaded = getattr(module, attribute)
    except (Exception, SystemExit) as error:  # the user's own file: say what it raised
        raise _broken(reference, error) from error
    return _checked(reference, loaded)
