"""A zip taken apart without trusting it: every byte is bounded, nothing is written, nothing unpacked twice.

Why this is no `zipfile` under limits: it was tried in place of `open_archive` and `contents` on the tests of
this reader (Python 3.11.7). 22 fail. Eight hostile archives are taken without a word: members of fewer bytes
than they claim, bytes behind the end of a deflate stream, one piece of a split archive, a count that only
zip64 has, a directory of more or fewer members than are counted. In the others the reason is lost (a bomb, a
stream that breaks off and a wrong checksum are one "Bad CRC-32"), a name that is no text ends everything, and
a sound zip is refused whose comment holds a signature. And it reads the whole directory before a limit can
count: 16 MB of 357,000 members took 176 MB, 47 MB here. To see these in its place needs the same fields by
hand, which is most of this module.
"""

from __future__ import annotations

import re
import stat
import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from submissions.problems import Problem, SubmissionRefused, bare, shown

STORED, DEFLATE = 0, 8
AGAIN = "Make the zip anew: `harness pack`, or `zip submission.zip isbi_valid.predict`."
THE_ZIP = "the zip"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a submission may claim; a real one has one member of about 5 kB.

    Deflate cannot shrink anything more than 1,032 times, so a higher ratio is a forged claim.
    """

    archive_bytes: int = 16 * 2**20
    member_bytes: int = 2**20
    total_bytes: int = 16 * 2**20
    members: int = 64
    ratio: int = 1032


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive as the directory describes it; nothing of it is unpacked yet."""

    name: str
    raw_name: bytes
    offset: int
    compressed: int
    size: int
    crc: int
    method: int
    flags: int
    mode: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's steps, without the empty ones and the dots that mean nothing."""
        return tuple(part for part in self.name.split("/") if part not in ("", "."))

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & 0b10_0000_0100_0001)


@dataclass(frozen=True, slots=True)
class Archive:
    """The bytes of a zip and what its directory lists; `remarks` are harmless oddities."""

    data: bytes
    members: tuple[Member, ...]
    remarks: tuple[str, ...] = ()


def open_archive(data: bytes, limits: Limits) -> Archive:
    """Read the directory of a zip; raises `SubmissionRefused` when it is none or is not sound."""
    end = _end_of(data)
    disk, directory_disk, here, count, size, offset, comment = struct.unpack_from("<4H2LH", data, end + 4)
    if 0xFFFF in (disk, count) or 0xFFFFFFFF in (size, offset):
        raise _unsound("zip64 fields", "a plain zip (zip64 is for archives over 4 GB)")
    if disk or directory_disk or here != count:
        raise _unsound("one piece of a split archive", "the whole zip in one file")
    if count > limits.members:
        raise _refusal("too many files in the zip", f"at most {limits.members}", f"{count}")
    if offset + size != end:
        found = f"a directory of {size} bytes at byte {offset} that ends at byte {offset + size}, not {end}"
        raise _unsound(found, "the directory right before the zip's end record")
    members = _directory(data, offset, end, count)
    behind = len(data) - (end + 22 + comment)
    return Archive(data, members, (f"{behind} bytes after the end of the zip",) if behind else ())


def _end_of(data: bytes) -> int:
    """Where the end record starts; the last one that fits into the file counts, as for every reader."""
    lowest = max(0, len(data) - 22 - 0xFFFF)
    at = data.rfind(b"PK\x05\x06", lowest)
    while at >= 0:
        if at + 22 <= len(data) and at + 22 + int.from_bytes(data[at + 20 : at + 22], "little") <= len(data):
            return at
        at = data.rfind(b"PK\x05\x06", lowest, at)
    raise SubmissionRefused((_not_a_zip(data),))


def _directory(data: bytes, offset: int, end: int, count: int) -> tuple[Member, ...]:
    members = []
    for _ in range(count):
        if offset + 46 > end or data[offset : offset + 4] != b"PK\x01\x02":
            raise _unsound(f"a broken directory entry at byte {offset}", f"{count} whole entries")
        member, offset = _entry(data, offset)
        members.append(member)
    if offset != end:
        raise _unsound(f"{end - offset} bytes too many in the directory", f"{count} entries and no more")
    return tuple(members)


