"""The data folder's mark that it has a database, and which: an emptied or foreign one is not taken for it."""

from __future__ import annotations

from pathlib import Path

from submissions.sealing import SealBroken, sealed, unsealed
from submissions.writing import write_whole

MARK_FILE = "database.json"
UNKNOWN = ""
"""The identity in a mark that is damaged: there was a database, and nobody knows which."""


class Mark:
    """A small sealed file in the data folder that holds the identity of its database."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / MARK_FILE

    def read(self) -> str | None:
        """The identity of this folder's database; None where it never had one."""
        if not self.path.exists():
            return None
        try:
            return str(unsealed(self.path)["identity"])
        except (SealBroken, KeyError):
            return UNKNOWN

    def keep(self, identity: str) -> None:
        """Write the identity down unless it stands there."""
        if self.read() != identity:
            write_whole(self.path, sealed({"identity": identity}))
        self.path.chmod(0o600)
