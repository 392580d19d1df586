"""Every kind of weights file gets what docs/entries.md says, and what is taken is really there."""

from pathlib import Path

import pytest
import torch

from tests.models.finetune.weight_kinds import KINDS, SMALL, outcome, state

pytestmark = pytest.mark.training

PAGE = (Path(__file__).parents[3] / "docs" / "entries.md").read_text()


def line(kind, words):
    return f"| {kind.what} | `{kind.network}` | {words} |"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.what)
def test_a_file_gets_what_the_table_says(kind, tmp_path):
    found = outcome(kind, tmp_path)
    assert line(kind, found.words) in PAGE.splitlines()
    assert len(found.words) < 500
    assert not (tmp_path / "proof").exists()
    if found.words.startswith("taken"):
        assert_filled(found)


def assert_filled(found):
    """All of the network but its last layer is the file's, the moving average's where that was taken."""
    expected = state(1, seed=2 if "EMA" in found.words else 1)
    for name, tensor in found.network.module.state_dict().items():
        if not name.startswith("fc.") or "head taken" in found.words:
            torch.testing.assert_close(tensor.float(), expected[name].float(), rtol=1e-2, atol=1e-2)


def test_the_table_has_thirty_kinds_and_more_and_no_line_that_is_not_tried():
    start = PAGE.index("| file | for | what it gets |")
    rows = PAGE[start:].split("\n\n")[0].splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [kind.what for kind in KINDS]
    assert len(KINDS) >= 30
    assert sum(kind.network != SMALL for kind in KINDS) == 4
