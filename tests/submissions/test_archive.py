"""Hostile archives: refused with the reason, in bounded memory, without a byte written."""

from __future__ import annotations

import io
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from submissions.archive import Member, safe, unsound
from submissions.phases import MEMBER, PRELIM
from submissions.problems import Problem, SubmissionRefused
from submissions.reading import Limits, read
from tests.support.submissions import Packed, a_bomb, a_submission, a_zip, deflated, some_predictions, text_of

SOUND = text_of(some_predictions())
# The peak of this process alone: ru_maxrss starts with that of the process it was forked from.
PEAK_MEMORY = """
import sys
from pathlib import Path
from submissions.problems import SubmissionRefused
from submissions.reading import read
try:
    read(sys.argv[1])
except SubmissionRefused as refused:
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    print(int(peak.split()[1]) // 1024)
    print("; ".join(problem.what for problem in refused.problems))
"""


def problems_of(data: bytes, limits: Limits | None = None) -> tuple[Problem, ...]:
    with pytest.raises(SubmissionRefused) as refused:
        read(data, PRELIM, limits)
    assert all(str(problem).isprintable() for problem in refused.value.problems)
    return refused.value.problems


BOMBS = {
    "honest up to 4 GB": Packed(b"", stream=a_bomb(), size=2**32 - 2),
    "claims 3,734 bytes": Packed(b"", stream=a_bomb(), size=3734),
    "claims a megabyte": Packed(b"", stream=a_bomb(), size=2**20),
    "zip64": Packed(b"", stream=a_bomb(), size=2**32 - 1),
}


@pytest.mark.skipif(sys.platform != "linux", reason="a process's own peak memory is read from /proc")
@pytest.mark.parametrize("case", BOMBS)
def test_ten_gigabytes_in_ten_megabytes_are_refused_in_little_memory(case: str, tmp_path: Path) -> None:
    bomb = a_zip({MEMBER: BOMBS[case]})
    assert 10e6 < len(bomb) < 11e6
    (tmp_path / "bomb.zip").write_bytes(bomb)
    command = [sys.executable, "-c", PEAK_MEMORY, str(tmp_path / "bomb.zip")]
    root = Path(__file__).resolve().parents[2]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    megabytes, reasons = answer.splitlines()
    assert int(megabytes) < 300
    assert reasons
    assert [path.name for path in tmp_path.iterdir()] == ["bomb.zip"]


