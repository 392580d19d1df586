"""`harness`: finds the command, runs it, and turns errors into one clear message and an exit code."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from harness import house
from harness.cli.variables import give_variables, readers, source_of, told, unknown, variables_of

COMMANDS = {
    "demo": ("harness.cli.demo:demo", "The whole story on drawn cells, offline, in about a minute."),
    "submit": ("harness.cli.submit:submit", "Train, predict, pack, check and score in one go."),
    "train": ("harness.cli.train:train", "Fit an entry to a split."),
    "predict": (
        "harness.cli.predict:predict",
        "Predict a split, fitting the entry first where that is not done.",
    ),
    "sweep": ("harness.cli.sweep:sweep", "Many seeds of a few entries, here or on a Dask cluster."),
    "reproduce": (
        "harness.cli.reproduce:reproduce",
        "The paper's tables, figures and tests, from runs or from given predictions.",
    ),
    "pack": ("harness.cli.pack:pack", "Write a CodaLab zip from a table of predictions."),
    "check": ("harness.cli.check:check", "Say whether a zip or table would be accepted, and if not, why."),
    "score": ("harness.cli.score:score", "Judge one submission against a label file."),
    "compare": ("harness.cli.compare:compare", "The leaderboard of several entries, with exact tests."),
    "power": ("harness.cli.power:power", "How large a difference these subjects can show."),
    "upload": ("harness.cli.upload:upload", "Hand in a zip or a table that was made elsewhere."),
    "seeds": ("harness.cli.seeds:seeds", "Compare entries over many seeds, as the paper's Table 2 does."),
    "export": ("harness.cli.export:export", "A run's network as a file for timm, torch or ONNX."),
    "ensemble": ("harness.cli.ensemble:ensemble", "Join finished runs into a new one."),
    "runs": ("harness.cli.runs:runs", "List all runs and what they are worth."),
    "inspect": (
        "harness.cli.inspect:inspect",
        "Look inside a run: epochs, subjects, the most wrong cells, where its network looked.",
    ),
    "models": ("harness.cli.models:models", "List the entries, or show one entry's card."),
    "new-model": ("harness.cli.new_model:new_model", "Write a small package with an entry of your own."),
    "data": (
        "harness.cli.data:data",
        "Audit a copy of the data, write a split as a table, draw a synthetic set.",
    ),
    "serve": ("harness.cli.serve:serve", "Run the evaluation server."),
    "phase": ("harness.cli.phase:phase", "Add and change the server's phases."),
    "submission": (
        "harness.cli.submission:submission",
        "Choose, withdraw, hide, disqualify and restore submissions.",
    ),
    "team": ("harness.cli.team:team", "Rename, join and separate the server's teams."),
    "token": ("harness.cli.token:token", "Make, list and revoke the server's tokens."),
    "export-course": (
        "harness.cli.export_course:export_course",
        "Boards, teams, comparisons, pictures and uploads of a course as files.",
    ),
    "import-leaderboard": (
        "harness.cli.import_leaderboard:import_leaderboard",
        "A leaderboard of Codabench as reference rows for a board of ours.",
    ),
    "bundle": ("harness.cli.bundle:bundle", "Export the challenge for Codabench, and check bundles."),
    "backup": ("harness.cli.backup:backup", "Save the server's data while it runs."),
    "restore": ("harness.cli.backup:restore", "Bring a backup back."),
    "bench": (
        "harness.cli.bench:bench",
        "How fast this machine is, against the published way.",
    ),
    "doctor": ("harness.cli.doctor:doctor", "What is installed, what is wrong, and how to mend it."),
}
"""Every command: where it lies and its one line of help, so that `--help` imports none of them."""


NOBODY_READS = 141
"""The exit code (128 and SIGPIPE) where nobody reads the output any more, as in ``… | head``."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _ending_with_the_reader():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _ending_with_the_reader():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        loaded: click.Command = getattr(importlib.import_module(module), attribute)
        return give_variables(loaded, (cmd_name,))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=2)
            meant = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"there is no command {args[0]!r}.{meant}")
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and command is not None:
            self._tell_unknown(ctx, {name: command})
        return name, command, rest

    def _tell_unknown(self, ctx: click.Context, used: dict[str, click.Command]) -> None:
        """Name the variables that nothing reads; the other commands are loaded only where that is open."""
        if unknown(os.environ, readers(used)):
            for name, near in unknown(os.environ, readers(self.all_commands(ctx))).items():
                _tell(told(name, near), "")

    def all_commands(self, ctx: click.Context) -> dict[str, click.Command]:
        """Every command, loaded."""
        found = {name: self.get_command(ctx, name) for name in COMMANDS}
        return {name: command for name, command in found.items() if command is not None}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cnmc-harness", prog_name="harness")
