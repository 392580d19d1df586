"""Would Codabench take this bundle, and would it run there: every mistake at once, before the upload.

The caller brings the reading of YAML (texts must stay texts and unquoted dates become dates, as the
platform's own reader has it) and of pictures, so that this package needs neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from submissions.codabench.dates import date_findings, window_findings
from submissions.codabench.parts_check import UUID, Parts, leaves
from submissions.codabench.public_check import public_findings, public_parts, shared_parts
from submissions.codabench.rules import Finding

NAME = "competition.yaml"
RULES_OF_BOARDS = (
    *("Add", "Add_And_Delete", "Add_And_Delete_Multiple"),
    *("Force_Last", "Force_Latest_Multiple", "Force_Best"),
)
FACTS = {"key", "type", "title", "selection", "is_required", "is_on_leaderboard"}
FIELDS = {
    "top": {
        *("version", "title", "image", "terms", "pages", "tasks", "solutions", "phases", "leaderboards"),
        *("description", "docker_image", "registration_auto_approve", "queue", "contact_email", "reward"),
        *("competition_type", "enable_detailed_results", "show_detailed_results_in_submission_panel"),
        *("show_detailed_results_in_leaderboard", "auto_run_submissions", "forum_enabled", "fact_sheet"),
        *("can_participants_make_submissions_public", "make_programs_available", "make_input_data_available"),
    },
    "task": {
        *("index", "key", "name", "description", "scoring_program", "reference_data", "input_data"),
        *("ingestion_program", "ingestion_only_during_scoring", "is_public"),
    },
    "phase": {
        *("index", "name", "description", "start", "end", "tasks", "max_submissions_per_day"),
        *("max_submissions", "execution_time_limit", "auto_migrate_to_this_phase", "hide_output"),
        *("hide_prediction_output", "hide_score_output", "starting_kit", "public_data"),
    },
    "leaderboard": {"title", "key", "columns", "submission_rule", "hidden", "primary_index"},
    "column": {
        *("index", "key", "title", "sorting", "precision", "hidden", "computation", "computation_indexes"),
    },
}
Entry = Mapping[str, Any]


def check_bundle(
    members: Mapping[str, bytes], load: Callable[[bytes], Any], is_image: Callable[[bytes], bool]
) -> list[Finding]:
    """Every mistake in a bundle of these members; `load` raises ValueError for what is no YAML."""
    if NAME not in members:
        near = [name for name in members if name.lower().endswith(("competition.yaml", "competition.yml"))]
        return [Finding("no-yaml", "the zip", ", ".join(near) or "no such file")]
    try:
        document = load(members[NAME])
    except ValueError as error:
        return [Finding("bad-yaml", NAME, " ".join(str(error).split()))]
    if not isinstance(document, Mapping):
        return [Finding("no-mapping", NAME, type(document).__name__)]
    parts = Parts(members, _quiet(load), is_image)
    if "version" not in document and "html" in document:
        from submissions.codabench.check_older import older_findings

        return list(older_findings(document, parts))
    return list(_competition(document, parts))


def _quiet(load: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """The same for files within the bundle: what is no YAML is nothing."""

    def loaded(content: bytes) -> Any:
        try:
            return load(content)
        except ValueError:
            return None

    return loaded


def _competition(document: Entry, parts: Parts) -> Iterator[Finding]:
    yield from _version(document)
    yield from _top(document)
    yield from parts.image(document.get("image"), "image")
    yield from parts.page(document.get("terms"), "terms", "no-terms")
    yield from _pages(document, parts)
    tasks = list(_entries(document, "tasks"))
    phases = list(_entries(document, "phases"))
    yield from _listed(document, "tasks", tasks, "no-tasks")
    yield from _listed(document, "phases", phases, "no-phases")
    yield from _indexes(tasks, "task")
    for where, task in tasks:
        yield from _task(task, where, parts)
    yield from _solutions(document, tasks, parts)
    yield from _phases(document, phases, tasks, parts)
    yield from _leaderboards(document, tasks, parts)
    public = public_parts(document, phases) + shared_parts(document, tasks)
    yield from public_findings([task.get("reference_data") for _, task in tasks], public, parts)


def _version(document: Entry) -> Iterator[Finding]:
    if "version" not in document:
        yield Finding("no-version", "version", "nothing")
    elif str(document["version"]) != "2":
        yield Finding("version", "version", str(document["version"]))


def _top(document: Entry) -> Iterator[Finding]:
    yield from _unknown(document, "top", NAME)
    yield from _text(document, "title", "title", "no-title", "title-long", 256)
    yield from _short(document, "docker_image", "docker-long", 128)
    yield from _short(document, "reward", "reward-long", 256)
    contact = document.get("contact_email")
    if contact and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", str(contact)):
        yield Finding("contact", "contact_email", str(contact))
    if document.get("competition_type", "competition") not in ("competition", "benchmark"):
        yield Finding("competition-type", "competition_type", str(document["competition_type"]))
    if document.get("queue") and not UUID.fullmatch(str(document["queue"])):
        yield Finding("queue", "queue", str(document["queue"]))
    sheet = document.get("fact_sheet") or []
    for at, one in enumerate(sheet if isinstance(sheet, list) else [sheet]):
        if not isinstance(one, Mapping) or set(one) != FACTS:
            yield Finding("fact-sheet", f"fact_sheet {at}", str(one))


def _unknown(entry: Entry, kind: str, where: str) -> Iterator[Finding]:
    for name in entry:
        if name not in FIELDS[kind]:
            yield Finding("unknown-field", where, str(name))


def _text(entry: Entry, key: str, where: str, missing: str, long: str, most: int) -> Iterator[Finding]:
    """A text that has to be there and may have `most` characters."""
    value = entry.get(key)
    if value is None or not str(value).strip():
        yield Finding(missing, where, "nothing")
    elif len(str(value)) > most:
        yield Finding(long, where, f"{len(str(value))} characters")


def _short(entry: Entry, key: str, long: str, most: int) -> Iterator[Finding]:
    if len(str(entry.get(key) or "")) > most:
        yield Finding(long, key, f"{len(str(entry[key]))} characters")


def _entries(document: Entry, key: str) -> Iterator[tuple[str, Entry]]:
    """The entries of a list that are mappings, each with its place in words."""
    value = document.get(key)
    for at, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, Mapping):
            yield f"{key} {one.get('index', at)}", one


def _listed(document: Entry, key: str, entries: list[Any], missing: str) -> Iterator[Finding]:
    value = document.get(key)
    if not isinstance(value, list) or not value:
        yield Finding(missing, key, "nothing" if not value else type(value).__name__)
    elif len(value) > len(entries):
        yield Finding("no-entry", key, next(str(one) for one in value if not isinstance(one, Mapping)))


def _indexes(entries: list[tuple[str, Entry]], kind: str) -> Iterator[Finding]:
    seen = set()
    for where, entry in entries:
        yield from _unknown(entry, kind, where)
        if "index" not in entry:
            yield Finding("no-index", where, "nothing")
        elif str(entry["index"]) in seen:
            yield Finding("index-twice", where, str(entry["index"]))
        seen.add(str(entry.get("index")))


def _pages(document: Entry, parts: Parts) -> Iterator[Finding]:
    if not isinstance(document.get("pages"), list):
        yield Finding("no-pages", "pages", "nothing")
        return
    for at, page in enumerate(document["pages"]):
        where = f"pages {at}"
        if not isinstance(page, Mapping) or not page.get("title"):
            yield Finding("page", where, str(page))
        else:
            yield from parts.page(page.get("file"), where, "page")


def _task(task: Entry, where: str, parts: Parts) -> Iterator[Finding]:
    if task.get("key"):
        if not UUID.fullmatch(str(task["key"])):
            yield Finding("task-key", where, str(task["key"]))
        return
    if not task.get("name") or not task.get("scoring_program"):
        yield Finding("task-program", where, ", ".join(map(str, task)))
    if len(str(task.get("name") or "")) > 256:
        yield Finding("task-name-long", where, f"{len(str(task['name']))} characters")
    for key in ("scoring_program", "ingestion_program"):
        if task.get(key):
            yield from parts.program(task[key], f"{where} {key}")
    if not task.get("reference_data"):
        yield Finding("no-reference", where, "nothing")
    for key in ("reference_data", "input_data"):
        if task.get(key):
            yield from parts.data(task[key], f"{where} {key}")


def _solutions(document: Entry, tasks: list[tuple[str, Entry]], parts: Parts) -> Iterator[Finding]:
    known = {str(task.get("index")) for _, task in tasks}
    for where, one in _entries(document, "solutions"):
        path = one.get("path")
        if "index" not in one or not isinstance(one.get("tasks"), list) or not (path or one.get("key")):
            yield Finding("solution", where, ", ".join(map(str, one)))
        if isinstance(path, str) and leaves(path):
            yield Finding("path", where, path)
        named = one.get("tasks")
        for index in named if isinstance(named, list) else ():
            if str(index) not in known:
                yield Finding("solution-task", where, str(index))


def _phases(
    document: Entry, phases: list[tuple[str, Entry]], tasks: list[tuple[str, Entry]], parts: Parts
) -> Iterator[Finding]:
    ordered = sorted(phases, key=lambda one: _number(one[1].get("index", 0)))
    for where, phase in ordered:
        yield from _unknown(phase, "phase", where)
        yield from _text(phase, "name", where, "phase-name", "phase-name-long", 256)
        yield from _phase_tasks(phase, where, tasks)
        yield from _phase_dates(phase, where)
        yield from _phase_numbers(phase, where, detailed=bool(document.get("enable_detailed_results")))
        for key in ("starting_kit", "public_data"):
            if phase.get(key):
                yield from parts.data(phase[key], f"{where} {key}")
    yield from window_findings([(where, one.get("start"), one.get("end")) for where, one in ordered])
    yield from _migrations(ordered, tasks, parts)


def _phase_tasks(phase: Entry, where: str, tasks: list[tuple[str, Entry]]) -> Iterator[Finding]:
    named = phase.get("tasks")
    if not isinstance(named, list):
        yield Finding("phase-tasks", where, "nothing")
        return
    if not named:
        yield Finding("phase-no-task", where, "[]")
    known = {str(task.get("index")) for _, task in tasks}
    for index in named:
        if str(index) not in known:
            yield Finding("phase-task", where, str(index))


def _phase_dates(phase: Entry, where: str) -> Iterator[Finding]:
    if phase.get("start") is None:
        yield Finding("no-start", where, "nothing")
    for key in ("start", "end"):
        if phase.get(key) is not None:
            yield from date_findings(phase[key], f"{where} {key}")


def _phase_numbers(phase: Entry, where: str, *, detailed: bool) -> Iterator[Finding]:
    for key in ("max_submissions_per_day", "max_submissions", "execution_time_limit"):
        value = phase.get(key)
        if value is not None and (isinstance(value, bool) or not re.fullmatch(r"\d+", str(value))):
            yield Finding("count", f"{where} {key}", str(value))
    limit = _number(phase.get("execution_time_limit", 600))
    if detailed and 0 < limit < 6:
        yield Finding("time-short", where, f"{limit} seconds")
    if limit > 600:
        yield Finding("time-long", where, f"{limit} seconds")


def _number(value: Any) -> int:
    return int(value) if re.fullmatch(r"\d+", str(value)) else 0


def _migrations(
    ordered: list[tuple[str, Entry]], tasks: list[tuple[str, Entry]], parts: Parts
) -> Iterator[Finding]:
    references = {str(task.get("index")): task.get("reference_data") for _, task in tasks}
    for at, (where, phase) in enumerate(ordered):
        if not phase.get("auto_migrate_to_this_phase"):
            continue
        if at == 0:
            yield Finding("migrate-first", where, "auto_migrate_to_this_phase: true")
            continue
        before, after = (_reference(one, references) for one in (ordered[at - 1][1], phase))
        if before != after:
            lines = [str(parts.lines_of(one)) for one in (before, after)]
            yield Finding(
                "migrate-length", where, f"{before} of {lines[0]} lines, {after} of {lines[1]} lines"
            )


def _reference(phase: Entry, references: Mapping[str, Any]) -> Any:
    named = phase.get("tasks")
    return references.get(str(named[0])) if isinstance(named, list) and named else None


def _leaderboards(document: Entry, tasks: list[tuple[str, Entry]], parts: Parts) -> Iterator[Finding]:
    boards = list(_entries(document, "leaderboards"))
    yield from _listed(document, "leaderboards", boards, "no-leaderboards")
    if len(boards) > 1:
        yield Finding("more-leaderboards", "leaderboards", f"{len(boards)} leaderboards")
    for where, board in boards[:1]:
        yield from _unknown(board, "leaderboard", where)
        yield from _text(board, "title", where, "board-title", "board-title", 64)
        yield from _text(board, "key", where, "board-key", "board-key", 36)
        if board.get("submission_rule", "Add") not in RULES_OF_BOARDS:
            yield Finding("submission-rule", where, str(board["submission_rule"]))
        columns = list(_entries(board, "columns"))
        yield from _listed(board, "columns", columns, "no-columns")
        primary = board.get("primary_index", 0)
        if columns and str(primary) not in {str(column.get("index")) for _, column in columns}:
            yield Finding("primary-index", where, str(primary))
        yield from _columns(columns)
        yield from written_findings([column for _, column in columns], tasks, parts)


def _columns(columns: list[tuple[str, Entry]]) -> Iterator[Finding]:
    yield from _indexes(columns, "column")
    known, seen = {str(column.get("index")) for _, column in columns}, set()
    for where, column in columns:
        yield from _text(column, "key", where, "column-key", "column-key", 36)
        yield from _text(column, "title", where, "column-title", "column-title", 36)
        if str(column.get("key")) in seen:
            yield Finding("key-twice", where, str(column["key"]))
        seen.add(str(column.get("key")))
        if column.get("sorting", "desc") not in ("desc", "asc"):
            yield Finding("sorting", where, str(column["sorting"]))
        if not re.fullmatch(r"\d+", str(column.get("precision", 2))):
            yield Finding("count", f"{where} precision", str(column["precision"]))
        yield from _computation(column, where, known)


def _computation(column: Entry, where: str, known: set[str]) -> Iterator[Finding]:
    if column.get("computation") is None:
        return
    if column["computation"] not in ("avg", "sum", "min", "max"):
        yield Finding("computation", where, str(column["computation"]))
    indexes = column.get("computation_indexes")
    named = [str(one) for one in indexes] if isinstance(indexes, list) else []
    if not named:
        yield Finding("computation-none", where, str(indexes))
    if str(column.get("index")) in named:
        yield Finding("computation-self", where, ", ".join(named))
    if unknown := [one for one in named if one not in known]:
        yield Finding("computation-unknown", where, ", ".join(unknown))


def written_findings(columns: list[Entry], tasks: list[tuple[str, Entry]], parts: Parts) -> Iterator[Finding]:
    """Columns that a scoring program in the bundle writes and should not, or never names.

    Keys that a program puts together are not seen, so a program that names none of them is not judged.
    """
    for where, task in tasks:
        text = parts.text_of(task.get("scoring_program"))
        named = {str(one.get("key")) for one in columns if _says(text, str(one.get("key")))}
        for one in columns if named else ():
            key, computed = str(one.get("key")), one.get("computation") is not None
            if computed and key in named:
                yield Finding("computed-written", f"{where} scoring_program", key)
            if not computed and key not in named:
                yield Finding("unwritten", f"{where} scoring_program", key)


def _says(text: str, key: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", text) is not None
