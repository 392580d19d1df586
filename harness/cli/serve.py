"""`harness serve`: the evaluation server, on this machine or behind a proxy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from harness import console
from harness.cli.options import DATABASE, JSON, PATH, SERVER_DATA
from harness.errors import ServerTrouble, UsageWrong

UPLOADS_PER_MINUTE = 60
"""What a token may hand in a minute where nothing else was asked for."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 picks one.")
@SERVER_DATA
@DATABASE
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--open-browser", is_flag=True, help="Show the server in a browser.")
@click.option("--public-name", "names", multiple=True, help="Host name under which a proxy offers it.")
@click.option("--path-prefix", default="", help="Path under which a proxy offers it, such as /leaderboard.")
@click.option(
    "--access",
    type=click.Choice(["auto", "open", "tokens"]),
    default="auto",
    show_default=True,
    help="open: whoever sits at this machine hands in; tokens: who has one; auto: open on loopback only.",
)
@click.option("--uploads-per-minute", type=click.IntRange(1), help="Of one token; 60 unless access is open.")
@click.option(
    "--upload-mib", default=16, show_default=True, type=click.IntRange(1, 1024), help="Largest zip."
)
@click.option("--contact", default="", help="Whom to ask, in a line; it stands on the start page.")
@click.option("--begin-anew", is_flag=True, help="Begin with an empty database where it is lost or damaged.")
@click.option("--data", "images", type=PATH, help="C-NMC files, for thumbnails.")
@JSON
def serve(
    host: str,
    port: int,
    data_dir: Path,
    database: str | None,
    workers: int,
    open_browser: bool,
    names: tuple[str, ...],
    path_prefix: str,
    access: str,
    uploads_per_minute: int | None,
    upload_mib: int,
    contact: str,
    begin_anew: bool,
    images: Path | None,
    as_json: bool,
) -> None:
    """Run the evaluation server until it is stopped.

    On loopback it is usable at once. Any other address, and a --public-name, needs a host's token:
    make one with `harness token add --role host`.
    """
    from eval_server.service.settings import OPEN, TOKENS, Settings, SettingsUnsafe, is_loopback

    if access == "auto":
        access = OPEN if is_loopback(host) and not names else TOKENS
    if uploads_per_minute is None and access == TOKENS:
        uploads_per_minute = UPLOADS_PER_MINUTE
    try:
        settings = Settings(
            data_dir=data_dir,
            database=database,
            host=host,
            access=access,
            public_names=tuple(name.lower() for name in names),
            workers=workers,
            upload_bytes=upload_mib * 2**20,
            uploads_per_minute=uploads_per_minute,
            images=images,
            contact=contact,
            path_prefix=_prefix(path_prefix),
        )
    except SettingsUnsafe as unsafe:
        raise UsageWrong(str(unsafe), "Leave --access out: tokens are asked for there.") from unsafe
    if begin_anew:
        _begin_anew(data_dir, database)
    _run(settings, port, as_json=as_json, open_browser=open_browser)


def _prefix(text: str) -> str:
    from eval_server.service.settings import prefix_of

    try:
        return prefix_of(text)
    except ValueError as wrong:
        raise UsageWrong(f"--path-prefix: {wrong}", "Choose another path, such as /leaderboard.") from wrong


def _begin_anew(data_dir: Path, database: str | None) -> None:
    """Put a lost or damaged database aside; a sound one stays."""
    from harness.cli.hosting import store_at

    with store_at(data_dir, database, anew=True) as store:
        console.say(f"The database is sound: {store.database.name}")


def _run(settings: Any, port: int, *, as_json: bool, open_browser: bool) -> None:
    from eval_server.service.settings import SettingsUnsafe
    from eval_server.store.database import StoreUnfit
    from eval_server.web.running import ServerBusy, ServerFailed, run

    def announce(url: str) -> None:
        console.result(json.dumps({"url": url}) if as_json else url)
        if open_browser:
            import webbrowser

            webbrowser.open(url)

    try:
        run(settings, port, announce)
    except KeyboardInterrupt:
        console.say("The server has stopped.")
    except SettingsUnsafe as unsafe:
        raise UsageWrong(str(unsafe)) from unsafe
    except ServerBusy as busy:
        raise ServerTrouble(str(busy), "Stop the other one, or name another folder or port.") from busy
    except ServerFailed as failed:
        hint = "The log lines above say why; `harness doctor` names what is in the way."
        raise ServerTrouble(str(failed), hint) from failed
    except StoreUnfit as unfit:
        hint = unfit.hint or "Look at --database and at the release that wrote it."
        raise ServerTrouble(str(unfit), hint) from unfit
