"""The packages that this program stands on: which extra brings which, and the command that installs it."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

DISTRIBUTION = "cnmc-harness"

BASE = ("numpy", "pandas", "scipy", "sklearn", "PIL", "click", "rich", "packaging", "httpx", "yaml")
"""What is always installed, as it is imported."""

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "descriptors": ("skimage", "skops"),
    "train": ("torch", "torchvision", "timm", "safetensors"),
    "server": (
        "fastapi", "starlette", "pydantic", "uvicorn", "httptools", "uvloop", "jinja2", "sqlalchemy",
        "alembic", "multipart", "python_multipart", "markdown_it", "prometheus_client", "psycopg",
    ),
    "openvino": ("openvino",),
    "export": ("onnx", "onnxscript", "onnxruntime"),
    "paper": ("vl_convert",),
    "cluster": ("dask", "distributed"),
    "inspect": ("captum",),
    "tensorboard": ("tensorboard",),
    "mlflow": ("mlflow",),
}  # fmt: skip
"""What each extra brings, as it is imported."""


def extra_of(package: str) -> str | None:
    """The extra that brings a package; None for a stranger's, which is never proposed."""
    return next((extra for extra, packages in EXTRAS.items() if package in packages), None)


def install_command(extra: str) -> str:
    """The command that adds an extra to this installation, from where the program itself came."""
    return f"pip install {_source(extra)}"


def _source(extra: str) -> str:
    origin = _origin()
    url = str(origin.get("url", ""))
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"'{DISTRIBUTION}[{extra}] @ {vcs['vcs']}+{url}@{vcs['commit_id']}'"
    folder = Path(unquote(urlsplit(url).path)) if url.startswith("file:") else None
    if folder is not None and folder.exists():
        editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
        return f"{editable}'{folder}[{extra}]'"
    return f"'{DISTRIBUTION}[{extra}]'"


def _origin() -> Mapping[str, Any]:
    """Where pip took this program from (`direct_url.json`, PEP 610); empty where that is not written."""
    try:
        text = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        document = json.loads(text or "{}")
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
