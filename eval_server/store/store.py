"""The store: everything the server keeps, behind one door."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from eval_server.store.arrivals import Arrivals
from eval_server.store.audit import AuditLog
from eval_server.store.database import ANOTHER, RESTORE, Database, StoreDamaged, StoreUnfit
from eval_server.store.files import FileDamaged, KeptFiles
from eval_server.store.introductions import Introductions
from eval_server.store.joining import Joining
from eval_server.store.mark import Mark
from eval_server.store.phases import Phases
from eval_server.store.queue import Queue
from eval_server.store.setting_aside import SettingAside
from eval_server.store.soundness import troubles_in
from eval_server.store.submissions import Submissions
from eval_server.store.teams import Teams
from eval_server.store.tokens import Tokens
from eval_server.store.verdicts import KeptVerdicts
from eval_server.store.watch import Watch

DATABASE_FILE = "server.sqlite3"
OURS = frozenset({"alembic_version", "phases", "truths", "submissions", "verdicts", "tokens"})
"""Tables that every release has had."""
ANEW = "Bring it back with `harness restore FILE`, or begin with an empty one: `harness serve --begin-anew`."


class StoreForeign(StoreUnfit):
    """A database that is empty though there was one, or another than the folder had."""


class Store:
    """Phases, teams, submissions from arrival to verdict, tokens, audit log and archive of one server."""

    def __init__(self, database: Database, archive: KeptFiles) -> None:
        self.database = database
        self.archive = archive
        self.phases = Phases(database)
        self.teams = Teams(database)
        self.introductions = Introductions(database)
        self.joining = Joining(database)
        self.arrivals = Arrivals(database)
        self.queue = Queue(database)
        self.verdicts = KeptVerdicts(database)
        self.submissions = Submissions(database)
        self.setting_aside = SettingAside(database)
        self.tokens = Tokens(database)
        self.audit = AuditLog(database)
        self._watch = Watch(database)

    @classmethod
    def open(cls, data_dir: Path, database_url: str | None = None, *, anew: bool = False) -> Store:
        """The store in this folder, its schema brought up to date.

        Raises `StoreUnfit` where the database cannot be used, and where the folder had another one. With
        `anew`, one that is lost or damaged is put aside, and an empty one begins in its place.
        """
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = data_dir.resolve()
        if folder.stat().st_mode & 0o077:
            folder.chmod(folder.stat().st_mode & 0o700)
        database = Database(database_url or f"sqlite:///{folder / DATABASE_FILE}")
        archive = KeptFiles(folder / "archive")
        try:
            _take_up(database, Mark(folder), archive, anew=anew)
        except StoreDamaged as damaged:
            database.close()
            raise StoreDamaged(_with_name(database, str(damaged)), damaged.hint) from damaged
        except BaseException:
            database.close()
            raise
        return cls(database, archive)

    def troubles(self) -> tuple[str, ...]:
        """What a reader or an uploader would meet in the database, by name; empty when all is well."""
        if wrong := self.database.trouble():
            return (wrong,)
        try:
            found = self.database.identity()
        except StoreDamaged as damaged:
            return (str(damaged),)
        except SQLAlchemyError:
            return ("the database does not answer",)
        return () if found == self.database.own else (ANOTHER,)

    def require_sound(self) -> None:
        """Read the whole database; raises `StoreDamaged` where it is not what was written."""
        found = self.troubles() or tuple(troubles_in(self.database, thorough=True))
        if found:
            raise StoreDamaged(_with_name(self.database, "; ".join(found)), RESTORE)

    def lost(self, phase: str) -> list[str]:
        """The submissions of a phase whose files are missing or changed."""
        found = []
        for one in self.submissions.listed(phase=phase):
            try:
                for digest in filter(None, (one.archive, one.scores)):
                    self.archive.whole(digest)
            except FileDamaged:
                found.append(one.id)
        return found

    def keep_watch(self) -> None:
        """Check the database now and then, beside those who read, until the store is closed."""
        self._watch.start()

    def close(self) -> None:
        self._watch.stop()
        self.database.close()


def _with_name(database: Database, found: str) -> str:
    """What was found, beginning with the database that it was found in."""
    return found if database.name in found else f"{database.name}: {found}"


def _take_up(database: Database, mark: Mark, archive: KeptFiles, *, anew: bool) -> None:
    """Hold the database against the folder's mark and bring it to this release."""
    try:
        _require_own(database, mark, archive)
        identity = database.migrate()
        if anew and (found := troubles_in(database, thorough=True)):
            raise StoreDamaged("; ".join(found), RESTORE)
    except (StoreDamaged, StoreForeign):
        if not anew:
            raise
        database.put_aside()
        identity = database.migrate()
    mark.keep(identity)


def _require_own(database: Database, mark: Mark, archive: KeptFiles) -> None:
    """Raises `StoreForeign` unless the database is the folder's, or neither ever had one.

    The mark is read first: who finds one finds the database that it speaks of, however many begin at once.
    """
    if database.file and (wrong := database.file.unfit()):
        raise StoreUnfit(f"{database.name} {wrong}", "Mend that, or name another --data-dir.")
    known = mark.read()
    tables = database.tables()
    if not tables & OURS:
        if known is not None or archive.any():
            said = f"{database.name} is empty, but {mark.path.parent} had a database with its server's data"
            raise StoreForeign(said, ANEW)
        if tables and database.is_sqlite:
            raise StoreForeign(f"{database.name} is another program's database", "Name another --data-dir.")
    elif not tables >= OURS:
        lost = ", ".join(sorted(OURS - tables))
        raise StoreForeign(f"{database.name} is not a whole database of this server: it lacks {lost}", ANEW)
    elif known and "identity" in tables:
        _require_identity(database, known, mark)


def _require_identity(database: Database, known: str, mark: Mark) -> None:
    if database.identity() != known:
        raise StoreForeign(
            f"{database.name} is not the database that {mark.path.parent} belongs to",
            f"Name the right --data-dir and --database. If they do belong together, remove {mark.path}.",
        )
