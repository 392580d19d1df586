"""`docs/python.md` and its notebook do what they say."""

from __future__ import annotations

import asyncio
import doctest
import json
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.python_docs import furnish

pytestmark = pytest.mark.training

ROOT = Path(__file__).parents[3]
NOTEBOOK = ROOT / "docs" / "python.ipynb"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("documented")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        furnish(folder)
        patch.chdir(folder)
        yield folder


def test_the_examples_of_the_page_give_what_stands_there(here: Path) -> None:
    found = doctest.testfile(
        str(ROOT / "docs" / "python.md"),
        module_relative=False,
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
        encoding="utf-8",
    )
    assert found.attempted > 15
    assert found.failed == 0
    assert (here / "board.html").exists()


def test_the_notebook_runs_from_top_to_bottom_and_shows_tables_and_pictures(here: Path) -> None:
    executed = executed_in(here)
    outputs = [one for cell in executed["cells"] for one in cell.get("outputs", ())]
    assert not [one for one in outputs if one["output_type"] == "error"]
    shown = "".join("".join(one.get("data", {}).get("text/html", "")) for one in outputs)
    assert "<table" in shown
    assert "data:image/svg+xml;base64," in shown
    assert "no diagnosis" in shown
    assert sum("text/html" in one.get("data", {}) for one in outputs) >= 5


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def executed_in(folder: Path) -> dict:
    """The notebook after a kernel of this very Python has run it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own packages
        import nbformat
        from nbclient import NotebookClient

        kernels = folder / "kernels" / "kernels" / "here"
        kernels.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        told = {"argv": argv, "display_name": "here", "language": "python"}
        (kernels / "kernel.json").write_text(json.dumps(told))
        os.environ["JUPYTER_PATH"] = str(folder / "kernels")
        os.environ["OMP_NUM_THREADS"] = "1"
        os.environ["IPYTHONDIR"] = str(folder / "ipython")
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        client = NotebookClient(
            notebook, timeout=240, kernel_name="here", resources={"metadata": {"path": str(folder)}}
        )
        executed: dict = asyncio.run(client.async_execute())
    return executed
