"""One line for each epoch that ends, for whoever waits: also where no bar can be shown."""

from __future__ import annotations

from harness.console import duration, say
from models.progress import EpochEnd


def tell(end: EpochEnd) -> None:
    """Say how an epoch went, on standard error."""
    say(epoch_line(end))


def epoch_line(end: EpochEnd) -> str:
    """``epoch 3 of 6: loss 0.3121, weighted F1 84.10 % on fold1, 41.2 cells/s, 4 min; about 12 min left``."""
    record, epoch = end.record, int(end.record["epoch"])
    told = [
        f"loss {record['loss']:.4f}" if "loss" in record else "",
        _judged(end),
        f"{end.cells_a_second:.1f} cells/s" if end.cells else "",
        duration(end.seconds),
    ]
    left = f"; about {duration(end.left)} left" if end.left else ""
    return f"epoch {epoch} of {end.epochs}: {', '.join(filter(None, told))}{left}"


def _judged(end: EpochEnd) -> str:
    if "weighted_f1" not in end.record:
        return ""
    on = end.record.get("judged_on")
    return f"weighted F1 {100 * end.record['weighted_f1']:.2f} %" + (f" on {on}" if on else "")
