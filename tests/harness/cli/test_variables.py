"""Options from the environment: what the README promises works, is told, and a slip is named."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from harness.cli.main import LazyGroup, cli
from harness.cli.variables import ELSEWHERE, readers, variables_of
from tests.support.command import harness
from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside

ROOT = Path(__file__).parents[3]


def known() -> dict[str, list[str]]:
    assert isinstance(cli, LazyGroup)
    return readers(cli.all_commands(click.Context(cli)))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_dataset(tmp_path_factory.mktemp("drawn"))


def plan(data: Path, **environment: str) -> dict:
    answer = harness_inside(
        "submit", "--dry-run", "--json", HARNESS_DATA=str(data), HARNESS_MODEL="majority", **environment
    )
    assert answer.code == 0, answer.err
    assert answer.err == ""
    return answer.document()


def test_model_split_seed_and_data_come_from_their_variables(drawn: Path) -> None:
    found = plan(drawn, HARNESS_SPLIT="fold1", HARNESS_SEED="7")
    assert (found["entry"], found["split"], found["seed"]) == ("majority", "fold1", 7)


def test_the_variable_of_the_command_goes_before_the_general_one(drawn: Path) -> None:
    assert plan(drawn, HARNESS_SEED="7", HARNESS_SUBMIT_SEED="9", HARNESS_TRAIN_SEED="11")["seed"] == 9


def test_what_is_typed_goes_before_every_variable(drawn: Path) -> None:
    answer = harness_inside(
        "submit", "--model", "majority", "--data", drawn, "--seed", 3, "--dry-run", "--json", HARNESS_SEED="7"
    )
    assert answer.document()["seed"] == 3


@pytest.mark.parametrize("command", ["submit", "ensemble", "serve", "phase add", "token add", "data draw"])
def test_the_help_names_the_variable_of_every_option(command: str) -> None:
    told = harness_inside(*command.split(), "--help").out
    options = set(re.findall(r"^  --([a-z-]+)", told, re.MULTILINE))
    shown = " ".join(told.split())
    assert len(options) > 3
    for option in options:
        assert f"[env: {variables_of(tuple(command.split()), option)[-1]}]" in shown, option


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HARNESS_FRESH", "maybe"),
        ("HARNESS_SEED", "x"),
        ("HARNESS_SPLIT", "fold9"),
        ("HARNESS_TRAIN_LIMIT", "0"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_the_name_of_its_variable(variable: str, value: str) -> None:
    answer = harness_inside("train", "--model", "majority", "--json", **{variable: value})
    assert answer.code == 2
    assert f"The variable {variable} says so" in answer.err
    assert variable in answer.document()["error"]["hint"]


def test_a_typed_value_that_cannot_be_blames_no_variable() -> None:
    answer = harness_inside("train", "--model", "majority", "--seed", "x", HARNESS_SEED="7")
    assert answer.code == 2
    assert "variable" not in answer.err


def test_a_variable_that_nothing_reads_is_named_with_one_that_is_spelt_alike(tmp_path: Path) -> None:
    answer = harness("models", "majority", "--json", HARNESS_SPILT="fold1", HARNESS_SCORE_TRUTH="known")
    assert answer.err == "harness: nothing reads the variable HARNESS_SPILT. Did you mean HARNESS_SPLIT?\n"
    assert answer.document()["name"] == "majority"


@pytest.mark.parametrize("name", ["HARNESS_CACHE", "HARNESS_RUNS", "HARNESS_CRASHES", "HARNESS_TEST_LENGTH"])
def test_variables_that_other_parts_read_are_no_strangers(name: str) -> None:
    assert harness_inside("models", "majority", **{name: "9"}).err == ""


def test_a_variable_set_for_runs_changes_no_phase_no_token_and_no_server() -> None:
    shared = {"JSON", "DATA_DIR", "DATABASE", "TRUTH"}
    for name, those in known().items():
        hosting = ("phase", "submission", "team", "token", "serve", "backup", "restore")
        changing = [one for one in those if one.split()[0] in hosting]
        if changing and len(those) > len(changing):
            assert name.removeprefix("HARNESS_") in shared, (name, those)
    assert known()["HARNESS_WEIGHTS"] == [
        f"{one} --weights" for one in ("submit", "train", "predict", "sweep", "reproduce")
    ]


def test_every_variable_that_the_program_or_its_texts_name_is_read_by_something() -> None:
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    code = [
        file
        for room in ("harness", "models", "eval_server", "submissions")
        for file in (ROOT / room).rglob("*.py")
    ]
    told = {
        name for file in [*texts, *code] for name in re.findall(r"HARNESS_[A-Z_]*[A-Z]\b", file.read_text())
    }
    assert {"HARNESS_DATA", "HARNESS_CACHE", "HARNESS_SEED"} <= told
    of_the_program = {name for name in told if not name.startswith("HARNESS_TEST_")}
    assert of_the_program - known().keys() - ELSEWHERE.keys() == set()
