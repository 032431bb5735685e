"""What the shop knows, in SQLite. Every function is one transaction."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

SCHEMA = """
    create table if not exists users (id integer primary key, email text unique not null);
    create table if not exists orders (
        id integer primary key,
        user_id integer not null references users,
        total text not null,
        state text not null default 'open'
    );
    create table if not exists charges (order_id integer primary key references orders, total text not null);
    create table if not exists mails (
        id integer primary key,
        email text not null,
        subject text not null,
        once text unique
    );
"""


@dataclass(frozen=True)
class Order:
    id: int
    email: str
    total: Decimal
    state: str


def path() -> Path:
    return Path(os.environ.get("SHOP_DATABASE", "shop.sqlite"))


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path(), timeout=30)
    try:
        connection.executescript(SCHEMA)
        with connection:
            yield connection
    finally:
        connection.close()


def add_user(email: str) -> int:
    with transaction() as db:
        return int(db.execute("insert into users (email) values (?) returning id", [email]).fetchone()[0])


def email_of(user_id: int) -> str:
    with transaction() as db:
        return str(db.execute("select email from users where id = ?", [user_id]).fetchone()[0])


def users(after: int) -> list[tuple[int, str]]:
    """Everybody whose number is higher, in order."""
    with transaction() as db:
        return [(row[0], row[1]) for row in db.execute("select id, email from users where id > ? order by id", [after])]


def add_order(user_id: int, total: Decimal) -> int:
    with transaction() as db:
        row = db.execute("insert into orders (user_id, total) values (?, ?) returning id", [user_id, str(total)])
        return int(row.fetchone()[0])


def order(order_id: int) -> Order:
    with transaction() as db:
        row = db.execute(
            "select orders.id, email, total, state from orders join users on users.id = user_id where orders.id = ?",
            [order_id],
        ).fetchone()
    return Order(row[0], row[1], Decimal(row[2]), row[3])


def cancel_order(order_id: int) -> None:
    with transaction() as db:
        db.execute("update orders set state = 'cancelled' where id = ? and state = 'open'", [order_id])


def take_payment(order_id: int) -> bool:
    """Charge an open order, once: charging it again changes nothing. Whether it was charged now."""
    with transaction() as db:
        paid = db.execute("update orders set state = 'paid' where id = ? and state = 'open'", [order_id]).rowcount
        if paid:
            db.execute("insert into charges select id, total from orders where id = ?", [order_id])
    return bool(paid)


def charges() -> dict[int, Decimal]:
    with transaction() as db:
        return {row[0]: Decimal(row[1]) for row in db.execute("select order_id, total from charges")}


def keep_mail(email: str, subject: str, once: str | None = None) -> None:
    with transaction() as db:
        db.execute("insert or ignore into mails (email, subject, once) values (?, ?, ?)", [email, subject, once])


def mails() -> list[tuple[str, str]]:
    with transaction() as db:
        return [(row[0], row[1]) for row in db.execute("select email, subject from mails order by id")]
