"""What a step frees is there for the next one, without the system clearing it anew."""

from __future__ import annotations

import subprocess
import sys

COUNTED = """
import resource
import numpy as np
from models.finetune.heap import keep_freed_memory

def cleared():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        np.ones(1 << 23)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = cleared()
assert keep_freed_memory()
cleared()
print(given_back, cleared())
"""


def test_memory_of_a_step_is_not_cleared_again_by_the_system() -> None:
    """Eight arrays of 64 MiB one after another, counted in pages that the system handed out."""
    found = subprocess.run([sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True)
    given_back, kept = map(int, found.stdout.split())
    assert kept < given_back / 10
