"""Rows that carry a file."""

import psycopg
from django.db import connection
from django.db.models import Model


def insert_with_file(row: Model) -> None:
    """INSERT the row with its values bound by the server, inside the transaction at hand.

    Django puts values into the text of the statement, where bytes are hexadecimal digits that PostgreSQL reads one by
    one: a photograph of 4 MB takes five times as long.
    """
    given = {
        str(one.column): one.get_db_prep_save(one.pre_save(row, True), connection)
        for one in row._meta.local_concrete_fields
        if not (one.primary_key and row.pk is None)  # the table counts it
    }
    name = connection.ops.quote_name
    columns, places = ", ".join(map(name, given)), ", ".join(["%s"] * len(given))
    statement = f"INSERT INTO {name(row._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608 -- our own names
    values = [value.obj if isinstance(value, psycopg.Binary) else value for value in given.values()]
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement.encode(), values)
    row._state.adding, row._state.db = False, connection.alias
