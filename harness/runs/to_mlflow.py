"""A run's curves on an MLflow server, by its own client from `history.jsonl`; one that is away is no end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from harness import console
from harness.runs.cards import NOT_A_DEVICE
from harness.runs.followers import Event, Followed, numbers

EXPERIMENT = "harness"
KEY = "harness_key"
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Unless the user says otherwise: the client would try for minutes, and tell its makers that it is used."""
_REST = 60
"""After a try that failed, the next comes when so many times its length have passed."""
_AT_ONCE = 500
_LONGEST = 500
"""Characters of a parameter."""


class Mlflow:
    """One run of MLflow for one run of ours, known again by its key."""

    def __init__(self, uri: str, followed: Followed) -> None:
        self._uri, self._followed = uri, followed
        self._client: Any = None
        self._run = ""
        self._sent: set[tuple[str, int]] = set()
        self._events: Sequence[Event] = ()
        self._result: Mapping[str, float] = {}
        self._at = 0
        self._said = False
        self._not_before = 0.0

    def follow(self, events: Sequence[Event]) -> None:
        """Send the epochs that are not there yet."""
        self._events = events
        self._try(self._send)

    def result(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Send what the run is worth under ``result/``."""
        self._result, self._at = {f"result/{name}": value for name, value in metrics.items()}, epoch
        self._try(self._send)

    def close(self, *, well: bool) -> None:
        """Send what could not be sent before, and end MLflow's run."""
        self._not_before = 0.0
        self._try(lambda: self._end(well=well))

    def _try(self, work: Callable[[], None]) -> None:
        """Do it; a server that is away, or refuses, is named once, and left alone for a while."""
        begun = time.monotonic()
        if begun < self._not_before:
            return
        try:
            work()
        except Exception as error:  # whatever goes wrong with a server must not end a training
            self._not_before = time.monotonic() + _REST * (time.monotonic() - begun)
            if not self._said:
                self._said = True
                reason = f"{type(error).__name__}: {error}".partition("\n")[0]
                told = f"MLflow at {self._uri} took nothing ({self._shown(reason)[:200]}); "
                more = "the run goes on, and its curves stay in history.jsonl"
                console.say(self._shown(told) + more, style="yellow")

    def _send(self) -> None:
        if not self._run:
            self._open()
        values = {int(event["epoch"]): numbers(event) for event in self._events}
        for name, value in self._result.items():
            values.setdefault(self._at, {})[name] = value
        new = [
            (name, value, epoch)
            for epoch, named in values.items()
            for name, value in named.items()
            if (name, epoch) not in self._sent
        ]
        for start in range(0, len(new), _AT_ONCE):
            self._log(new[start : start + _AT_ONCE])

    def _log(self, points: Sequence[tuple[str, float, int]]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._client.log_batch(
            self._run, metrics=[Metric(name, value, now, epoch) for name, value, epoch in points]
        )
        self._sent |= {(name, epoch) for name, _, epoch in points}

    def _open(self) -> None:
        """Find the run of this key, with the points that it has, or begin one."""
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        self._client = MlflowClient(tracking_uri=self._uri)
        experiment = self._experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT))
        key = self._followed.folder.key
        there = self._client.search_runs([experiment], f"tags.`{KEY}` = '{key}'", max_results=1)
        if there:
            self._run = there[0].info.run_id
            self._client.update_run(self._run, "RUNNING")
            self._sent = {
                (name, point.step)
                for name in there[0].data.metrics
                for point in self._client.get_metric_history(self._run, name)
            }
        else:
            self._run = self._begun(experiment, key)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self._client.create_experiment(name))

    def _begun(self, experiment: str, key: str) -> str:
        from mlflow.entities import Param

        tags = {KEY: key, "mlflow.note.content": NOT_A_DEVICE.strip()}
        run = str(self._client.create_run(experiment, tags=tags, run_name=self._followed.name).info.run_id)
        told = {name: str(value)[:_LONGEST] for name, value in self._followed.facts.items()}
        self._client.log_batch(run, params=[Param(name, value) for name, value in told.items()])
        return run

    def _end(self, *, well: bool) -> None:
        self._send()
        self._client.set_terminated(self._run, "FINISHED" if well else "KILLED")

    def _shown(self, words: str) -> str:
        """Words without the name and password that may stand in the address."""
        secret = urlsplit(self._uri).netloc.rpartition("@")[0]
        return words.replace(f"{secret}@", "") if secret else words
