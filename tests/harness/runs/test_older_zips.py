"""Runs whose zip an earlier version packed, in deflate blocks, are their own runs still."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from eval_server.judging.truth import read_truth
from harness.errors import DataWrong
from harness.reports.entries import open_entry
from harness.runs.folder import read_manifest
from harness.runs.plan import Plan, Request, resolve
from harness.runs.workflow import run
from submissions.packing import packed
from submissions.reading import read
from tests.support.dataset import a_dataset
from tests.support.submissions import Packed, a_zip


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    """A run that is predicted, and whose manifest speaks of a zip as the earlier version packed it."""
    a_dataset(tmp_path / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
        plan = resolve(Request("majority", data_root=tmp_path / "data", runs_root=tmp_path / "runs"))
        run(plan)
        folder = plan.folder
        manifest = replace(
            read_manifest(folder.manifest), submission_sha256=hashlib.sha256(earlier(plan)).hexdigest()
        )
        folder.write(folder.manifest, json.loads(manifest.to_json()))
        yield plan


def zip_of(plan: Plan) -> Path:
    return plan.folder.submission(partial=plan.split.phase.partial)


def earlier(plan: Plan) -> bytes:
    """The same predictions in the bytes of the version before: stored blocks of a deflate stream."""
    predictions = read(zip_of(plan), plan.split.phase).predictions
    text = b"".join(b"%d\n" % label for label in predictions.labels)
    blocks = zlib.compressobj(0, zlib.DEFLATED, -zlib.MAX_WBITS)
    stream = blocks.compress(text) + blocks.flush()
    return a_zip({predictions.phase.member: Packed(text, stream=stream)})


def test_a_run_that_was_packed_by_the_version_before_is_found_done_and_judged(plan: Plan) -> None:
    before = earlier(plan)
    zip_of(plan).write_bytes(before)
    assert run(plan).submission == zip_of(plan)
    assert zip_of(plan).read_bytes() == before
    truth = read_truth(next(plan.request.data_root.rglob("*labels.csv")))
    assert open_entry(str(zip_of(plan)), truth).predictions.labels.size == len(plan.split.phase)


def test_a_run_that_was_only_predicted_by_the_version_before_is_packed_and_its_manifest_says_so(
    plan: Plan,
) -> None:
    zip_of(plan).unlink()
    submission = run(plan).submission
    assert submission is not None
    predictions = read(submission, plan.split.phase).predictions
    assert submission.read_bytes() == packed(predictions)
    digest = hashlib.sha256(submission.read_bytes()).hexdigest()
    assert read_manifest(plan.folder.manifest).submission_sha256 == digest


def test_any_other_zip_is_still_refused(plan: Plan) -> None:
    zip_of(plan).write_bytes(earlier(plan) + b" ")
    with pytest.raises(DataWrong, match="does not hold the run's predictions"):
        run(plan)
