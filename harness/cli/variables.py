"""Options from the environment: ``--seed`` reads `HARNESS_SEED`, and before it `HARNESS_SUBMIT_SEED`.

A command that changes a server takes from the short names only where things lie: a variable that was set
for something else must not change a phase. What means something else in one command has its long name alone
there.
"""

from __future__ import annotations

import difflib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping

import click
from click.core import ParameterSource

PREFIX = "HARNESS_"

ELSEWHERE = {
    "HARNESS_CACHE": "the folder for what can be made again",
    "HARNESS_SERVER_SETTINGS": "what `harness serve` hands to its processes",
}
"""Variables that are read, and by no option."""

_TESTS = frozenset(
    f"{PREFIX}{name}"
    for name in ("MALFORMED", "EXAMPLES", "CRASHES", "CRASH_UPLOADS", "CRASH_SEED", "CHROMIUM", "AXE")
)
"""What this project's own tests read; newer ones begin with `HARNESS_TEST_`."""

SECRET = frozenset({"token", "database"})
"""Options whose values are shown to nobody."""

_SERVER = frozenset({"serve", "phase", "submission", "team", "token", "backup", "restore"})
_PLACES = frozenset({"json", "data-dir", "database", "truth"})
_ALONE = frozenset({("ensemble", "weights")})


def give_variables(command: click.Command, path: tuple[str, ...]) -> click.Command:
    """Let every option of a command, or of the commands of a group, read its variables and say so."""
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            give_variables(one, (*path, name))
        return command
    if command.epilog is None:
        command.epilog = f"{_variable(*path, '<OPTION>')} goes before {PREFIX}<OPTION>."
        for option in _options(command):
            names = variables_of(path, _flag(option))
            option.envvar = list(names)
            option.help = f"{option.help or ''}  [env: {names[-1]}]".strip()
    return command


def variables_of(path: tuple[str, ...], flag: str) -> tuple[str, ...]:
    """The variables of an option, the one that goes first in front."""
    shared = flag in _PLACES if path[0] in _SERVER else (path[0], flag) not in _ALONE
    return (_variable(*path, flag), *([_variable(flag)] if shared else []))


def readers(commands: Mapping[str, click.Command]) -> dict[str, list[str]]:
    """Every variable that an option reads, with those who read it: ``submit --seed``."""
    found = defaultdict(list)
    for path, option in _all_options(commands, ()):
        for name in variables_of(path, _flag(option)):
            found[name].append(f"{' '.join(path)} --{_flag(option)}")
    return found


def unknown(names: Mapping[str, object], known: Mapping[str, object]) -> dict[str, list[str]]:
    """The variables with our prefix that nothing reads, each with known ones that are spelt alike."""
    read = {*known, *ELSEWHERE}
    strange = (
        name
        for name in sorted(names)
        if name.startswith(PREFIX) and name not in {*read, *_TESTS} and not name.startswith(f"{PREFIX}TEST_")
    )
    words = sorted(name.removeprefix(PREFIX) for name in read)
    return {
        name: [PREFIX + word for word in difflib.get_close_matches(name.removeprefix(PREFIX), words, n=1)]
        for name in strange
    }


def told(name: str, near: list[str]) -> str:
    """One unknown variable in words."""
    meant = f" Did you mean {' or '.join(near)}?" if near else " `harness COMMAND --help` names them."
    return f"nothing reads the variable {name}.{meant}"


def source_of(wrong: click.ClickException) -> str:
    """The variable that a refused value comes from; an empty text where it was typed."""
    option = wrong.param if isinstance(wrong, click.BadParameter) else None
    if not isinstance(wrong, click.BadParameter) or wrong.ctx is None or option is None or not option.name:
        return ""
    if wrong.ctx.get_parameter_source(option.name) is not ParameterSource.ENVIRONMENT:
        return ""
    names = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    return next((name for name in names if os.environ.get(name)), "")


def _all_options(
    commands: Mapping[str, click.Command], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Option]]:
    for name, command in commands.items():
        path = (*above, name)
        if isinstance(command, click.Group):
            yield from _all_options(command.commands, path)
        else:
            yield from ((path, option) for option in _options(command))


def _options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option)]


def _flag(option: click.Option) -> str:
    return max(option.opts, key=len).lstrip("-")


def _variable(*words: str) -> str:
    return PREFIX + "_".join(words).upper().replace("-", "_")
