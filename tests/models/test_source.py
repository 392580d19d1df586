"""The SHA-256 of an entry's code: what counts, what does not, and which files it reaches."""

import pytest

from models.source import source_of

ENTRY = '''"""Mine."""
import json

from models.contract import EntryCard
from models.majority import Majority

from lab.tools import share


class Mine(Majority):
    """Calls every cell the same."""

    card = EntryCard(name="mine", summary="a summary", paper="none")

    def load(self, folder):
        """Reads."""
        if not folder:
            raise ValueError("there is no folder")
        return share(3)  # a third


ENTRY = Mine()
'''


@pytest.fixture
def entry(tmp_path):
    (tmp_path / "mine.py").write_text(ENTRY)
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").write_text("")
    (tmp_path / "lab" / "tools.py").write_text(
        "from . import deeper\n\ndef share(n):\n    return deeper.ONE / n\n"
    )
    (tmp_path / "lab" / "deeper.py").write_text("ONE = 1\n")
    (tmp_path / "lab" / "unrelated.py").write_text("TWO = 2\n")
    return tmp_path


def sha256(folder):
    return source_of(f"{folder / 'mine.py'}:ENTRY").sha256


def test_it_reaches_the_files_of_its_folder_and_ours_that_it_imports_at_any_depth(entry):
    found = source_of(f"{entry / 'mine.py'}:ENTRY")
    own = {"mine.py", "lab/__init__.py", "lab/tools.py", "lab/deeper.py"}
    assert own <= set(found.files)
    assert {"models.majority", "models.contract"} <= set(found.files)
    assert "lab/unrelated.py" not in found.files
    assert "numpy" in found.packages


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("mine.py", "share(3)", "share(4)"),
        ("mine.py", 'name="mine"', 'name="other"'),
        ("mine.py", "raise ValueError", "raise KeyError"),
        ("lab/tools.py", "/ n", "// n"),
        ("lab/deeper.py", "ONE = 1", "ONE = 1.0"),
    ],
)
def test_a_change_of_what_it_does_counts_wherever_it_stands(entry, file, old, new):
    before = sha256(entry)
    text = (entry / file).read_text()
    assert old in text
    (entry / file).write_text(text.replace(old, new))
    assert sha256(entry) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("mine.py", "# a third", "# one of three"),
        ("mine.py", '"""Mine."""', '"""My own entry."""'),
        ("mine.py", '"""Calls every cell the same."""', ""),
        ("mine.py", '"""Reads."""', '"""Reads back."""'),
        ("mine.py", "a summary", "a better summary"),
        ("mine.py", "there is no folder", "expected a folder"),
        ("mine.py", "\n\n\n", "\n\n"),
        ("lab/unrelated.py", "2", "3"),
    ],
)
def test_what_is_only_told_to_people_does_not_count(entry, file, old, new):
    before = sha256(entry)
    text = (entry / file).read_text()
    assert old in text
    (entry / file).write_text(text.replace(old, new))
    assert sha256(entry) == before


def test_it_is_the_same_in_another_folder(entry, tmp_path_factory):
    other = tmp_path_factory.mktemp("moved") / "there"
    before = sha256(entry)
    entry.rename(other)
    assert sha256(other) == before


def test_a_file_in_a_package_reaches_the_rest_of_that_package(tmp_path):
    nets = tmp_path / "nets"
    (nets / "deep").mkdir(parents=True)
    (nets / "__init__.py").write_text("")
    (nets / "deep" / "__init__.py").write_text("")
    (nets / "deep" / "mine.py").write_text(
        "from nets.deep import one\nfrom . import two\nfrom .. import three\nimport four\n"
    )
    for name in ("deep/one", "deep/two", "three", "deep/four"):
        (nets / f"{name}.py").write_text("")
    found = source_of(f"{nets / 'deep' / 'mine.py'}:ENTRY").files
    assert {f"nets/{name}.py" for name in ("deep/one", "deep/two", "three", "deep/four")} < set(found)


def test_a_file_that_is_no_python_counts_by_its_bytes(entry):
    (entry / "lab" / "deeper.py").write_text("ONE = = 1")
    before = sha256(entry)
    (entry / "lab" / "deeper.py").write_text("ONE = = 2")
    assert sha256(entry) != before


@pytest.mark.parametrize("name", ["majority", "tiny", "shape-svm", "neighborhood", "timm:resnet18"])
def test_a_built_in_entry_has_the_code_below_models_and_not_the_registry(name):
    found = source_of(name)
    assert "models.contract" in found.files
    assert "models.registry" not in found.files
    assert all(file.partition(".")[0] == "models" for file in found.files)


def test_the_networks_of_a_fine_tuned_entry_count_though_they_are_imported_when_used():
    assert {"models.finetune.loop", "models.finetune.predict"} <= set(source_of("tiny").files)
    assert {"torch", "timm"} <= set(source_of("tiny").packages)
