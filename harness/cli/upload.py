"""`harness upload`: hand in what was made elsewhere, a zip or a table, to our server or to Codabench."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import click

from harness.cli.check import CELLS
from harness.cli.options import JSON, PATH, SCORES, SITE_OPTION, TOKEN_FILE, typed_token
from harness.errors import Refused, UsageWrong


@click.command()
@click.argument("submission", metavar="FILE", type=PATH)
@click.option("--server", help="Address of an evaluation server of ours.")
@click.option("--competition", type=click.IntRange(1), help="Number of a competition on Codabench.")
@click.option("--phase", "phase_name", required=True, help="Name of the phase there.")
@click.option("--entry", help="What the entry is called on the board (with --server).")
@click.option(
    "--token", envvar="HARNESS_TOKEN", help="The team's token (with --server; Codabench's is not typed)."
)
@click.option("--team", help="The team's name, on an open loopback server.")
@click.option("--accept-terms", is_flag=True, help="Accept the phase's terms for the team (with --server).")
@click.option("--wait", is_flag=True, help="Wait for the scores (with --competition).")
@TOKEN_FILE
@SITE_OPTION
@click.option("--force", is_flag=True, help="Upload to Codabench what `harness check` would refuse.")
@CELLS
@SCORES
@JSON
def upload(submission: Path, phase_name: str, as_json: bool, **given: Any) -> None:
    """Hand in FILE, a submission zip or a table of predictions, to our server or to Codabench.

    With --server: a table is read by the server as `harness score` reads it, the scores that `harness pack`
    kept beside a zip go with it, and the verdict is waited for.

    With --competition: a table is packed first, a zip is checked first, the site is asked whether it takes a
    submission, and with --wait the scores are shown, or the end of the log of what failed.
    """
    if bool(given["server"]) == bool(given["competition"]):
        raise UsageWrong("expected one of --server URL and --competition ID", "Say where FILE goes.")
    if given["server"]:
        _to_server(submission, phase_name, given, as_json)
    else:
        _to_codabench(submission, phase_name, given, as_json)


def _to_server(submission: Path, phase_name: str, given: dict[str, Any], as_json: bool) -> None:
    from harness import console
    from harness.upload.server import Server, accepting_terms, files_of, hand_in

    if not given["entry"]:
        raise UsageWrong("expected --entry NAME", "Say what the entry is called on the board.")
    named = {"entry": given["entry"], "team": given["team"], "scores_as": given["scale"]}
    fields = {key: value for key, value in named.items() if value}
    server = Server(given["server"], given["token"])
    if given["accept_terms"]:
        fields |= accepting_terms(server, phase_name, console.say)
    found = hand_in(server, phase_name, files_of(submission), fields)
    if as_json:
        console.emit(found)
    else:
        _show(found, given["server"])


def _to_codabench(submission: Path, phase_name: str, given: dict[str, Any], as_json: bool) -> None:
    from harness import console
    from harness.upload.codabench import SITE, Site, hand_in, place_of, verdict_of
    from harness.upload.token import token_of

    _require_unsaid_token()
    with _zip_of(submission, phase_name, given) as packed:
        site = Site(given["site"] or SITE, token_of(given["token_file"], typed_token))
        place = place_of(site, given["competition"], phase_name)
        with console.progress("Uploading", packed.stat().st_size) as advance:
            number = hand_in(site, place, packed, advance)
    found: dict[str, Any] = {"submission": number, "status": "Submitted"}
    if given["wait"]:
        found = verdict_of(site, number, console.say)
    if as_json:
        console.emit({"competition": given["competition"], "phase": place.name, **found})
        return
    console.result(f"Submission {number} to {place.name}: {found['status']}")
    for key, value in found.get("scores", {}).items():
        console.result(f"  {key} {value:.4f}")


def _require_unsaid_token() -> None:
    """A token on the command line is in the list of processes and in the shell's history."""
    source = click.get_current_context().get_parameter_source("token")
    if source is click.core.ParameterSource.COMMANDLINE:
        hint = "Set CODABENCH_TOKEN, or name a file of mode 600 with --token-file."
        raise UsageWrong("Codabench's token is not taken from the command line", hint)


@contextmanager
def _zip_of(submission: Path, phase_name: str, given: dict[str, Any]) -> Iterator[Path]:
    """The zip to send: the file itself, checked, or what a table packs to."""
    from harness.cli.check import asked_phase
    from submissions.checking import check
    from submissions.packing import pack
    from submissions.parts import is_zip
    from submissions.phases import OFFICIAL
    from submissions.tables import reading_of_table

    own = given["cells_file"] is not None or phase_name in OFFICIAL
    phase = asked_phase(phase_name, given["cells_file"]) if own else None
    if is_zip(submission):
        report = check(submission, phase)
        if not report.accepted and not given["force"]:
            reasons = "; ".join(map(str, report.problems))
            hint = "Name the phase's cells with --cells CSV, or upload it all the same with --force."
            raise Refused(f"{submission} would be refused: {reasons}", hint)
        yield submission
        return
    predictions = reading_of_table(submission, phase, scale=given["scale"]).predictions
    if phase is None and predictions.phase.name not in OFFICIAL:
        hint = "Name the phase's cells in order with --cells CSV."
        raise Refused(f"{submission}: the cells are those of no official phase", hint)
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "submission.zip"
        pack(predictions, packed)
        yield packed


def _show(found: dict[str, Any], server: str) -> None:
    from harness import console

    console.result(f"{found['entry']} of {found['team']}: {_worth(found)}")
    console.result(f"  {urljoin(server, found['url'])}")
    for remark in found.get("read_as", ()):
        console.say(f"Note: {remark}.", style="yellow")
    for hint in found.get("hints", ()):
        number = f"weighted F1 would be {hint['weighted_f1']:.3f}"
        console.say(f"Hint: {hint['says']}: {number}. {hint['mend']}", style="bold yellow")


def _worth(found: dict[str, Any]) -> str:
    """The number with its interval, where the server tells one."""
    feedback, metrics = found.get("feedback", "full"), found["metrics"]
    if not metrics:
        when = "when the phase has closed" if feedback == "none" else "later"
        return f"scored; its numbers are told {when}"
    name = "weighted_f1" if "weighted_f1" in metrics else next(iter(metrics))
    low, high = found.get("intervals", {}).get(name, {}).get("interval", (None, None))
    between = "" if low is None else f", 95 % interval [{low:.3f}, {high:.3f}]"
    measured = ", measured on a tenth of the cells" if found.get("spot_checked") else ""
    value = f"{metrics[name]:.4f}" if feedback == "full" else f"{metrics[name]:.3f}"
    return f"{name.replace('_f1', ' F1').replace('_', ' ')} {value}{between}{measured}"
