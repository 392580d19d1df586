"""A divided phase from the command line: parts, choices, a corrected truth, and the course at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval_server.judging.division import TruthPart
from eval_server.store.store import Store
from tests.support.command import harness
from tests.support.desk import a_place
from tests.support.parts import divided_table, divided_truth
from tests.support.postgres import a_database
from tests.support.server import DATABASES, a_zip, administer, truth_table


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str | None:
    """The URL of an empty database, None for SQLite in the data folder."""
    return None if request.param == "sqlite" else a_database()


def written(folder: Path, table: bytes, name: str = "truth.csv") -> str:
    (folder / name).write_bytes(table)
    return str(folder / name)


def test_the_sizes_of_both_parts_are_told_and_kept(tmp_path: Path, database: str | None) -> None:
    data, table = tmp_path / "data", written(tmp_path, truth_table())
    data.mkdir()
    option = ("--private-subjects", "0.34", "--split-seed", "5")
    added = administer(data, database, "phase", "add", "exam", "--truth", table, *option)
    assert added["parts"]["private"]["subjects"] == 2
    assert added["parts"]["public"]["subjects"] == 4
    assert sum(one["cells"] for one in added["parts"].values()) == added["cells"] == 50
    (told,) = administer(data, database, "phase", "list")["phases"]
    assert (told["divided"], told["rules"]["choices"]) == (True, 2)
    store = Store.open(data, database)
    (record,) = store.phases.all()
    kept = store.phases.truth(record.truth)
    store.close()
    assert (record.divided, record.part) == (True, TruthPart.PUBLIC)
    assert kept.division is not None
    assert (kept.division.share, kept.division.seed, len(kept.division.private)) == (0.34, 5, 2)


def test_a_corrected_truth_keeps_the_division_and_one_that_would_not_is_refused(
    tmp_path: Path, database: str | None
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    administer(data, database, "phase", "add", "exam", "--truth", written(tmp_path, divided_table()))
    plain = "\n".join(line.rpartition(",")[0] for line in divided_table().decode().splitlines())
    administer(data, database, "phase", "truth", "exam", "--truth", written(tmp_path, plain.encode()))
    store = Store.open(data, database)
    (record,) = store.phases.all()
    assert store.phases.truth(record.truth).division == divided_truth("exam").division
    store.close()
    turned = (
        divided_table()
        .replace(b"public", b"p")
        .replace(b"private", b"public")
        .replace(b",p\n", b",private\n")
    )
    options = ("--data-dir", data, *(("--database", database) if database else ()))
    refused = harness("phase", "truth", "exam", "--truth", written(tmp_path, turned), *options)
    assert refused.code == 3
    assert "the part of A, B, C" in refused.err
    assert "leave out `part`" in refused.err
    joined = plain.replace("1.bmp,1,A", "1.bmp,1,D", 1)
    refused = harness("phase", "truth", "exam", "--truth", written(tmp_path, joined.encode()), *options)
    assert refused.code == 3
    assert "1.bmp (from A to D)" in refused.err
    assert "A cell stays in the part that it was in" in refused.err


def test_the_audit_log_says_whether_labels_were_corrected_or_judged_anew(
    tmp_path: Path, database: str | None
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    table = written(tmp_path, divided_table())
    administer(data, database, "phase", "add", "exam", "--truth", table)
    other = written(tmp_path, divided_table().replace(b"1.bmp,1,A", b"1.bmp,0,A", 1), "other.csv")
    told = [
        administer(data, database, "phase", "truth", "exam", "--truth", one)["corrected"]
        for one in (table, other, other)
    ]
    assert told == [False, True, False]
    store = Store.open(data, database)
    same, corrected = "judged anew by the same truth", "truth replaced"
    said = [one.action for one in store.audit.listed() if one.action in (same, corrected)]
    store.close()
    assert sorted(said) == [same, same, corrected]


@pytest.mark.parametrize(
    ("options", "table", "said", "code"),
    [
        (("--private-subjects", "0.5"), divided_table(), "says the part of each subject in its column", 2),
        (("--split-seed", "1"), truth_table(), "--split-seed divides nothing by itself", 2),
        (("--private-subjects", "1.5"), truth_table(), "between 0 and 1, found 1.5", 2),
        (("--private-subjects", "0.5"), truth_table({"A": ("1", 3), "X": ("0", 2), "Y": ("0", 2)}), "(A)", 3),
        (("--private-subjects", "0.5"), b"cell,label\n1.bmp,0\n2.bmp,1\n", "are not known", 3),
        ((), divided_table() + b"83.bmp,1,A,private\n", "the subject A is in both parts (line 2: public)", 3),
    ],
)
def test_what_cannot_be_divided_is_refused_and_nothing_is_added(
    tmp_path: Path, options: tuple[str, ...], table: bytes, said: str, code: int
) -> None:
    path = written(tmp_path, table)
    refused = harness("phase", "add", "exam", "--truth", path, *options, "--data-dir", tmp_path)
    assert refused.code == code, refused.err
    assert said in refused.err
    assert administer(tmp_path, None, "phase", "list") == {"phases": []}


def test_a_divided_phase_without_an_end_is_remarked_on_and_listed_as_divided(tmp_path: Path) -> None:
    path = written(tmp_path, divided_table())
    for name, end, told in (("endless", (), True), ("exam", ("--closes", "2099-01-01"), False)):
        added = harness("phase", "add", name, "--truth", path, *end, "--data-dir", tmp_path)
        assert "6 subjects (41 cells) public and 6 subjects (41 cells) private" in added.out
        assert ("without --closes the private part never decides" in added.err) == told
    listed = harness("phase", "list", "--data-dir", tmp_path)
    assert listed.out.count("a public and a private part") == 2


def test_a_host_chooses_for_a_team_and_takes_it_back(tmp_path: Path) -> None:
    with a_place(tmp_path) as place:
        place.phase(choices=2)
        ids = [place.hand_in(a_zip(wrong), "red")["id"] for wrong in (1, 2, 3)]
    told = [administer(tmp_path, None, "submission", "choose", one) for one in ids[:2]]
    assert sorted(told[1]["chosen"]) == sorted(ids[:2])
    refused = harness("submission", "choose", ids[2], "--data-dir", tmp_path)
    assert refused.code == 2
    assert "red chose 2 of 2 submissions already" in refused.err
    told = [administer(tmp_path, None, "submission", "choose", ids[0], "--take-back")]
    assert told[0]["chosen"] == [ids[1]]
    unknown = harness("submission", "choose", "nobody", "--data-dir", tmp_path)
    assert unknown.code == 2


def test_a_course_is_written_from_the_data_folder(tmp_path: Path, database: str | None) -> None:
    data = tmp_path / "data"
    with a_place(data, database) as place:
        place.phase()
        place.hand_in(a_zip(1), "red")
    told = administer(data, database, "export-course", str(tmp_path / "course"))
    assert (told["phases"], told["teams"], told["submissions"]) == (1, 1, 1)
    assert (tmp_path / "course" / "report.html").exists()
    options = ("--data-dir", data, *(("--database", database) if database else ()))
    again = harness("export-course", tmp_path / "course", *options)
    assert again.code == 2
    assert "is there already" in again.err
    nowhere = harness("export-course", tmp_path / "other", "--data-dir", tmp_path / "nowhere")
    assert nowhere.code == 2
