"""`--weights` on the command line: tried before any work, also by a dry run, and named in the plan."""

import json

import pytest
import torch
from safetensors.torch import save_file

from tests.models.finetune.weight_kinds import shapes, state, with_average
from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside

pytestmark = pytest.mark.training

QUICK = ("--set", "epochs=1", "--set", "views=1", "--set", "side=32", "--limit", 8)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_dataset(tmp_path_factory.mktemp("drawn") / "data", cells=24)


@pytest.fixture
def submit(drawn, tmp_path):
    def submitted(model, *options):
        where = ("--data", drawn, "--runs", tmp_path / "runs")
        return harness_inside("submit", "--model", model, *where, *options, HARNESS_CACHE=str(tmp_path))

    return submitted


@pytest.mark.parametrize("model", ["tiny", "majority"])
def test_weights_for_an_entry_that_uses_none_are_a_fault_of_usage(submit, model):
    answer = submit(model, "--weights", "nowhere.pth", "--dry-run")
    assert answer.code == 2
    assert f"{model} uses no pre-trained weights" in answer.err


def test_a_dry_run_refuses_weights_of_another_network(submit, tmp_path):
    torch.save(shapes("resnet34"), tmp_path / "w.pth")
    answer = submit("timm:resnet18", "--weights", tmp_path / "w.pth", "--dry-run")
    assert answer.code == 4
    assert "does not fit resnet18" in answer.err
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_refuses_settings_that_the_network_cannot_follow(submit):
    answer = submit("alexnet", "--set", "side=20", "--weights", "none", "--dry-run")
    assert answer.code == 2
    assert "does not take images of side 20" in answer.err


def test_another_part_of_a_file_is_another_run(submit, tmp_path):
    torch.save(with_average(), tmp_path / "w.pth")
    plans = [
        json.loads(
            submit("timm:test_resnet", "--weights", f"{tmp_path / 'w.pth'}{part}", "--dry-run", "--json").out
        )
        for part in ("", "#state_dict")
    ]
    assert [plan["weights"].get("part") for plan in plans] == [None, "state_dict"]
    assert plans[0]["weights"]["sha256"] == plans[1]["weights"]["sha256"]
    assert plans[0]["run"] != plans[1]["run"]


def test_random_weights_stand_on_the_card_in_the_table_of_runs_and_in_the_answer(submit, tmp_path):
    answer = submit("timm:test_resnet", "--weights", "none", *QUICK, "--allow-partial", "--json")
    assert answer.code == 0, answer.err
    assert "random weights" in json.loads(answer.out)["remarks"]
    (card,) = tmp_path.glob("runs/*/card.md")
    assert "**random weights**" in card.read_text()
    table = json.loads(harness_inside("runs", "--runs", tmp_path / "runs", "--json").out)
    assert "random weights" in table["runs"][0]["remarks"]


def test_what_is_taken_of_a_file_is_in_the_manifest(submit, tmp_path):
    save_file({f"model.{name}": one for name, one in state(1).items()}, tmp_path / "w.safetensors")
    options = ("--weights", tmp_path / "w.safetensors", *QUICK, "--allow-partial", "--json")
    answer = submit("timm:test_resnet", *options)
    assert answer.code == 0, answer.err
    assert "random weights" not in json.loads(answer.out)["remarks"]
    (manifest,) = tmp_path.glob("runs/*/manifest.json")
    first = json.loads(manifest.read_text())["training"]["facts"]["first_weights"]
    assert (first["prefix"], first["head"]) == ("model.", "taken from model.fc")