def test_a_bomb_is_never_unpacked_beyond_what_it_claims() -> None:
    """The stream is broken after two megabytes; whoever unpacked that far would call it damaged."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = squeezer.compress(bytes(2**21)) + squeezer.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 2000
    with pytest.raises(zlib.error):
        zlib.decompress(stream, -15)
    (problem,) = problems_of(a_submission_of(Packed(b"", stream=stream, size=5000)))
    assert problem.found == "more than 5,000 bytes"


def a_submission_of(member: Packed) -> bytes:
    return a_zip({MEMBER: member})


def test_a_bomb_among_the_litter_is_refused_although_litter_is_never_unpacked() -> None:
    bomb = Packed(b"", stream=deflated(bytes(2**22)), size=2**22)
    (problem,) = problems_of(a_zip({MEMBER: SOUND, "__MACOSX/._x": bomb}))
    assert (problem.what, problem.found) == ("a member that is too large", "4,194,304 bytes")


def test_many_members_that_are_small_one_by_one_are_refused_together() -> None:
    members: dict[str | bytes, bytes | Packed] = {f"__MACOSX/{n}": bytes(2**20) for n in range(20)}
    (problem,) = problems_of(a_zip({MEMBER: SOUND, **members}))
    assert (problem.what, problem.expected) == ("the zip unpacks to too much", "at most 16,777,216 bytes")


def test_members_that_share_their_bytes_are_refused() -> None:
    members: list[tuple[str | bytes, bytes | Packed]] = [
        (MEMBER, SOUND),
        (".DS_Store", Packed(SOUND, offset=0)),
    ]
    (problem,) = problems_of(a_zip(members))
    assert problem.what == "members that overlap"


def test_a_claim_beyond_what_deflate_can_do_is_refused() -> None:
    (problem,) = problems_of(a_submission_of(Packed(b"1\n" * 1867, size=900_000)))
    assert problem.what == "a member packed too tightly"


def test_a_member_may_be_1032_times_its_packed_bytes_and_not_one_byte_more() -> None:
    """Litter is never unpacked, so nothing but the ratio tells the forged claim."""
    member = Member("x", b"x", 0, 10, 11 * 1032, 0, 8, 0, 0)
    assert unsound(member, Limits()) == []
    (problem,) = unsound(replace(member, size=11 * 1032 + 1), Limits())
    assert (problem.what, problem.found) == ("a member packed too tightly", "11,353 bytes in 10 bytes")
    (problem,) = problems_of(a_zip({MEMBER: SOUND, ".DS_Store": Packed(b"x", size=900_000)}))
    assert problem.what == "a member packed too tightly"


@pytest.mark.parametrize("into", [0, 29, 30, 30 + len(MEMBER) - 1])
def test_a_member_that_begins_in_the_header_of_another_is_refused(into: int) -> None:
    """The bytes of the two members do not meet; those of a header and a member do."""
    packed = len(deflated(SOUND))
    litter = Packed(b"x", offset=packed + into)
    (problem,) = problems_of(a_zip([(MEMBER, SOUND), (".DS_Store", litter)]))
    assert problem.what == "members that overlap"
    behind = Packed(b"x", offset=packed + 30 + len(MEMBER))
    assert read(a_zip([(MEMBER, SOUND), (".DS_Store", behind)]), PRELIM).predictions.phase is PRELIM


def test_the_tightest_honest_submission_is_taken() -> None:
    assert read(a_submission(b"1\n" * 1867)).predictions.positives == 1867


def test_a_crowd_of_members_is_refused_before_any_of_them_is_looked_at() -> None:
    (problem,) = problems_of(a_zip({f"{number}": b"" for number in range(65)}))
    assert (problem.expected, problem.found) == ("at most 64", "65")


EVIL_NAMES = [
    "../evil",
    "a/../../evil",
    "/etc/passwd",
    "C:/evil",
    "c:evil",
    "..\\evil",
    "mine\\" + MEMBER,
    "\\\\host\\share",
    "a\0b",
    "a\nb",
    "",
]


@pytest.mark.parametrize("name", EVIL_NAMES)
def test_a_name_that_could_lead_elsewhere_is_refused_also_beside_a_sound_prediction(name: str) -> None:
    assert not safe(name)
    problems = problems_of(a_zip({MEMBER: SOUND, name: SOUND}))
    assert "an unsafe name" in [problem.what for problem in problems]


@pytest.mark.parametrize("name", ["mine/isbi_valid.predict", "a..b", "...", "Übung/x", "./x"])
def test_an_ordinary_name_is_safe(name: str) -> None:
    assert safe(name)


def test_a_name_that_is_no_text_is_refused() -> None:
    problems = problems_of(a_zip({b"\xff\xfe": Packed(SOUND, flags=0x800)}))
    assert "an unsafe name" in [problem.what for problem in problems]


@pytest.mark.parametrize(
    ("mode", "found"),
    [(stat.S_IFLNK | 0o777, "a symbolic link"), (stat.S_IFIFO | 0o600, "a device, pipe or socket")],
)
def test_a_member_that_is_no_plain_file_is_refused(mode: int, found: str) -> None:
    (problem,) = problems_of(a_submission_of(Packed(SOUND, mode=mode)))
    assert problem.found == found


@pytest.mark.parametrize("flags", [0x1, 0x41, 0x2000])
def test_an_encrypted_member_is_refused(flags: int) -> None:
    (problem,) = problems_of(a_submission_of(Packed(SOUND, flags=flags)))
    assert problem.what == "an encrypted member"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_compression_is_refused_by_its_number(method: int) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        archive.writestr(MEMBER, SOUND)
    (problem,) = problems_of(written.getvalue())
    assert problem.found == f"compression method {method}"


def test_the_same_name_twice_is_refused() -> None:
    problems = problems_of(a_zip([(MEMBER, SOUND), (f"./{MEMBER}", SOUND)]))
    assert "the same name twice in the zip" in [problem.what for problem in problems]


def test_a_wrong_checksum_is_refused_and_both_are_named() -> None:
    (problem,) = problems_of(a_submission_of(Packed(SOUND, crc=0xDEADBEEF)))
    assert problem.expected == "checksum deadbeef"
    assert problem.found == f"checksum {zlib.crc32(SOUND):08x}"


@pytest.mark.parametrize(
    ("member", "found"),
    [
        (Packed(SOUND, size=4000), "3734 bytes"),
        (Packed(SOUND, size=3000), "more than 3,000 bytes"),
        (Packed(SOUND, stream=deflated(SOUND)[:-9]), "a stream that breaks off"),
        (Packed(SOUND, stream=deflated(SOUND) + b"more"), "bytes after its end"),
        (Packed(SOUND, local_name=b"another"), "others there"),
        (Packed(SOUND, method=0, size=10, crc=zlib.crc32(SOUND[:10])), "3734 bytes"),
        (Packed(SOUND, compressed=10**6), None),
        (Packed(SOUND, stream=b"\xff" * 1000), None),
        (Packed(SOUND, offset=5), "something else there"),
        (Packed(SOUND, offset=2**31), "something else there"),
    ],
)
def test_a_member_that_does_not_keep_its_word_is_refused(member: Packed, found: str | None) -> None:
    (problem,) = problems_of(a_submission_of(member))
    assert problem.what in ("a damaged member", "a member larger than it claims")
    assert found in (None, problem.found)


def test_stored_members_are_read() -> None:
    assert len(read(a_submission_of(Packed(SOUND, method=0))).predictions.labels) == 1867


def test_a_zip_written_to_a_pipe_is_read() -> None:
    """Such a zip holds the sizes behind the data; only its directory knows them beforehand."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.written += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, SOUND)
    assert len(read(pipe.written).predictions.labels) == 1867


