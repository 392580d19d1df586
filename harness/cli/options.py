"""Options that several commands share, each read from its HARNESS_… variable too."""

from __future__ import annotations

from pathlib import Path

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")

DATA = click.option(
    "--data",
    "data_root",
    type=click.Path(path_type=Path),
    envvar="HARNESS_DATA",
    default=Path("data"),
    show_default=True,
    help="Folder of the C-NMC files, in any of the published layouts.",
)

RUNS = click.option(
    "--runs",
    "runs_root",
    type=click.Path(path_type=Path),
    envvar="HARNESS_RUNS",
    default=Path("runs"),
    show_default=True,
    help="Folder that holds the runs.",
)

TRUTH = click.option(
    "--truth",
    "truth_file",
    type=click.Path(path_type=Path),
    envvar="HARNESS_TRUTH",
    required=True,
    help="Published label file, or a table cell,label[,subject].",
)

SERVER_DATA = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="HARNESS_DATA_DIR",
    default=Path("server-data"),
    show_default=True,
    help="Folder that holds the server's database and submissions.",
)

DATABASE = click.option(
    "--database",
    envvar="HARNESS_DATABASE",
    help="Database URL (postgresql://…); SQLite in the data folder when left out.",
)
