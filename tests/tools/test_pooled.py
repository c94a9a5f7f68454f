"""A connection of the pool is lent without a question where it is sure to live, and never when its server has ended."""

import os
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from madoguchi.site import pooled


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The questions that really went to the server, of those that the pool asks."""
    asked: list[Any] = []
    execute = psycopg.Connection.execute

    def noted(self: Any, query: Any, *args: Any, **named: Any) -> Any:
        asked.append(query)
        return execute(self, query, *args, **named)

    monkeypatch.setattr(psycopg.Connection, "execute", noted)
    return asked


@pytest.fixture
def pool() -> Iterator[ConnectionPool[pooled.Connection]]:
    with ConnectionPool(
        os.environ["DATABASE_URL"],
        connection_class=pooled.Connection,
        kwargs={"autocommit": True},
        min_size=1,
        max_size=1,
        check=ConnectionPool.check_connection,
    ) as pool:
        yield pool


def backend(pool: ConnectionPool[pooled.Connection]) -> int:
    with pool.connection() as lent, lent.cursor() as cursor:
        row = cursor.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        return int(row[0])


def test_a_busy_connection_is_lent_without_a_question(
    pool: ConnectionPool[pooled.Connection], asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len({backend(pool) for _ in range(5)}) == 1
    assert asked == [""]
    monkeypatch.setattr(pooled, "ANSWER_COUNTS", 0.0)
    backend(pool)
    assert asked == ["", ""], "what was silent for long is asked"


def test_what_the_server_has_ended_is_never_lent(pool: ConnectionPool[pooled.Connection]) -> None:
    before = backend(pool)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [before])
        for _ in range(100):
            if not other.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [before]).fetchall():
                break
            time.sleep(0.05)
    assert backend(pool) != before
