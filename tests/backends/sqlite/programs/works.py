"""Takes jobs and ends them, one by one, until there are none; says which, and in which attempt, once it is settled."""

from __future__ import annotations

import asyncio
import sys

from jobkit.backend import Done, Settled
from jobkit.backends.sqlite import factory


async def main(url: str, namespace: str, lease: int, wait: int) -> None:
    backend = factory(url, namespace, None)
    while held := await backend.reserve(["q"], limit=1, lease=lease, wait=wait):
        (delivery,) = held
        if await backend.settle([Done(delivery.token)]) == [Settled()]:
            sys.stdout.write(f"{delivery.message.id} {delivery.attempt}\n")
            sys.stdout.flush()
    await backend.close()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
