"""What keeping freed memory saves a training step on a processor: ``python -m benchmarks.heap``.

Each way in a process of its own, by turns; a step of 16 images of the reference entry's network.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

ROUNDS, STEPS = 2, 4


def steps(*, kept: bool) -> None:
    """Print seconds of a step: by the clock, of the processor, of it in the system; and peak MiB."""
    import resource

    import torch

    from models.finetune.heap import keep_freed_memory
    from models.seresnext import SERESNEXT

    if kept and not keep_freed_memory():
        raise SystemExit("there is no glibc here")
    module = SERESNEXT.network().module.to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.Adam(module.parameters(), lr=1e-4)
    images = torch.randn(16, 3, 300, 300).contiguous(memory_format=torch.channels_last)
    found = []
    for _ in range(STEPS):
        before, started = os.times(), time.perf_counter()
        optimiser.zero_grad()
        torch.nn.functional.softplus(module(images)).mean().backward()
        optimiser.step()
        after = os.times()
        wall = time.perf_counter() - started
        found.append((wall, sum(after[:2]) - sum(before[:2]), after.system - before.system))
    wall, spent, system = (min(column) for column in zip(*found[1:], strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {'kept' if kept else 'as it comes'} | {wall:.2f} | {spent:.2f} | {system:.2f} | {peak:.0f} |")


def main(arguments: list[str]) -> int:
    if arguments:
        steps(kept=arguments[0] == "kept")
        return 0
    print("| freed memory | seconds | processor seconds | of them in the system | peak MiB |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    for _ in range(ROUNDS):
        for way in ("given-back", "kept"):
            subprocess.run([sys.executable, "-m", "benchmarks.heap", way], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