def cli() -> None:
    """Is your classifier of leukemia cells better? Train, predict, pack and judge on C-NMC 2019.

    Research software, not a medical device.
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Entry point of the `harness` script."""
    _require_posix()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    house.keep_together()  # once more: an editable installation finds us behind a stranger's `harness` too
    os.environ.setdefault("PYTHONSAFEPATH", "1")  # worker processes take nothing from the working folder
    _print_any_name()
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        code = NOBODY_READS
    if code == NOBODY_READS:
        _write_to_nobody()
    sys.exit(code)


def _require_posix() -> None:
    """End at once where the locks that guard runs and servers do not exist (`docs/releasing.md`)."""
    if sys.platform == "win32":
        _tell(
            "Windows is not supported: run folders and the server's data are guarded by POSIX locks",
            "Use it in the Windows Subsystem for Linux (WSL 2), where all of it works.",
        )
        sys.exit(4)


def _run(arguments: list[str]) -> int:
    """Run the command and tell what goes wrong; returns the exit code."""
    try:
        code = cli.main(arguments, prog_name="harness", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as wrong:
        return _told_usage(wrong, as_json=_json_asked(arguments))
    except (click.Abort, KeyboardInterrupt):
        _tell("interrupted", _after_interruption(arguments))
        return 130
    except Exception as error:
        return _told(error, as_json=_json_asked(arguments))
    return code if isinstance(code, int) else 0


_GO_ON = (("submit",), ("train",), ("predict",), ("sweep",), ("reproduce",), ("data", "audit"), ("upload",))
"""The commands that save what they have done, and take it up again."""


def _after_interruption(arguments: list[str]) -> str:
    """What an interrupted command leaves; empty where that is nothing to go on from."""
    words = tuple(one for one in arguments if not one.startswith("-"))
    if words[:1] == ("serve",):
        return "The server had not started."
    goes_on = any(words[: len(one)] == one for one in _GO_ON)
    return "The same command again goes on from what was saved." if goes_on else ""


def _told_usage(wrong: click.ClickException, *, as_json: bool) -> int:
    wrong.show()
    variable = source_of(wrong)
    hint = f"The variable {variable} says so: mend or unset it." if variable else _help_of(wrong)
    if variable:
        click.echo(hint, err=True)
    if as_json:
        _emit(wrong.format_message(), hint, wrong.exit_code)
    return wrong.exit_code


def _told(error: Exception, *, as_json: bool) -> int:
    """Say what went wrong and return the exit code; what is a bug is raised again with its traceback."""
    from harness.errors import exit_code_of, fault_of_entry, words_of

    code = exit_code_of(error)
    if code is None:
        if as_json:
            _emit(f"{type(error).__name__}: {error}", "This is a bug: please report it.", 1)
        raise error
    if fault_of_entry(error):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    message, hint = words_of(error)
    _tell(message, hint)
    if as_json:
        _emit(message, hint, code)
    return code


def _emit(message: str, hint: str, code: int) -> None:
    from harness.console import emit

    emit({"error": {"message": message, "hint": hint, "exit_code": code}})


def _help_of(wrong: click.ClickException) -> str:
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    return f"Try: {context.command_path} --help" if context else ""


def _json_asked(arguments: list[str]) -> bool:
    """Whether errors are wanted as a document: by ``--json``, or as in ``HARNESS_DATA_AUDIT_JSON=1``."""
    words = [word for word in arguments if not word.startswith("-")]
    names = [name for depth in (2, 1) for name in variables_of(tuple(words[:depth]) or ("",), "json")]
    said = next((value for name in names if (value := os.environ.get(name))), "")
    return "--json" in arguments or said.strip().lower() in ("1", "true", "t", "yes", "y", "on")


def _print_any_name() -> None:
    """Let a file name that the terminal's encoding cannot say be printed with its bytes escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _ending_with_the_reader() -> Iterator[None]:
    """End with `NOBODY_READS` where the reader of a pipe has gone; click and rich would exit with 1."""
    try:
        yield
    except (BrokenPipeError, SystemExit) as end:
        if isinstance(end, SystemExit) and not isinstance(end.__context__, BrokenPipeError):
            raise
        raise click.exceptions.Exit(NOBODY_READS) from end


def _write_to_nobody() -> None:
    """Send what is still to be written nowhere, so that Python has nothing to say about it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)


def _tell(message: str, hint: str) -> None:
    click.echo(f"harness: {message}", err=True)
    if hint:
        click.echo(hint, err=True)
