"""Why a deed is not done as it was asked for; what fits the state of things another time says so."""

from __future__ import annotations


class NotFound(LookupError):
    """Something that is not there, or not for who asks: the two look alike."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"There is no {what} {name[:80]!r}, or it is not yours to see.")


class StateConflict(Exception):
    """A deed that does not fit the state of things."""


class RequestUnfit(Exception):
    """A request that asks for nothing that could be done at any time."""


class TokenInvalid(Exception):
    """A token that stands for nobody."""


class FileLost(Exception):
    """A file that the server took in and has no more; its host has been told."""
