"""Opens the followers that a command asks for, and lets them go when the run has ended or was stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.runs.followers import Followed, Follower, Followers
from harness.runs.to_mlflow import Mlflow
from harness.runs.to_tensorboard import Tensorboard


@contextmanager
def following(followed: Followed, *, tensorboard: bool, mlflow: str) -> Iterator[Followers]:
    """The followers that were asked for, shown all that is there already; they are let go at the end."""
    followers: list[Follower] = []
    if tensorboard:
        followers.append(Tensorboard(followed.folder.path / "tensorboard"))
    if mlflow:
        followers.append(Mlflow(mlflow, followed))
    them = Followers(followed.folder, followers)
    well = False
    try:
        them()
        yield them
        well = True
    finally:
        them.close(well=well)
