"""Jobs performed beside a Starlette or FastAPI app, in its event loop, for as long as it runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from jobkit.app import App
from jobkit.connections import resolver
from jobkit.worker import Worker

Lifespan: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Any]]


def lifespan(app: App, inner: Lifespan | None = None, **options: Any) -> Lifespan:
    """``FastAPI(lifespan=lifespan(app))``: a worker starts and stops with the web app.

    ``inner``: a lifespan of your own, which begins before the worker and ends after it. ``options``: those of
    `jobkit.Worker`. Where a test run says where jobs go no worker starts: the test performs them.
    """

    @asynccontextmanager
    async def life(web: Any) -> AsyncGenerator[Mapping[str, Any] | None]:
        async with AsyncExitStack() as stack:
            state: Mapping[str, Any] | None = None
            if inner is not None:
                state = await stack.enter_async_context(inner(web))
            stack.push_async_callback(app.aclose)
            if not resolver.is_overridden():
                await stack.enter_async_context(Worker(app, **options))
            yield state

    return life
