"""`--model file.py:entry`: what lies beside the file is found by it, and by nobody else."""

import pickle
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from models.contract import Entry, EntryUnavailable
from models.registry import find

ENTRY = """
from models.majority import Majority
import helper, random
class Mine(Majority):
    pass
entry = Mine()
"""
HELPER = """
NAME = {name!r}
class Net:
    pass
def added(number):
    import late
    return number + late.ADDED
"""


def a_folder(folder: Path, added: int) -> Path:
    """An entry's file with a sibling that imports another one when it is called."""
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(ENTRY)
    (folder / "helper.py").write_text(HELPER.format(name=folder.name))
    (folder / "late.py").write_text(f"ADDED = {added}\n")
    return folder


def found(folder: Path, file: str = "mine") -> Entry:
    return find(f"{folder / file}.py:entry")[0]


def module_of(entry: Entry) -> ModuleType:
    return sys.modules[type(entry).__module__]


def refused(folder: Path, text: str) -> EntryUnavailable:
    (folder / "wrong.py").write_text(text)
    with pytest.raises(EntryUnavailable) as caught:
        found(folder, "wrong")
    return caught.value


def test_two_files_with_siblings_of_the_same_names_each_get_their_own_also_later(tmp_path):
    here, there = a_folder(tmp_path / "here", 1), a_folder(tmp_path / "there", 10)
    first, second = module_of(found(here)), module_of(found(there))
    assert (first.helper.NAME, second.helper.NAME) == ("here", "there")
    assert (first.helper.added(5), second.helper.added(5)) == (6, 15)


def test_sibling_packages_import_each_other_in_every_way(tmp_path):
    folder = a_folder(tmp_path / "here", 1)
    (folder / "nets").mkdir()
    (folder / "nets" / "__init__.py").write_text("from nets.small import WIDTH\n")
    (folder / "nets" / "small.py").write_text("from .wide import WIDTH\nimport helper\n")
    (folder / "nets" / "wide.py").write_text("import nets.deep as deep\nWIDTH = deep.DEPTH\n")
    (folder / "nets" / "deep.py").write_text("from mine import helper\nDEPTH = helper.NAME\n")
    imports = "import nets.small\nfrom nets import WIDTH, wide\nfrom . import helper as again\n"
    (folder / "mine.py").write_text(ENTRY + imports)
    module = module_of(found(folder))
    assert module.WIDTH == module.nets.small.WIDTH == module.wide.WIDTH == "here"
    assert module.again is module.helper is module.nets.small.helper


def test_a_file_inside_a_package_sees_its_folder_and_its_package(tmp_path):
    folder = a_folder(tmp_path / "project" / "nets", 1)
    (folder / "__init__.py").write_text("")
    (folder / "mine.py").write_text(ENTRY + "from nets.helper import NAME\nfrom .late import ADDED\n")
    module = module_of(found(folder))
    assert (module.NAME, module.helper.NAME, module.ADDED) == ("nets", "nets", 1)


@pytest.mark.parametrize("name", ["random", "numpy", "models", "click", "skimage"])
def test_a_sibling_shadows_neither_the_standard_library_nor_what_the_program_stands_on(tmp_path, name):
    folder = a_folder(tmp_path / "here", 1)
    (folder / f"{name}.py").write_text("STRANGER = True\n")
    (folder / "mine.py").write_text(
        ENTRY + f"import {name} as known\nSTRANGER = hasattr(known, 'STRANGER')\n"
    )
    assert not module_of(found(folder)).STRANGER
    error = refused(folder, f"from {name} import STRANGER\nentry = 1\n")
    assert error.hint == f"Rename {folder / name}.py: an import of {name} never means it, the name is taken."


def test_the_folder_is_on_nobody_elses_path(tmp_path):
    path, known = list(sys.path), random.random
    found(a_folder(tmp_path / "here", 1))
    assert sys.path == path
    assert random.random is known
    assert "helper" not in sys.modules
    assert not list(tmp_path.rglob("__pycache__"))


def test_an_edited_sibling_is_taken_as_it_is_now(tmp_path):
    folder = a_folder(tmp_path / "here", 1)
    assert module_of(found(folder)).helper.added(0) == 1
    (folder / "late.py").write_text("ADDED = 2\n")
    assert module_of(found(folder)).helper.added(0) == 2


def test_worker_processes_and_later_ones_find_the_siblings(tmp_path):
    here, there = a_folder(tmp_path / "here", 1), a_folder(tmp_path / "there", 10)
    code = (
        "import sys\nfrom joblib import Parallel, delayed\nfrom models.registry import find\n"
        "for folder in sys.argv[1:]:\n"
        "    module = sys.modules[type(find(folder + '/mine.py:entry')[0]).__module__]\n"
        "    print(*Parallel(n_jobs=2)(delayed(module.helper.added)(number) for number in range(2)))\n"
    )
    command = [sys.executable, "-c", code, str(here), str(there)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr) == ("1 2\n10 11\n", "")


def test_what_was_pickled_is_read_by_a_process_that_never_loaded_the_entry(tmp_path):
    kept = pickle.dumps(module_of(found(a_folder(tmp_path / "here", 1))).helper.Net())
    code = "import pickle, sys; print(type(pickle.load(sys.stdin.buffer)).__name__)"
    done = subprocess.run([sys.executable, "-c", code], input=kept, capture_output=True, check=True)
    assert done.stdout == b"Net\n"


def test_a_module_that_is_nowhere_is_named_with_its_file_and_no_install_is_proposed(tmp_path):
    folder = a_folder(tmp_path / "here", 1)
    (folder / "helper.py").write_text("\nimport a_strangers_package\n")
    error = refused(folder, "import helper\nentry = 1\n")
    assert f"{folder / 'helper.py'}, line 2, imports a_strangers_package, which is not there" in str(error)
    assert f"Looked for in {folder} and among the packages of {sys.prefix}" in error.hint
    assert "pip" not in error.hint


def test_a_folder_that_bears_the_name_of_a_package_of_ours_is_said_to_be_in_the_way(tmp_path):
    folder = a_folder(tmp_path / "here", 1)
    assert "has no such module" in refused(folder, "import models.my_network").hint
    (folder / "models").mkdir()
    (folder / "models" / "my_network.py").write_text("")
    error = refused(folder, "from models.my_network import Net")
    assert "imports models.my_network, which is not there" in str(error)
    assert f"Rename {folder / 'models'}" in error.hint


@pytest.mark.parametrize("text", ["from . import sibling\n", "import random\n"])
def test_what_does_not_load_is_named_as_its_file_is_and_not_as_the_program_keeps_it(tmp_path, text):
    told = refused(tmp_path, text)
    assert "in_2f" not in f"{told} {told.hint}"
    assert "models.entry_files" not in f"{told} {told.hint}"
