"""A fitted entry whose files are missing or damaged is named, with the way out."""

import pytest

from models.classical import fit_vote
from models.contract import EntryUnavailable, Session
from models.majority import AlwaysTheSame
from models.registry import find
from models.shape import NEIGHBOURS, FittedShape
from tests.models.test_classical import table
from tests.support.disk import no_file_above


def _saved(name, folder):
    if name == "majority":
        fitted = AlwaysTheSame(0.5)
    else:
        features, cells = table()
        fitted = FittedShape(fit_vote([NEIGHBOURS], features, cells, Session()))
    fitted.save(folder)


@pytest.mark.parametrize("name", ["majority", "shape-knn"])
@pytest.mark.parametrize("content", [None, b"", b"\xff", b"[1]", b"7"])
def test_every_file_of_a_fitted_entry_is_missed_or_found_damaged(tmp_path, name, content):
    _saved(name, tmp_path)
    entry, _ = find(name)
    entry.load(tmp_path)
    files = sorted(tmp_path.iterdir())
    assert files
    for file in files:
        whole = file.read_bytes()
        file.unlink() if content is None else file.write_bytes(content)
        with pytest.raises(EntryUnavailable, match=f"holds no fitted {name}") as refused:
            entry.load(tmp_path)
        assert "--fresh" in refused.value.hint
        file.write_bytes(whole)


@pytest.mark.parametrize("name", ["tiny", "frozen-cnn", "neighborhood"])
def test_an_empty_folder_holds_no_fitted_entry(tmp_path, name):
    with pytest.raises(EntryUnavailable, match="holds no fitted"):
        find(name)[0].load(tmp_path)


@pytest.mark.parametrize("name", ["shape-knn"])
def test_a_classifier_without_room_names_its_file(tmp_path, name):
    with no_file_above(1000), pytest.raises(OSError) as refused:
        _saved(name, tmp_path)
    assert refused.value.filename is not None
    assert refused.value.filename.endswith(".skops")
