"""A look at the database now and then while the server runs, beside those who read and write."""

from __future__ import annotations

import logging
import threading

from eval_server.store.database import Database, StoreUnfit
from eval_server.store.soundness import troubles_in

EVERY = 600.0
"""Seconds between two checks of the database by a worker process."""
log = logging.getLogger("harness.store")


class Watch:
    """A thread that checks the database and notes what is wrong with it, or that nothing is any more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """One check, of every row where something was wrong before."""
        try:
            found = troubles_in(self._database, thorough=self._database.damage is not None)
        except StoreUnfit as unfit:
            log.error("the database could not be checked: %s", unfit)
            return
        if found:
            log.error("the database is not sound: %s", "; ".join(found))
        self._database.damage = "; ".join(found) or None

    def _run(self) -> None:
        while not self._stopping.wait(EVERY):
            self.look()
