"""What is proposed to be installed is this program with an extra, from where it came."""

import importlib.metadata
import json

import pytest
from packaging.requirements import Requirement

from models import extras
from models.extras import BASE, DISTRIBUTION, EXTRAS, extra_of, install_command
from models.registry import needs

IMPORTED_AS = {
    "scikit-learn": "sklearn",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "vl-convert-python": "vl_convert",
    "scikit-image": "skimage",
    "python-multipart": "python_multipart",
    "prometheus-client": "prometheus_client",
    "mlflow-skinny": "mlflow",
    "markdown-it-py": "markdown_it",
}


def required(marker: str) -> set[str]:
    lines = map(Requirement, importlib.metadata.requires(DISTRIBUTION) or ())
    return {IMPORTED_AS.get(one.name, one.name) for one in lines if marker in str(one.marker)}


def test_the_table_names_every_package_that_the_program_asks_for():
    assert required("None") == set(BASE)
    for extra, packages in EXTRAS.items():
        assert required(f'extra == "{extra}"') - {DISTRIBUTION} <= set(packages)


@pytest.mark.parametrize(
    ("origin", "proposed"),
    [
        ({"url": "file://{folder}", "dir_info": {"editable": True}}, "pip install -e '{folder}[train]'"),
        ({"url": "file://{folder}", "dir_info": {}}, "pip install '{folder}[train]'"),
        ({"url": "file://{folder}/gone", "dir_info": {}}, "pip install 'cnmc-harness[train]'"),
        (
            {"url": "https://example.org/h.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "pip install 'cnmc-harness[train] @ git+https://example.org/h.git@abc'",
        ),
        ({}, "pip install 'cnmc-harness[train]'"),
    ],
    ids=["editable", "clone", "clone that is gone", "git", "index"],
)
def test_an_extra_is_installed_from_where_the_program_came(tmp_path, monkeypatch, origin, proposed):
    folder = tmp_path / "a clone"
    folder.mkdir()
    about = tmp_path / "cnmc_harness-9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 9\n")
    (about / "direct_url.json").write_text(json.dumps(origin).replace("{folder}", str(folder)))
    monkeypatch.syspath_prepend(tmp_path)
    assert install_command("train") == proposed.replace("{folder}", str(folder))


def test_only_packages_of_our_extras_are_proposed():
    assert needs("mine", "timm").hint == f"Type: {install_command('train')}"
    assert extra_of("helper") is None
    assert "pip" not in needs("mine", "helper").hint
    assert extras.extra_of("skimage") == "descriptors"
