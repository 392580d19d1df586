"""Pictures over epochs show the numbers that they were given."""

import re

from eval_server.figures.epochs import EpochLine, over_epochs


def test_the_numbers_of_every_line_stand_beside_the_picture_and_a_line_may_end_earlier() -> None:
    lines = [
        EpochLine("ours", (0.5, 0.625, 0.75), (0.01, 0.02, 0.0)),
        EpochLine("published", (0.9,), begins=0),
    ]
    shown = over_epochs("f1", "Weighted F1", "caption", lines, percent=True)
    assert shown.columns == ("epoch", "ours", "published")
    assert shown.rows == (
        ("0", "—", "90.00"),
        ("1", "50.00 ± 1.00", "—"),
        ("2", "62.50 ± 2.00", "—"),
        ("3", "75.00 ± 0.00", "—"),
    )


def test_every_value_is_a_dot_and_the_spread_is_drawn_where_there_is_any() -> None:
    alone = over_epochs("loss", "Loss", "caption", [EpochLine("ours", (0.5, 0.25), (0.1, 0.0))])
    assert len(re.findall("<circle", alone.svg)) == 2
    assert alone.svg.count('stroke-width="1.5"') == 2
    assert alone.rows == (("1", "0.5000 ± 0.1000"), ("2", "0.2500 ± 0.0000"))


def test_a_single_epoch_without_change_is_a_picture_too() -> None:
    one = over_epochs("loss", "Loss", "caption", [EpochLine("ours", (0.5,))])
    assert one.rows == (("1", "0.5000"),)
    assert "nan" not in one.svg


def test_a_spread_of_shares_ends_at_0_and_100_percent() -> None:
    lines = [EpochLine("ours", (0.5, 0.95), (0.6, 0.6))]
    shown = over_epochs("f1", "Weighted F1", "caption", lines, percent=True)
    assert not re.search(r">(-|−|1[1-9]\d\.)", shown.svg)
    assert lines[0].bar(0, (0, 1)) == (0, 1)
    assert lines[0].bar(1, (0, 1)) == (0.95 - 0.6, 1)
