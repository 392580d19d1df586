"""The process's own memory while a processor computes."""

from __future__ import annotations

import ctypes
import platform
from functools import lru_cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's mallopt(3)."""
_LARGEST = 1 << 30


@lru_cache
def keep_freed_memory() -> bool:
    """Let glibc keep what a step frees for the next one; False where there is no glibc.

    The activations of a step are tens of megabytes each. As it comes, glibc gives every one back to the
    system and asks anew, and the system clears its pages each time (``python -m benchmarks.heap`` measures
    what that costs). Numbers do not change; the memory stays with the process until it ends.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    set_option = ctypes.CDLL(None).mallopt
    return all([set_option(_MMAP_THRESHOLD, _LARGEST), set_option(_TRIM_THRESHOLD, 2 * _LARGEST - 1)])
