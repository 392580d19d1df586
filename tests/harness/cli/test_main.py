"""The command line as a whole: help, errors, and what is not imported."""

import subprocess
import sys

import click
import pytest

from harness.cli.main import COMMANDS, _after_interruption, cli
from tests.support.command import harness, modules_after

HELP = "from harness.cli.main import cli; cli.main(['--help'], standalone_mode=False)"
LIST = "from harness.cli.main import cli; cli.main(['models'], standalone_mode=False)"


def test_help_imports_neither_torch_nor_pandas_nor_numpy():
    loaded = modules_after(HELP)
    assert not loaded & {"torch", "pandas", "numpy", "scipy", "sklearn", "rich"}


def test_listing_the_models_imports_no_torch():
    assert not modules_after(LIST) & {"torch", "torchvision", "timm"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_has_the_help_line_that_the_list_shows(name):
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.help


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--port", "0"], "The server had not started."),
        (["train", "--model", "tiny"], "The same command again goes on from what was saved."),
        (["data", "audit", "."], "The same command again goes on from what was saved."),
        (["data", "draw", "."], ""),
        (["token", "add", "--role", "host"], ""),
    ],
)
def test_what_an_interrupted_command_leaves_is_said_of_that_command(arguments, said):
    assert _after_interruption(arguments) == said


def test_a_server_that_is_ended_before_it_started_does_not_speak_of_going_on(tmp_path):
    """The signal comes when the server's modules are looked for, which is always before it has started."""
    program = (
        "import os, signal, sys\n"
        "class Ending:\n"
        "    def find_spec(self, name, *more):\n"
        "        if name == 'eval_server.web.running': os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.meta_path.insert(0, Ending())\n"
        "from harness.cli.main import main; main(['serve', '--port', '0', '--data-dir', sys.argv[1]])"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.endswith("harness: interrupted\nThe server had not started.\n")


def test_an_unknown_command_is_answered_with_a_near_one_and_exit_code_2():
    answer = harness("submitt")
    assert answer.code == 2
    assert "Did you mean submit?" in answer.err


def test_an_unknown_entry_is_answered_with_a_near_one_and_exit_code_4(tmp_path):
    answer = harness("models", "seresnxt")
    assert answer.code == 4
    assert "seresnext" in answer.err


def test_with_json_an_error_is_one_document_on_standard_output():
    answer = harness("models", "nothing-like-it", "--json")
    assert answer.code == 4
    assert answer.document()["error"]["exit_code"] == 4


def test_the_models_document_names_every_entry_and_says_which_can_be_used():
    entries = {one["name"]: one for one in harness("models", "--json").document()["entries"]}
    assert {"seresnext", "seresnext-norot", "seresnext-nospeclr", "majority", "tiny"} <= set(entries)
    fields = {"name", "origin", "available", "reason", "group", "summary", "reported"}
    assert set(entries["majority"]) == fields
    assert entries["majority"]["available"]


def test_the_doctor_explains_torch_and_torchvision_that_do_not_match():
    from packaging.specifiers import SpecifierSet

    from harness.doctor import State, torch_pairing

    finding = torch_pairing("2.13.0+cpu", "0.29.2", SpecifierSet(">=2.14.0"))
    assert finding.state is State.WRONG
    assert "operator torchvision::nms does not exist" in finding.found
    assert "pip install --force-reinstall torch torchvision timm" in finding.mend


def test_the_doctor_says_where_data_was_looked_for_and_how_to_get_it(tmp_path):
    answer = harness("doctor", "--data", tmp_path / "nowhere", "--json")
    checks = {check["name"]: check for check in answer.document()["checks"]}
    assert answer.code == 0
    assert "nowhere" in checks["data"]["found"]
    assert checks["data"]["mend"]
