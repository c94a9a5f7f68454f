"""Questions that are asked all day with other values: PostgreSQL plans each of them once per connection.

Django puts the values into the text, so that each question is planned anew; where a shape is asked for, that takes as
long as to find it, because the planner reads how shapes are spread. Apart from queries, which says what is asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def ask(sql: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows that answer. The values go to PostgreSQL apart from the text, so their types have to be said in it where
    they do not follow (``%s::text[]``)."""
    connection.ensure_connection()
    apart: Any = psycopg.Cursor(connection.connection)  # Django's stub knows none but its own
    with connection.make_debug_cursor(apart) if connection.queries_logged else connection.make_cursor(apart) as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
