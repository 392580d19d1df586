"""Why a deed is not done as it was asked for; what fits the state of things another time says so."""

from __future__ import annotations


class NotFound(LookupError):
    """Something that is not there, or not for who asks: the two look alike."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"There is no {what} {name[:80]!r}, or it is not yours to see.")


class NotShown(Exception):
    """A submission that stood where others saw it, and does not count now: nothing of it is told."""

    def __init__(self) -> None:
        super().__init__(
            "This submission stands on no board now: its team withdrew it, or the host took it off."
        )


class StateConflict(Exception):
    """A deed that does not fit the state of things."""


class RequestUnfit(Exception):
    """A request that asks for nothing that could be done at any time."""


class TokenInvalid(Exception):
    """A token that stands for nobody."""


class FileLost(Exception):
    """A file that the server took in and has no more; its host has been told."""


class TermsNotAccepted(Exception):
    """A team that has not accepted the present terms of a phase, whose digest is `terms`."""

    def __init__(self, phase: str, terms: str, *, changed: bool) -> None:
        said = "has terms, which have changed since they were read" if changed else "has terms"
        super().__init__(
            f"The phase {phase} {said}: it takes a submission once its team has accepted them. Read them on "
            f"its page, or under `terms` in its JSON, and send the field `terms` with their "
            f"`terms_sha256`, {terms}; `harness upload --accept-terms` does so."
        )
        self.phase = phase
        self.terms = terms
