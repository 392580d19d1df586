"""Engine and precision as they are asked for, and as they were called before."""

from __future__ import annotations

import pytest

from harness.errors import UsageWrong
from harness.runs.computing import with_engine, with_precision
from models.contract import NoSettings
from models.finetune.recipe import Recipe


def test_a_precision_is_a_setting_because_what_is_learnt_depends_on_it() -> None:
    assert with_precision({"epochs": "1"}, "bf16") == {"epochs": "1", "precision": "bf16"}
    assert with_precision({"precision": "bf16"}, "bf16") == {"precision": "bf16"}
    assert with_precision({"epochs": "1"}, "auto") == {"epochs": "1"}


def test_two_precisions_are_refused_with_both_named() -> None:
    with pytest.raises(UsageWrong, match="--precision bf16 and --set precision=tf32 differ"):
        with_precision({"precision": "tf32"}, "bf16")


@pytest.mark.parametrize(
    ("before", "asked", "engine"),
    [("true", "auto", "compile"), ("false", "auto", "eager"), ("true", "openvino", "openvino")],
)
def test_the_setting_that_chose_the_engine_before_still_does_and_says_what_it_is_called_now(
    before: str, asked: str, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"epochs": "1", "compiled": before}
    assert with_engine(settings, asked, Recipe()) == ({"epochs": "1"}, engine)
    assert f"--set compiled={before} is now --engine {engine}" in capsys.readouterr().err


def test_an_entry_without_engines_keeps_a_setting_of_that_name() -> None:
    assert with_engine({"compiled": "true"}, "auto", NoSettings()) == ({"compiled": "true"}, "auto")
