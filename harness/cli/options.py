"""Options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageWrong

if TYPE_CHECKING:
    from harness.reports.known_truth import Asked

PATH = click.Path(path_type=Path, readable=False)
"""Any path: what cannot be read is told where it is read, as a matter of data."""

SEED = click.IntRange(0, 2**32 - 1)
"""What scikit-learn takes as a seed, the narrowest of all that are given one."""


class Share(click.FloatRange):
    """A number in a range; click takes ``nan`` for one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is no number.", param, ctx)
        return number


JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")

DATA = click.option(
    "--data",
    "data_root",
    type=PATH,
    default=Path("data"),
    show_default=True,
    help="Folder of the C-NMC files, in any of the published layouts.",
)

RUNS = click.option(
    "--runs",
    "runs_root",
    type=PATH,
    default=Path("runs"),
    show_default=True,
    help="Folder that holds the runs.",
)

SCORES = click.option(
    "--scores",
    "scale",
    type=click.Choice(("probability", "percent", "logit")),
    help="What the numbers of a score column are, where they could be more than one thing.",
)

ACCEPT_RESAVED = click.option(
    "--accept-resaved",
    is_flag=True,
    help="Take images that were saved again though nobody knows their published pixels; marked everywhere.",
)

TRUTH = click.option(
    "--truth",
    "truth_file",
    type=PATH,
    required=True,
    help="Published label file, or a table cell,label[,subject].",
)

SHARED_CELLS = click.option(
    "--shared-cells",
    type=click.Choice(["drop-subjects", "drop-cells", "keep"]),
    default="drop-subjects",
    show_default=True,
    help="What happens to training subjects that share cells with the test side.",
)

KNOWN_TRUTH = click.option(
    "--truth",
    "truth_file",
    type=PATH,
    help="Published label file, or a table cell,label[,subject]; not needed where the labels are known.",
)


def split_option(*more: str) -> Callable[[Any], Any]:
    """``--split`` for commands that judge: whose known labels are meant where no label file is named."""
    return click.option(
        "--split",
        "--phase",
        "split",
        type=click.Choice(("prelim", "final", "fold0", "fold1", "fold2", *more)),
        help="Whose labels are meant where no --truth is given; run folders say it themselves.",
    )


def asked_truth(truth_file: Path | None, split: str | None, data_root: Path, *, trust_labels: bool) -> Asked:
    """Where labels come from: what was typed goes before what a variable says, a file before a split."""
    from harness.reports.known_truth import Asked

    if truth_file is not None and split is not None:
        typed = {name for name in ("truth_file", "split") if _is_typed(name)}
        if len(typed) == 2:
            raise UsageWrong(
                "--truth and --split both say whose labels are meant", "Leave one of the two out."
            )
        truth_file, split = (None, split) if typed == {"split"} else (truth_file, None)
    return Asked(truth_file, split, data_root, trust_labels)


def _is_typed(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


TRUST_LABELS = click.option(
    "--trust-labels",
    is_flag=True,
    envvar="HARNESS_TRUST_LABELS",
    help="Take labels of a published file although the class in its file names is another.",
)

SERVER_DATA = click.option(
    "--data-dir",
    type=PATH,
    default=Path("server-data"),
    show_default=True,
    help="Folder that holds the server's database and submissions.",
)

DATABASE = click.option(
    "--database",
    help="Database URL (postgresql://…); SQLite in the data folder when left out.",
)

TOKEN_FILE = click.option(
    "--token-file",
    type=PATH,
    help="File of mode 600 with your Codabench token; else CODABENCH_TOKEN, else you are asked.",
)

SITE_OPTION = click.option("--site", help="Address of another Codabench than the public one.")


def typed_token() -> str:
    """The token as it is typed, without being shown; asked for at a terminal only."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageWrong(
            "expected Codabench's token, found none, and there is no terminal to ask at",
            "Set CODABENCH_TOKEN, or name a file of mode 600 with --token-file.",
        )
    return str(click.prompt("Codabench token", hide_input=True, err=True))