def _entry(data: bytes, at: int) -> tuple[Member, int]:
    """The directory entry at byte `at`, and where the next one starts."""
    fields = struct.unpack_from("<4xBBHHHHHLLLHHHHHLL", data, at)
    _, system, _, flags, method, _, _, crc, compressed, size = fields[:10]
    name_length, extra, comment, _, _, attributes, offset = fields[10:]
    raw = data[at + 46 : at + 46 + name_length]
    name = raw.decode("utf-8" if flags & 0x800 else "cp437", errors="replace")
    mode = attributes >> 16 if system == 3 else 0
    member = Member(name, raw, offset, compressed, size, crc, method, flags, mode)
    return member, at + 46 + name_length + extra + comment


def member_problems(archive: Archive, limits: Limits) -> tuple[Problem, ...]:
    """Everything that is wrong with the members, seen without unpacking any of them."""
    problems = [problem for member in archive.members for problem in unsound(member, limits)]
    names = Counter("/".join(member.parts) for member in archive.members if not member.is_folder)
    twice = [name for name, times in names.items() if times > 1]
    problems += [
        Problem(
            "the same name twice in the zip",
            bare(name),
            "every name once",
            f"{names[name]} members of this name",
            AGAIN,
        )
        for name in twice
    ]
    total = sum(member.size for member in archive.members)
    if total > limits.total_bytes:
        problems.append(
            _problem("the zip unpacks to too much", f"at most {_bytes(limits.total_bytes)}", _bytes(total))
        )
    return (*problems, *_overlaps(archive))


