"""What ``aenqueue`` returns goes wherever a coroutine does."""

from __future__ import annotations

import asyncio
from typing import assert_type

import jobkit

app = jobkit.App()


@app.job
async def send(user_id: int) -> None: ...


async def main() -> None:
    assert_type(await asyncio.create_task(send.aenqueue(7)), jobkit.Receipt)
    assert_type(await asyncio.wait_for(send.aenqueue(7), 1), jobkit.Receipt)
    assert_type(await asyncio.gather(send.aenqueue(7), send.aenqueue(8)), tuple[jobkit.Receipt, jobkit.Receipt])
    async with asyncio.TaskGroup() as group:
        task = group.create_task(send.aenqueue(7))
    assert_type(task.result(), jobkit.Receipt)


assert_type(asyncio.run(send.aenqueue(7)), jobkit.Receipt)
