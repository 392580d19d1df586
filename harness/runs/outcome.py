"""What a run has come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_server.judging.verdict import Verdict
from harness.runs.folder import RunFolder, Status
from submissions.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has come to."""

    folder: RunFolder
    status: Status
    submission: Path | None = None
    manifest: Manifest | None = None
    verdict: Verdict | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `harness submit --json`; metrics only where the truth is at hand."""
        document: dict[str, Any] = {
            "run": str(self.folder.path),
            "status": self.status.value,
            "submission": str(self.submission) if self.submission else None,
            "manifest": str(self.folder.manifest) if self.manifest else None,
            "remarks": list(self.manifest.remarks) if self.manifest else [],
        }
        if self.verdict is not None:
            document["metrics"] = self.verdict.to_json()["metrics"]
        return document
