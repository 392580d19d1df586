"""Installed packages bring entries; one that is broken is listed with its reason and harms nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
from models.majority import Majority
class Good(Majority):
    pass
ENTRY = Good()
"""


def installed(folder: Path, name: str, code: str, points: str) -> None:
    """A distribution as pip would leave it: one module, and the metadata with its entry points."""
    (folder / f"{name}_module.py").write_text(code)
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[harness.models]\n{points}\n")


def listed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`harness models …` in a process of its own that sees these distributions too."""
    code = (
        f"import sys; sys.path.append({str(folder)!r})\n"
        f"from harness.cli.main import main; main(['models', *{list(arguments)!r}])"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def entries(folder: Path) -> dict[str, dict]:
    answer = listed(folder, "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)["entries"]
    return {f"{one['name']} of {one['origin']}": one for one in found}


def test_an_installed_entry_is_listed_with_its_package_and_shown(tmp_path):
    installed(tmp_path, "extra", GOOD, "mine = extra_module:ENTRY")
    assert entries(tmp_path)["mine of extra"]["available"]
    assert json.loads(listed(tmp_path, "mine", "--json").stdout)["origin"] == "extra"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('no kernel')", "does not load: RuntimeError: no kernel"),
        ("import sys; sys.exit(3)", "does not load: SystemExit: 3"),
        ("def broken(:", "does not load: SyntaxError"),
        ("import a_package_that_is_nowhere", "line 1, imports a_package_that_is_nowhere, which is not there"),
        ("OTHER = 1", "does not load: AttributeError"),
        ("ENTRY = 5", "is a int, expected a models.contract.Entry"),
        ("from models.contract import Entry\nclass ENTRY(Entry):\n    pass", "abstract"),
        (
            "from models.contract import Entry\nclass ENTRY(Entry):\n"
            "    def fit(self, cells, session): ...\n    def load(self, folder): ...",
            "has no card",
        ),
    ],
    ids=["raises", "exits", "syntax", "import", "attribute", "number", "abstract", "no card"],
)
def test_a_package_that_is_broken_is_listed_with_its_reason_and_harms_nothing_else(tmp_path, code, reason):
    installed(tmp_path, "wrong", code, "bad = wrong_module:ENTRY")
    found = entries(tmp_path)
    assert not found["bad of wrong"]["available"]
    assert reason in found["bad of wrong"]["reason"]
    assert found["majority of built-in"]["available"]
    used = listed(tmp_path, "bad")
    assert used.returncode == 4
    assert "Traceback" not in used.stderr


def test_a_name_that_is_taken_stays_with_the_built_in_entry(tmp_path):
    installed(tmp_path, "thief", GOOD, "majority = thief_module:ENTRY")
    found = entries(tmp_path)
    assert "the name is already taken by built-in" in found["majority of thief"]["reason"]
    assert json.loads(listed(tmp_path, "majority", "--json").stdout)["origin"] == "built-in"


def test_a_name_that_two_packages_want_belongs_to_neither(tmp_path):
    installed(tmp_path, "one", GOOD, "wanted = one_module:ENTRY")
    installed(tmp_path, "two", GOOD, "wanted = two_module:ENTRY")
    found = entries(tmp_path)
    assert not found["wanted of one"]["available"]
    assert not found["wanted of two"]["available"]
    assert listed(tmp_path, "wanted").returncode == 4


def test_an_entry_that_breaks_the_contract_is_found_out_by_the_check(tmp_path):
    code = GOOD + "\nimport numpy as np\nclass Bad(Good):\n    def fit(self, cells, session):\n"
    code += "        fitted = super().fit(cells, session)\n"
    code += "        fitted.share = np.random.default_rng().random()\n        return fitted\nBAD = Bad()\n"
    installed(tmp_path, "wild", code, "wild = wild_module:BAD")
    answer = listed(tmp_path, "wild", "--check")
    assert answer.returncode == 4
    assert "broken  the same seed gives the same result" in answer.stdout
    assert "kept    a single cell is predicted" in answer.stdout
    assert "wild breaks 2 of the 10 rules" in answer.stderr  # the interrupted fit ends otherwise too
