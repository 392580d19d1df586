"""What Codabench refuses in a bundle, and what it takes without a word and should not: one rule a mistake.

`platform` is what the platform itself says or does (version 1.25); words in quotes are its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

REFUSED, SILENT, NOTE = "refused", "taken silently", "harmless"
REFUSES = "The bundle is refused."
UNUSABLE = "The bundle is refused: a required field."


@dataclass(frozen=True, slots=True)
class Rule:
    """A mistake: what it is, what the platform makes of it, and how to mend it."""

    what: str
    platform: str
    mend: str
    kind: str = REFUSED


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake in this bundle: `where` it is, and what was `found` there."""

    rule: str
    where: str
    found: str

    @property
    def facts(self) -> Rule:
        return RULES[self.rule]

    def to_json(self) -> dict[str, Any]:
        return {"rule": self.rule, "where": self.where, "found": self.found, **asdict(self.facts)}


RULES: Mapping[str, Rule] = {
    "no-yaml": Rule(
        "no competition.yaml at the top of the zip",
        "The bundle is refused; a file in a folder, or called competition.yml, is not looked for.",
        "Zip the files themselves, not the folder around them.",
    ),
    "bad-yaml": Rule("no valid YAML", "The bundle is refused with the parser's words.", "Mend the line."),
    "no-mapping": Rule("no list of fields", REFUSES, "Write `field: value` lines."),
    "no-version": Rule(
        "no version",
        "The bundle is read as one of CodaLab 1.5, and its fields are missed.",
        "Add `version: 2`.",
    ),
    "version": Rule("an unknown version", REFUSES, "Write `version: 2`."),
    "no-title": Rule("no title", UNUSABLE, "Add `title`."),
    "title-long": Rule("a title of over 256 characters", REFUSES, "Shorten it."),
    "no-image": Rule("no image", UNUSABLE, "Add `image: logo.png` and the file."),
    "not-an-image": Rule(
        "an image that is none", "The bundle is refused while the picture is read.", "Use a PNG or JPEG."
    ),
    "no-terms": Rule("no terms", UNUSABLE, "Add `terms: terms.md` and the file."),
    "no-pages": Rule("no pages", "\"'NoneType' object is not iterable\"", "Add `pages`, or `pages: []`."),
    "page": Rule("a page without title or file", UNUSABLE, "Write `{title: …, file: …}`."),
    "no-file": Rule("a file that is not in the zip", REFUSES, "Add it or mend the path."),
    "empty-file": Rule("an empty file", REFUSES, "Write something."),
    "not-utf8": Rule("a page that is not UTF-8", "The bundle is refused while it is read.", "Save as UTF-8."),
    "path": Rule(
        "a path that leaves the bundle",
        "It is taken: the path is not checked.",
        "Name files below the bundle.",
        SILENT,
    ),
    "folder": Rule(
        "a folder in place of a zip",
        "It is packed into a place that other bundles share, and may be mixed up with theirs.",
        "Put a flat zip into the bundle.",
        SILENT,
    ),
    "no-tasks": Rule("no tasks", UNUSABLE, "Add `tasks`."),
    "no-phases": Rule("no phases", UNUSABLE, "Add `phases`."),
    "no-leaderboards": Rule("no leaderboards", UNUSABLE, "Add `leaderboards`."),
    "no-entry": Rule("an entry that is no list of fields", REFUSES, "Write `field: value` lines."),
    "docker-long": Rule("a docker_image of over 128 characters", REFUSES, "Use a shorter name."),
    "contact": Rule("a contact_email that is none", REFUSES, "Write name@example.org."),
    "reward-long": Rule("a reward of over 256 characters", REFUSES, "Shorten it."),
    "competition-type": Rule(
        "an unknown competition_type", REFUSES, "Write competition or benchmark, or leave it out."
    ),
    "queue": Rule("a queue that is no UUID", REFUSES, "Give the queue's vhost UUID."),
    "fact-sheet": Rule(
        "a fact_sheet entry with other fields",
        REFUSES,
        "Give exactly key, type, title, selection, is_required, is_on_leaderboard.",
    ),
    "no-index": Rule("no index", REFUSES, "Number the entries from 0."),
    "index-twice": Rule("the same index twice", REFUSES, "Number the entries from 0."),
    "task-program": Rule(
        "a task with neither key nor name and scoring_program", UNUSABLE, "Add name and scoring_program."
    ),
    "task-key": Rule("a task key that is no UUID", REFUSES, "Give the task's UUID."),
    "task-name-long": Rule("a task name of over 256 characters", REFUSES, "Shorten it."),
    "program-zip": Rule(
        "a scoring program that is no zip",
        'Every submission fails after minutes: "Bad or empty zip file".',
        "Zip metadata.yaml and the program.",
        SILENT,
    ),
    "program-metadata": Rule(
        "a program without metadata.yaml at the top of its zip",
        'Every submission fails: "Could not find scores file, did the scoring program output it?"',
        "Zip the files themselves, with metadata.yaml among them.",
        SILENT,
    ),
    "program-command": Rule(
        "a metadata.yaml without command",
        "Nothing is run, and every submission fails.",
        "Add `command: python3 $program/score.py $input $output`.",
        SILENT,
    ),
    "program-shell": Rule(
        "a command for a shell",
        "There is no shell: &&, |, > and $HOME reach the program as words.",
        "Call one program; do the rest in it.",
        SILENT,
    ),
    "program-missing": Rule(
        "a command that calls a file that is not in the zip",
        'Every submission fails: "Child task failed or non-zero return code".',
        "Add the file or mend the command.",
        SILENT,
    ),
    "no-reference": Rule(
        "a task without reference data",
        "Scoring starts without a truth, and each submission fails in its own way.",
        "Add reference_data, a flat zip.",
        SILENT,
    ),
    "truth-public": Rule(
        "the truth where participants can read it",
        "It is taken, and whoever takes part can download the labels.",
        "Keep the reference data out of pages, starting kits and public data.",
        SILENT,
    ),
    "data-zip": Rule(
        "data that are no zip, or an empty one",
        'Every submission fails after minutes: "Bad or empty zip file".',
        "Put a flat zip into the bundle.",
        SILENT,
    ),
    "solution": Rule("a solution without index, tasks or path", UNUSABLE, "Give all three."),
    "solution-task": Rule("a solution of an unknown task", "\"'key'\"", "Name an index of tasks."),
    "phase-tasks": Rule("a phase without tasks", UNUSABLE, "Add `tasks: [0]`."),
    "phase-no-task": Rule(
        "a phase with an empty list of tasks",
        "It is taken, and submissions to it are never scored.",
        "Name a task.",
        SILENT,
    ),
    "phase-task": Rule("a phase of an unknown task", "The message is just the number.", "Mend it."),
    "phase-name": Rule("a phase without a name", UNUSABLE, "Add `name`."),
    "phase-name-long": Rule("a phase name of over 256 characters", REFUSES, "Shorten it."),
    "no-start": Rule("a phase without start", "A Python TypeError.", 'Add `start: "2026-01-31 00:00:00"`.'),
    "bad-date": Rule("a date that cannot be read", REFUSES, 'Write "2026-01-31 00:00:00".'),
    "unquoted-date": Rule(
        "a date without quotes",
        "It loses its time of day: the phase begins or ends at midnight UTC.",
        'Put it into quotes: "2026-01-31 13:30:00".',
        SILENT,
    ),
    "date-offset": Rule(
        "a date with a time zone",
        "The zone is dropped, not converted: 13:30+05:30 becomes 13:30 UTC.",
        "Write the time in UTC without a zone.",
        SILENT,
    ),
    "date-order": Rule(
        "a date whose month may be taken for its day",
        "The month is read first: 02/03/2026 is 3 February.",
        'Write "2026-01-31 00:00:00".',
        SILENT,
    ),
    "no-end": Rule("a phase without end that is not the last", REFUSES, "Add `end`."),
    "dates-touch": Rule(
        "a phase that ends when the next starts", '"Phases dates conflict"', "Leave a second between them."
    ),
    "dates-overlap": Rule(
        "a phase that ends after the next starts", '"Phases dates conflict"', "End it a second before."
    ),
    "end-before-start": Rule(
        "a phase that ends before it starts", "It is taken, and is over at once.", "Mend the dates.", SILENT
    ),
    "migrate-first": Rule("migration to the first phase", REFUSES, "Leave auto_migrate_to_this_phase out."),
    "migrate-length": Rule(
        "migration between phases with different reference data",
        "Submissions of the one phase are handed in to the other by themselves, and fail there.",
        "Leave auto_migrate_to_this_phase out.",
        SILENT,
    ),
    "count": Rule("a number that is none", REFUSES, "Write a whole number, 0 or more."),
    "time-short": Rule(
        "a time limit under 6 seconds with detailed results",
        "The worker itself takes 5 seconds then: every submission fails.",
        "Allow a minute or more.",
        SILENT,
    ),
    "time-long": Rule(
        "a time limit over 600 seconds",
        "The default queue stops at 600 seconds.",
        "Stay within 600, or use a queue of your own.",
        SILENT,
    ),
    "more-leaderboards": Rule(
        "more than one leaderboard", "Only the first is used, for all phases.", "Keep one.", SILENT
    ),
    "board-title": Rule("a leaderboard without title, or of over 64 characters", REFUSES, "Mend the title."),
    "board-key": Rule("a leaderboard without key, or of over 36 characters", REFUSES, "Mend the key."),
    "no-columns": Rule("a leaderboard without columns", UNUSABLE, "Add `columns`."),
    "submission-rule": Rule(
        "an unknown submission_rule",
        REFUSES,
        "Add, Add_And_Delete, Add_And_Delete_Multiple, Force_Last, Force_Latest_Multiple or Force_Best.",
    ),
    "primary-index": Rule(
        "a primary_index without a column", "It is taken, and the leaderboard breaks.", "Mend it.", SILENT
    ),
    "column-key": Rule("a column without key, or of over 36 characters", REFUSES, "Mend the key."),
    "key-twice": Rule("the same column key twice", REFUSES, "Give each its own key."),
    "column-title": Rule("a column without title, or of over 36 characters", REFUSES, "Mend the title."),
    "sorting": Rule("an unknown sorting", REFUSES, "Write asc or desc."),
    "computation": Rule("an unknown computation", REFUSES, "Write avg, sum, min or max."),
    "computation-none": Rule("a computation of no columns", REFUSES, "Add computation_indexes."),
    "computation-self": Rule("a column computed from itself", REFUSES, "Leave it out."),
    "computation-unknown": Rule("a computation of unknown columns", REFUSES, "Mend the indexes."),
    "computed-written": Rule(
        "a computed column that the scoring program writes too",
        "Each submission gets two values for it, then the server fails and it stays off the leaderboard.",
        "Leave the key out of the program or computation out of the column.",
        SILENT,
    ),
    "unwritten": Rule(
        "a column that the scoring program never names",
        "It stays empty; an empty primary column ranks first.",
        "Write the key in the program or drop the column.",
        SILENT,
    ),
    "unknown-field": Rule(
        "a field that nothing reads", "It is ignored.", "Look for a slip in its name.", NOTE
    ),
    "old-html": Rule("no html with a page `terms`", UNUSABLE, "Add overview, evaluation, terms and data."),
    "old-end": Rule(
        "a phase of CodaLab 1.5 that ends before it starts",
        "A phase there ends a day before the next starts: this one is over at once.",
        "Start the next over a day later, or use version 2.",
        SILENT,
    ),
    "old-form": Rule(
        "phases or leaderboard not in the form of CodaLab 1.5",
        REFUSES,
        "Compare the documentation.",
    ),
}
