"""What every answer may reach: settings, store, verdicts, boards, the judge, and the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from eval_server.service.access import Attempts, Rate
from eval_server.service.boards import Boards
from eval_server.service.jobs import Judge, Judging
from eval_server.service.settings import Settings
from eval_server.service.verdicts import Verdicts
from eval_server.store.store import Store


def utc_now() -> datetime:
    return datetime.now(UTC)


class Room:
    """Whether there was room for what came last; an upload that is kept ends a lack of it."""

    def __init__(self) -> None:
        self.lacking_since: datetime | None = None
        self.reason = ""

    def lacks(self, reason: str, now: datetime) -> None:
        self.reason = reason
        self.lacking_since = self.lacking_since or now

    def suffices(self) -> None:
        self.lacking_since = None


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of a running server, put together once."""

    settings: Settings
    store: Store
    verdicts: Verdicts
    boards: Boards
    judge: Judging
    uploads: Rate
    token_attempts: Attempts
    room: Room
    now: Callable[[], datetime]

    @classmethod
    def open(
        cls,
        settings: Settings,
        now: Callable[[], datetime] = utc_now,
        judge: Callable[[Store], Judging] | None = None,
    ) -> Desk:
        """Open the store and set up the parts; nothing runs before the judge is started.

        The judge works in this process unless another one is given.
        """
        store = Store.open(settings.data_dir, settings.database)
        verdicts = Verdicts(store)
        judging: Judging = Judge(store, verdicts, now) if judge is None else judge(store)
        return cls(
            settings,
            store,
            verdicts,
            Boards(judging.make_board, store.phases.revisions),
            judging,
            Rate(settings.uploads_per_minute),
            Attempts(settings.token_attempts_per_minute),
            Room(),
            now,
        )

    def close(self) -> None:
        self.boards.close()
        self.store.close()
