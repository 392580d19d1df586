"""First weights from files of every kind, and what is said of those that do not fit."""

import os
import pickle
import random
import urllib.error

import pytest
import timm
import torch
from safetensors.torch import save_file

from models.contract import EntryUnavailable
from models.finetune.networks import Network, timm_network
from models.finetune.recipe import REST, Recipe
from models.finetune.weight_files import read
from models.finetune.weights import fingerprint, start
from models.seresnext import SERESNEXT

pytestmark = pytest.mark.training

TEST_RESNET = Recipe(backbone="test_resnet", layers=(REST,), learning_rates=(1e-3,))


def published(classes: int = 1000) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return timm.create_model("test_resnet", num_classes=classes).state_dict()


def assert_body_is(network: Network, state: dict[str, torch.Tensor]) -> None:
    for name, tensor in network.module.state_dict().items():
        if not name.startswith(f"{network.head}."):
            assert torch.equal(tensor, state[name]), name


def test_a_thousand_class_safetensors_file_fills_all_but_the_head(tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file(published(), file)
    network = timm_network(TEST_RESNET)
    facts = start(network, str(file))
    assert_body_is(network, published())
    assert network.module.fc.weight.shape == (1, 96)
    assert facts["source"] == "file"
    assert len(facts["sha256"]) == 64


@pytest.mark.parametrize("zipped", [True, False], ids=["zip format", "format of 2017"])
def test_a_pth_file_is_read_in_both_of_its_formats(tmp_path, zipped):
    file = tmp_path / "weights.pth"
    torch.save(published(), file, _use_new_zipfile_serialization=zipped)
    network = timm_network(TEST_RESNET)
    start(network, str(file))
    assert_body_is(network, published())


def test_names_left_by_data_parallel_and_training_scripts_are_understood(tmp_path):
    file = tmp_path / "weights.pth"
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in published().items()}}, file)
    network = timm_network(TEST_RESNET)
    start(network, str(file))
    assert_body_is(network, published())


def test_a_cadene_file_of_1000_classes_without_batch_counters_fits_the_reference_network(tmp_path):
    torch.manual_seed(2)
    state = timm.create_model("legacy_seresnext50_32x4d").state_dict()
    cadene = {name: one for name, one in state.items() if not name.endswith("num_batches_tracked")}
    assert cadene["last_linear.weight"].shape == (1000, 2048)
    file = tmp_path / "se_resnext50_32x4d.pth"
    torch.save(cadene, file, _use_new_zipfile_serialization=False)
    network = SERESNEXT.network()
    start(network, str(file))
    assert_body_is(network, state)


def test_a_fine_tuned_head_of_one_output_is_kept_also_under_cadenes_name(tmp_path):
    state = published(classes=1)
    renamed = {name.replace("fc.", "last_linear."): one for name, one in state.items()}
    file = tmp_path / "weights.safetensors"
    save_file(renamed, file)
    network = timm_network(TEST_RESNET)
    start(network, str(file))
    assert torch.equal(network.module.fc.weight, state["fc.weight"])


def test_what_is_missing_or_of_the_wrong_shape_is_named_with_both_shapes(tmp_path):
    state = published()
    del state["layer1.0.conv1.weight"]
    state["layer2.0.conv1.weight"] = torch.zeros(7, 32, 3, 3)
    file = tmp_path / "weights.safetensors"
    save_file(state, file)
    with pytest.raises(EntryUnavailable) as caught:
        start(timm_network(TEST_RESNET), str(file))
    assert "1 of the network's 75 tensors (layer1.0.conv1.weight)" in str(caught.value)
    assert "layer2.0.conv1.weight (7, 32, 3, 3) instead of (48, 32, 3, 3)" in str(caught.value)


