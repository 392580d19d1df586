"""Names by which entries are told apart where several share one, and stand-ins on anonymous boards."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count


def stand_in(secret: str, phase: str, team: str) -> str:
    """A team's name on an anonymous board: the same at every visit, another in every phase.

    It is keyed by what only the server knows, so that nobody finds a team by trying names.
    """
    named = f"{phase}\n{team}".encode()
    return f"anonymous-{hmac.new(secret.encode(), named, hashlib.sha256).hexdigest()[:6]}"


def unique_names(entries: Iterable[tuple[str, str]]) -> list[str]:
    """A name of its own for each (entry, team): the team is added where two share a name, then a number."""
    listed = list(entries)
    shared = Counter(entry for entry, _ in listed)
    return _numbered([f"{entry} ({team})" if shared[entry] > 1 else entry for entry, team in listed])


def _numbered(names: Sequence[str]) -> list[str]:
    """Names that occur once as they are, the others with the next number that makes no name twice."""
    shared = Counter(names)
    taken = {name for name in names if shared[name] == 1}
    found = []
    for name in names:
        if shared[name] > 1:
            name = next(one for at in count(1) if (one := f"{name} #{at}") not in taken)
            taken.add(name)
        found.append(name)
    return found