def test_a_zip_with_a_comment_is_read() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(MEMBER, SOUND)
        archive.comment = b"made by PK\x05\x06 hand"
    assert len(read(written.getvalue()).predictions.labels) == 1867


@pytest.mark.parametrize(
    ("at", "value", "what"),
    [
        (4, 1, "one piece of a split archive"),
        (8, 2, "one piece of a split archive"),
        (10, 0xFFFF, "zip64 fields"),
        (12, 1, "a directory of 1 bytes"),
        (16, 9, "a directory of"),
    ],
)
def test_an_end_record_that_does_not_add_up_is_refused(at: int, value: int, what: str) -> None:
    data = bytearray(a_submission())
    struct.pack_into("<H", data, len(data) - 22 + at, value)
    (problem,) = problems_of(bytes(data))
    assert problem.what == "the zip's directory is not sound"
    assert problem.found.startswith(what)


@pytest.mark.parametrize("count", [0, 2])
def test_a_directory_of_another_length_than_it_says_is_refused(count: int) -> None:
    data = bytearray(a_submission())
    struct.pack_into("<HH", data, len(data) - 14, count, count)
    (problem,) = problems_of(bytes(data))
    assert problem.what == "the zip's directory is not sound"


def test_every_reason_is_given_for_an_archive_with_many() -> None:
    data = a_zip({"../evil": b"", "link": Packed(b"", mode=stat.S_IFLNK), MEMBER: b"1\n2\n"})
    assert [problem.what for problem in problems_of(data)] == [
        "an unsafe name",
        "a member that is no plain file",
        "files that do not belong in the zip",
        "1865 lines too few",
        "a label that is neither 0 nor 1",
    ]
