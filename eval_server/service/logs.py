"""Log lines as JSON on standard error, one event a line."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

FACTS = ("request", "method", "path", "status", "ms", "caller", "submission")


class JsonLines(logging.Formatter):
    """One JSON object a line: when, how grave, what, and the facts of the request."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        said |= {name: getattr(record, name) for name in FACTS if getattr(record, name, None) is not None}
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)


def start(level: int = logging.INFO) -> None:
    """Send the server's log lines, and uvicorn's warnings, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name, lowest in (("harness", level), ("uvicorn", logging.WARNING), ("alembic", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(lowest)
        logger.propagate = False