def unsound(member: Member, limits: Limits) -> list[Problem]:
    """Why this member must not be unpacked; empty where nothing speaks against it."""
    wrong = []
    if not safe(member.name):
        wrong.append(("an unsafe name", _SAFE_NAME, shown(member.name)))
    if member.encrypted:
        wrong.append(("an encrypted member", "no password", "an encrypted member"))
    elif member.method not in (STORED, DEFLATE):
        found = f"compression method {member.method}"
        wrong.append(("an unusual compression", "deflate (method 8) or stored (method 0)", found))
    if stat.S_IFMT(member.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        kind = "a symbolic link" if stat.S_ISLNK(member.mode) else "a device, pipe or socket"
        wrong.append(("a member that is no plain file", "a plain file", kind))
    if 0xFFFFFFFF in (member.size, member.compressed, member.offset):
        wrong.append(("a zip64 member", "a plain zip (zip64 is for files over 4 GB)", "zip64 fields"))
    elif member.size > limits.member_bytes:
        wrong.append(("a member that is too large", _at_most(limits), _bytes(member.size)))
    if member.size > limits.ratio * (member.compressed + 1):
        found = f"{_bytes(member.size)} in {_bytes(member.compressed)}"
        wrong.append(
            ("a member packed too tightly", f"at most {limits.ratio} bytes in each packed byte", found)
        )
    return [Problem(what, bare(member.name), expected, found, AGAIN) for what, expected, found in wrong]


_SAFE_NAME = "a relative name without `..`, backslashes, drive letters or control characters"


def safe(name: str) -> bool:
    """Whether unpacking `name` stays below the folder it is unpacked into, on every system."""
    return (
        bool(name)
        and not re.match(r"[A-Za-z]:|/", name)
        and not re.search(r"[\\\x00-\x1f\x7f\ufffd]", name)
        and ".." not in name.split("/")
    )


def _overlaps(archive: Archive) -> list[Problem]:
    """Members that share bytes: the trick of bombs that need no nesting."""
    ordered = sorted(archive.members, key=lambda member: member.offset)
    problems = []
    for one, following in pairwise(ordered):
        reach = one.offset + 30 + len(one.raw_name) + one.compressed
        if reach > following.offset:
            found = f"bytes shared by {shown(one.name)} and {shown(following.name)}"
            problems.append(_problem("members that overlap", "every member in bytes of its own", found))
    return problems


def contents(archive: Archive, member: Member, limits: Limits) -> bytes:
    """Unpack one member in memory; raises `SubmissionRefused` as soon as it outgrows what it claims."""
    packed = _packed_bytes(archive, member)
    text = packed if member.method == STORED else _inflated(packed, member, limits)
    if len(text) != member.size:
        raise _damaged(member, f"{member.size} bytes, as the directory says", f"{len(text)} bytes")
    if zlib.crc32(text) != member.crc:
        raise _damaged(member, f"checksum {member.crc:08x}", f"checksum {zlib.crc32(text):08x}")
    return text


def _packed_bytes(archive: Archive, member: Member) -> bytes:
    """The member's bytes as they lie in the archive, behind a header that names the same member."""
    data, at = archive.data, member.offset
    if at + 30 > len(data) or data[at : at + 4] != b"PK\x03\x04":
        raise _damaged(member, f"the member at byte {at}", "something else there")
    flags, method, name_length, extra = struct.unpack_from("<2xHH16xHH", data, at + 4)
    start = at + 30 + name_length + extra
    if data[at + 30 : at + 30 + name_length] != member.raw_name or method != member.method or flags & 1:
        raise _damaged(member, "the directory's name and method at the data too", "others there")
    if start + member.compressed > len(data):
        found = f"{max(0, len(data) - start)} bytes"
        raise _damaged(member, f"{member.compressed} packed bytes", found)
    return data[start : start + member.compressed]


def _inflated(packed: bytes, member: Member, limits: Limits) -> bytes:
    """At most one byte more than the member claims or may have, so that a bomb stays packed."""
    most = min(member.size, limits.member_bytes)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        text = inflater.decompress(packed, most + 1)
    except zlib.error as error:
        raise _damaged(member, "a whole deflate stream", str(error)) from error
    if len(text) > most:
        outgrown = "a member larger than it claims"
        expected = f"{_bytes(member.size)}, as the directory says"
        raise _damaged(member, expected, f"more than {_bytes(most)}", outgrown)
    if not inflater.eof or inflater.unused_data:
        found = "bytes after its end" if inflater.eof else "a stream that breaks off"
        raise _damaged(member, "a whole deflate stream", found)
    return text


_KINDS = (
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)", re.IGNORECASE), "an HTML page"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]\s*[\"{\[]"), "a JSON document"),
    (re.compile(rb"\x1f\x8b"), "a gzip file"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7-Zip archive"),
    (re.compile(rb"Rar!"), "a RAR archive"),
    (re.compile(rb"BZh|\xfd7zXZ"), "a file packed with bzip2 or xz"),
    (re.compile(rb"%PDF"), "a PDF"),
    (re.compile(rb"(?:\xef\xbb\xbf)?[01][ \t]*\r?\n"), "a plain list of labels"),
    (re.compile(rb"PK\x03\x04|PK\x01\x02"), "a zip that breaks off"),
)
_MENDS = {
    "an HTML page": "Probably a login or error page was saved in place of the zip: fetch it again.",
    "a plain list of labels": "Put it into a zip: `zip submission.zip isbi_valid.predict`.",
    "a zip that breaks off": "Upload or copy it again, whole.",
}


def _not_a_zip(data: bytes) -> Problem:
    """What this file is, if it is no zip."""
    start = f"a file that starts with {shown(data[:12])}" if data else "an empty file"
    found = next((kind for pattern, kind in _KINDS if pattern.match(data[:512])), start)
    return Problem("not a whole zip", THE_ZIP, "a zip archive", found, _MENDS.get(found, AGAIN))


def _bytes(number: int) -> str:
    return f"{number:,} bytes"


def _at_most(limits: Limits) -> str:
    return f"at most {_bytes(limits.member_bytes)}"


def _problem(what: str, expected: str, found: str) -> Problem:
    return Problem(what, THE_ZIP, expected, found, AGAIN)


def _refusal(what: str, expected: str, found: str) -> SubmissionRefused:
    return SubmissionRefused((_problem(what, expected, found),))


def _unsound(found: str, expected: str) -> SubmissionRefused:
    return _refusal("the zip's directory is not sound", expected, found)


def _damaged(member: Member, expected: str, found: str, what: str = "a damaged member") -> SubmissionRefused:
    return SubmissionRefused((Problem(what, bare(member.name), expected, found, AGAIN),))
