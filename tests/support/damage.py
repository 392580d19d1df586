"""Ways in which a file on a disk comes to harm.

`HARNESS_TEST_DAMAGED_PLACES=20` changes it at so many random places in place of two.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

PLACES = int(os.environ.get("HARNESS_TEST_DAMAGED_PLACES", "2"))


def harms(content: bytes, foreign: bytes, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """In words, and as the bytes then: emptied, cut, 1, 4 and 5,000 bytes changed, another file's."""
    chosen = random.Random(seed)
    yield "emptied", b""
    yield "cut in the middle", content[: len(content) // 2]
    yield "cut by ten bytes", content[:-10]
    yield "garbage", chosen.randbytes(5000)
    yield "another one's", foreign
    for length in (1, 4, 5000):
        for _ in range(PLACES):
            start = chosen.randrange(max(1, len(content) - length))
            yield f"{length} bytes changed from {start}", _changed(content, start, length, chosen)


def _changed(content: bytes, start: int, length: int, chosen: random.Random) -> bytes:
    """Every byte there becomes another one."""
    there = content[start : start + length]
    other = bytes(byte ^ chosen.randrange(1, 256) for byte in there)
    return content[:start] + other + content[start + len(there) :]
