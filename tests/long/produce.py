"""Enqueues many of the shop's jobs, in batches: ``python produce.py COUNT``, in the folder of the examples."""

from __future__ import annotations

import sys

from shop.jobs import app, tick

BATCH = 100


def main() -> None:
    count = int(sys.argv[1])
    for start in range(0, count, BATCH):
        receipts = app.enqueue_many([tick.call(number) for number in range(start, min(start + BATCH, count))])
        assert all(receipts), "an enqueue was not accepted"
        for receipt in receipts:
            print(receipt.id)


if __name__ == "__main__":
    main()