def test_weights_of_another_architecture_are_refused_and_leave_the_network_as_it_was(tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file(published(), file)
    network = SERESNEXT.network()
    before = fingerprint(network.module.state_dict())
    with pytest.raises(EntryUnavailable, match="does not fit"):
        start(network, str(file))
    assert fingerprint(network.module.state_dict()) == before


def test_tensors_that_the_network_has_no_place_for_are_refused_with_names_of_both_sides(tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file({**published(), "layer4.9.conv.weight": torch.zeros(2)}, file)
    with pytest.raises(EntryUnavailable, match=r"of the file's 93 \(layer4\.9\.conv\.weight\)") as told:
        start(timm_network(TEST_RESNET), str(file))
    assert "the network has layer4.0.downsample" in str(told.value)


@pytest.mark.parametrize("head", ["fc.1", "last_linear", "classifier", "head.fc", "cls.2", "cls.0.1"])
def test_a_head_of_one_class_is_taken_whatever_it_is_called(tmp_path, head):
    state = {name.replace("fc.", f"{head}."): one for name, one in published(classes=1).items()}
    file = tmp_path / "weights.safetensors"
    save_file(state, file)
    network = timm_network(TEST_RESNET)
    assert start(network, str(file))["head"] == f"taken from {head}"
    assert torch.equal(network.module.fc.weight, state[f"{head}.weight"])


def test_where_two_heads_fit_none_is_taken(tmp_path):
    body = {name: one for name, one in published().items() if not name.startswith("fc.")}
    heads = {
        f"{name}.{part}": torch.ones(shape)
        for name in ("cls", "head")
        for part, shape in (("weight", (1, 96)), ("bias", (1,)))
    }
    file = tmp_path / "weights.safetensors"
    save_file({**body, **heads}, file)
    assert start(timm_network(TEST_RESNET), str(file))["head"] == "random"


def test_names_left_by_data_parallel_in_the_middle_are_understood(tmp_path):
    state = {name.replace("layer1.", "layer1.module."): one for name, one in published().items()}
    file = tmp_path / "weights.safetensors"
    save_file(state, file)
    network = timm_network(TEST_RESNET)
    start(network, str(file))
    assert_body_is(network, published())


@pytest.mark.parametrize(
    "prefix",
    [
        "net.",
        "encoder.",
        "model.backbone.",
        "module.model._orig_mod.",
        "_orig_mod.module.net.",
        "0.",
        "a\x1b[31m.",
    ],
)
def test_whatever_stands_before_the_names_is_passed_over_and_a_loss_beside_them_too(tmp_path, prefix):
    state = {f"{prefix}{name}": one for name, one in published(1).items()}
    file = tmp_path / "weights.safetensors"
    save_file({**state, "criterion.pos_weight": torch.ones(1)}, file)
    network = timm_network(TEST_RESNET)
    facts = start(network, str(file))
    assert facts["passed_over"] == "criterion (1)"
    assert all(word.isprintable() for word in facts.values())
    assert_body_is(network, published(1))
    assert torch.equal(network.module.fc.weight, published(1)["fc.weight"])


def test_a_loss_among_names_without_a_prefix_is_passed_over(tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file({**published(), "criterion.pos_weight": torch.ones(1)}, file)
    assert start(timm_network(TEST_RESNET), str(file))["passed_over"] == "criterion (1)"


def test_a_moving_average_among_the_same_names_is_taken_and_a_part_of_the_names_can_be_chosen(tmp_path):
    file = tmp_path / "weights.safetensors"
    raw, average = published(), {name: one + 1 for name, one in published().items()}
    both = {f"model.{name}": one for name, one in raw.items()}
    save_file({**both, **{f"ema.{name}": one for name, one in average.items()}}, file)
    network = timm_network(TEST_RESNET)
    facts = start(network, str(file))
    assert facts["prefix"] == "ema. (moving average, EMA)"
    assert facts["passed_over"] == "model (92)"
    assert_body_is(network, average)
    start(network, f"{file}#model")
    assert_body_is(network, raw)


def test_a_file_whose_name_holds_the_sign_for_parts_is_read(tmp_path):
    file = tmp_path / "run#3.safetensors"
    save_file(published(), file)
    assert start(timm_network(TEST_RESNET), str(file))["file"] == "run#3.safetensors"


def test_nothing_of_a_network_is_changed_by_weights_that_are_not_finite(tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file({**published(), "layer4.0.conv1.weight": torch.full((96, 192, 3, 3), torch.inf)}, file)
    network = timm_network(TEST_RESNET)
    before = fingerprint(network.module.state_dict())
    with pytest.raises(EntryUnavailable, match="not finite"):
        start(network, str(file))
    assert fingerprint(network.module.state_dict()) == before


def test_numbers_that_only_a_wider_kind_can_hold_are_not_finite_either(tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file({**published(), "bn1.bias": torch.full((32,), 1e300, dtype=torch.float64)}, file)
    with pytest.raises(EntryUnavailable, match="not finite"):
        start(timm_network(TEST_RESNET), str(file))


def test_one_changed_byte_of_a_file_of_torch_save_never_gives_other_numbers(tmp_path):
    file, state = tmp_path / "w.pth", {"a.weight": torch.randn(20, 20), "a.bias": torch.randn(20)}
    torch.save(state, file)
    whole = file.read_bytes()
    draw = random.Random(0)
    refused = 0
    for at in draw.sample(range(len(whole)), 60):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            found = read(file).tensors
        except EntryUnavailable:
            refused += 1
        else:
            assert fingerprint(found) == fingerprint(state), at
    assert refused > 30


def test_no_message_is_long_or_gives_torchs_advice(tmp_path):
    file = tmp_path / "weights.pth"
    torch.save(timm.create_model("test_resnet"), file)
    with pytest.raises(EntryUnavailable) as told:
        start(timm_network(TEST_RESNET), str(file))
    words = f"{told.value} {told.value.hint}"
    assert "weights_only" not in words
    assert len(words) < 400


class Malicious:
    def __init__(self, target: str) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (self.target,)


def test_a_malicious_pickle_is_refused_and_runs_nothing(tmp_path):
    target = tmp_path / "proof"
    torch.save({"layer": Malicious(str(target))}, tmp_path / "weights.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Malicious(str(target))))
    for name in ("weights.pth", "plain.pth"):
        with pytest.raises(EntryUnavailable):
            start(timm_network(TEST_RESNET), str(tmp_path / name))
    assert not target.exists()


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x80\x02}q\x00."])
def test_a_file_that_is_no_state_dict_of_tensors_is_refused_with_a_hint(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(EntryUnavailable) as caught:
        start(timm_network(TEST_RESNET), str(file))
    assert str(file) in str(caught.value)
    assert caught.value.hint


def test_a_missing_file_and_a_hub_out_of_reach_say_how_to_get_weights():
    def fetch():
        raise urllib.error.URLError("Name or service not known")

    built = timm_network(TEST_RESNET)
    for network, source in ((built, "nowhere.pth"), (Network(built.module, built.head, fetch), "hub")):
        with pytest.raises(EntryUnavailable) as caught:
            start(network, source)
        assert "--weights FILE" in caught.value.hint
        assert "--weights none" in caught.value.hint


def test_weights_fetched_from_the_hub_are_named_by_their_content_and_print_nothing(capsys):
    def fetch():
        print("Downloading: …")
        return published()

    built = timm_network(TEST_RESNET)
    facts = start(Network(built.module, built.head, fetch), "hub")
    assert capsys.readouterr().out == ""
    assert facts == {"source": "hub", "sha256": fingerprint(published())}
    assert_body_is(built, published())
