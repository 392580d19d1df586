"""A truth that participants could read is named, wherever in the bundle it lies."""

from __future__ import annotations

import pytest

from submissions.packing import zipped
from tests.submissions.codabench.test_check import Change, both, changed, file, found, put

TRUTH = b"cell,label\n1.bmp,1\n2.bmp,0\n"


def shown_in(path: str, content: bytes, *changes: Change) -> Change:
    """The final truth as a table, and a public file of this content."""
    return both(file("reference_final.zip", zipped({"truth.csv": TRUTH})), file(path, content), *changes)


PUBLIC: dict[str, Change] = {
    "as starting kit": put("reference_final.zip", "phases", 0, "starting_kit"),
    "as public data by another spelling": put("./reference_final.zip", "phases", 1, "public_data"),
    "in a copy": shown_in("kit.zip", zipped({"x.txt": TRUTH}), put("kit.zip", "phases", 0, "starting_kit")),
    "in a zip in a zip": shown_in(
        "kit.zip", zipped({"a.zip": zipped({"x.txt": TRUTH})}), put("kit.zip", "phases", 0, "public_data")
    ),
    "in a page": shown_in("pages/overview.md", b"# Words\r\n" + TRUTH.replace(b"\n", b"\r\n") + b"End"),
    "in the terms": shown_in("pages/terms.md", b"Words\n" + TRUTH),
    "as shared input data": both(
        put(True, "make_input_data_available"), put("reference_final.zip", "tasks", 0, "input_data")
    ),
}


@pytest.mark.parametrize("how", PUBLIC)
def test_a_public_truth_is_named(how: str) -> None:
    assert {one.rule for one in found(changed(PUBLIC[how]))} == {"truth-public"}


def test_a_readme_that_kit_and_truth_share_is_no_leak() -> None:
    readme = b"# About these cells and their labels\n"
    change = both(
        file("reference_final.zip", zipped({"truth.csv": TRUTH, "README.md": readme})),
        file("kit.zip", zipped({"README.md": readme})),
        put("kit.zip", "phases", 0, "starting_kit"),
    )
    assert found(changed(change)) == []
