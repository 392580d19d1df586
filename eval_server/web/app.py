"""The server put together: wiring only."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from eval_server.service import logs
from eval_server.service.desk import Desk, utc_now
from eval_server.service.jobs import Judging
from eval_server.service.judge_process import JudgeProcess
from eval_server.service.settings import VARIABLE, Settings
from eval_server.store.store import Store
from eval_server.web.describing import DescribedApi
from eval_server.web.routes import (
    handing_in,
    hosting,
    introducing,
    pages,
    people,
    phase_deeds,
    phases,
    pictures,
    problems,
    rendering,
    sessions,
    setting_aside,
    submissions,
    team_deeds,
    uploads,
)
from eval_server.web.routes.counters import Counters
from eval_server.web.routes.guard import Guard
from eval_server.web.routes.lingering import Lingering
from eval_server.web.routes.prefix import Prefixed
from eval_server.web.running import follow_parent, give_up


def create(
    settings: Settings,
    now: Callable[[], datetime] = utc_now,
    judge: Callable[[Store], Judging] | None = None,
) -> FastAPI:
    """The application; its store is opened and its judge started when it starts."""
    counters = Counters()

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        desk = await run_in_threadpool(Desk.open, settings, now, judge)
        app.state.desk = desk
        app.state.keeping = asyncio.Semaphore(uploads.AT_ONCE)
        desk.store.keep_watch()
        desk.judge.start()
        desk.boards.start()
        try:
            yield
        finally:
            await run_in_threadpool(desk.judge.stop)
            desk.close()

    app = DescribedApi(title="C-NMC evaluation server", lifespan=running, docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.state.counters = counters
    app.add_middleware(Guard, settings=settings, counters=counters, dress=rendering.in_words)
    app.add_middleware(Lingering)
    app.add_middleware(Prefixed, prefix=settings.path_prefix)
    problems.register(app, rendering.in_words)
    for read_most in (phases, pages):  # routes are tried one after the other
        app.include_router(read_most.router)
    for deeds in (setting_aside, team_deeds, phase_deeds):
        app.include_router(deeds.router)
        app.include_router(deeds.pages)
    for part in (submissions, sessions, hosting, handing_in, people, pictures, introducing):
        app.include_router(part.router)
    return app


def from_environment() -> FastAPI:
    """The application of a worker process, with the settings its parent wrote down."""
    settings = Settings.from_json(os.environ[VARIABLE])
    logs.start()
    if settings.workers > 1:
        follow_parent()
    return create(settings, judge=partial(JudgeProcess, give_up=give_up))
