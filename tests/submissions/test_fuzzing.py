"""Whatever the bytes, the answer is predictions or a refusal with reasons, and nothing is written.

2,000 examples of mutated zips and of plain bytes, and 800 more of fields and texts that lie.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from submissions.checking import check
from submissions.phases import MEMBER, PRELIM, phase_of
from submissions.reading import read
from tests.support.submissions import Packed, a_submission, a_zip, some_predictions, text_of

FEW = phase_of("few", ("1.bmp", "2.bmp", "3.bmp"))
SEEDS = (
    a_submission(),
    a_zip({MEMBER: b"1\n0\n1\n"}),
    a_zip({f"mine/{MEMBER}": b"1 \r\n0\r\n1", "__MACOSX/._x": b"\0", ".DS_Store": b""}),
    a_zip({"../evil": b"1\n", "/evil": b"", MEMBER: Packed(b"1\n0\n1\n", method=0)}),
)
FUZZED = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every test here runs three folders below an empty one, which is empty again afterwards."""
    top = tmp_path_factory.mktemp("empty")
    inner = top / "a" / "b" / "c"
    inner.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(inner)
        yield
    found = {path.relative_to(top) for path in top.rglob("*") if ".hypothesis" not in path.parts}
    assert found == {Path("a"), Path("a/b"), Path("a/b/c")}
    assert not Path("/evil").exists()


def answer(data: bytes) -> None:
    for phase in (None, FEW):
        report = check(data, phase)
        assert report.accepted != bool(report.problems)
        assert all(str(problem).isprintable() for problem in report.problems)
        assert json.loads(json.dumps(report.to_json(), ensure_ascii=False).encode()) == report.to_json()
        if report.predictions is not None:
            assert len(report.predictions.labels) == len(report.predictions.phase)


@st.composite
def mutated_zips(draw: st.DrawFn) -> bytes:
    """A zip with some bytes changed, cut out, doubled or put elsewhere."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.integers(0, 64)))
        piece = bytes(data[start:stop])
        data[start:stop] = draw(
            st.sampled_from((b"", piece * 2, piece[::-1], b"\xff" * len(piece)))
            | st.binary(min_size=len(piece), max_size=len(piece))
        )
    return bytes(data)


NUMBERS = (
    st.none() | st.sampled_from((0, 1, 6, 2**20, 2**20 + 1, 2**31, 2**32 - 1)) | st.integers(0, 2**32 - 1)
)
LINES = st.lists(
    st.sampled_from((b"0", b"1", b"1 ", b"2", b"1.0", b"", b"\r", b"\xef\xbb\xbf")) | st.binary(max_size=9),
    max_size=6,
).map(b"\n".join)
MEMBERS = st.builds(
    Packed,
    text=LINES,
    method=st.sampled_from((0, 8, 8, 8, 12, 99)),
    stream=st.none() | st.none() | st.binary(max_size=40),
    size=NUMBERS,
    compressed=st.none() | NUMBERS,
    crc=st.none() | NUMBERS,
    flags=st.sampled_from((0, 0, 0, 1, 8, 0x800, 0xFFFF)),
    mode=st.sampled_from((0, 0o100644, 0o120777, 0o040755, 0o177777)),
    offset=st.none() | st.none() | NUMBERS,
)
NAMES = st.sampled_from(
    (MEMBER, f"x/{MEMBER}", "../evil", "/evil", "metadata", "__MACOSX/x", "a/", "C:\\evil", "x.predict")
).map(str.encode) | st.binary(max_size=12)


@settings(FUZZED, max_examples=1500)
@given(mutated_zips())
def test_a_mutated_zip_is_read_or_refused(data: bytes) -> None:
    answer(data)


@settings(FUZZED, max_examples=600)
@given(st.lists(st.tuples(NAMES, MEMBERS), max_size=4))
def test_a_zip_whose_fields_lie_is_read_or_refused(members: list[tuple[str | bytes, bytes | Packed]]) -> None:
    answer(a_zip(members))


@settings(FUZZED, max_examples=500)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    answer(data)


@settings(FUZZED, max_examples=200)
@given(st.binary(max_size=300) | LINES)
def test_a_sound_zip_of_any_text_is_read_or_refused(text: bytes) -> None:
    answer(a_submission(text))


def test_the_seeds_of_the_fuzzing_are_themselves_worth_mutating() -> None:
    assert read(SEEDS[0]).predictions.labels.tolist() == some_predictions(PRELIM).labels.tolist()
    assert text_of(read(SEEDS[1], FEW).predictions) == text_of(read(SEEDS[2], FEW).predictions)
