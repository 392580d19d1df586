"""The picture of a phase, and the host's small ones of cells, cut from the files that `--data` names."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Response

from eval_server.service import own_picture
from eval_server.service.access import require_host
from eval_server.service.desk import Desk
from eval_server.service.finding import find_phase
from eval_server.service.refusals import NotFound
from eval_server.store.records import PhaseRecord
from eval_server.web.routes.callers import Asker, AtDesk

router = APIRouter(include_in_schema=False)
SIDE = 136
"""Pixels of a thumbnail."""
CENTRE = 300
"""Pixels of the centre of an image that holds the cell; the rest is black."""


@router.get("/phases/{phase}/picture")
def picture(phase: str, desk: AtDesk, caller: Asker) -> Response:
    """The phase's own picture; its address changes with it, so that a browser may keep it."""
    found = desk.store.introductions.picture(find_phase(desk, phase).name)
    if found is None:
        raise NotFound("picture of the phase", phase)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(found, media_type=own_picture.MEDIA_TYPE, headers=headers)


@router.get("/phases/{phase}/cells/{cell}.png")
def thumbnail(phase: str, cell: str, desk: AtDesk, caller: Asker) -> Response:
    require_host(caller)
    record = find_phase(desk, phase)
    path = _path(desk, record, cell)
    if path is None:
        raise NotFound("picture of the cell", cell)
    return Response(_png(path), media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


def address(desk: Desk, record: PhaseRecord, cell: str) -> str | None:
    """Where the picture of a cell is served; None where there is none."""
    if _path(desk, record, cell) is None:
        return None
    return desk.settings.path_to(f"/phases/{record.name}/cells/{cell}.png")


def _path(desk: Desk, record: PhaseRecord, cell: str) -> Path | None:
    """The image of a cell; where a name lies in several folders, the one whose path names the phase."""
    if desk.settings.images is None:
        return None
    found = _index(desk.settings.images).get(cell, ())
    named = [path for path in found if record.name.lower() in str(path.parent).lower()]
    if len(named) == 1:
        return named[0]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=4)
def _index(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Every image below a folder by its name; read once."""
    found: dict[str, tuple[Path, ...]] = {}
    for path in sorted(folder.rglob("*.bmp")):
        found[path.name] = (*found.get(path.name, ()), path)
    return found


@lru_cache(maxsize=512)  # at most 28 MB: no thumbnail is larger than its pixels
def _png(path: Path) -> bytes:
    from PIL import Image

    with Image.open(path) as image:
        left, top = ((size - CENTRE) // 2 for size in image.size)
        centre = image.convert("RGB").crop((left, top, left + CENTRE, top + CENTRE))
    written = io.BytesIO()
    centre.resize((SIDE, SIDE)).save(written, "PNG")
    return written.getvalue()
