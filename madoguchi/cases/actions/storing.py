"""The rows of cases, several in one statement: read and locked, opened, written.

The statements are written here: for the ORM composing one takes longer than running it, and it writes row by row.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.db import connection

from madoguchi.cases.models import Case
from madoguchi.ground import clock
from madoguchi.places.models import Place
from madoguchi.procedures import queries as procedures

_FIELDS: Final = {one.name: one for one in Case._meta.concrete_fields if not one.generated}
_GENERATED: Final = tuple(one.name for one in Case._meta.concrete_fields if one.generated)
#: Rows as one value: what a statement says does not grow with them, and psycopg splits it up but once.
_TOLD: Final = 'json_populate_recordset(NULL::"case", %s::json) AS told'
_ATTNAMES: Final = [one.attname for one in Case._meta.concrete_fields]
_CONVERTED: Final = [
    (place, one) for place, one in enumerate(Case._meta.concrete_fields) if hasattr(one, "from_db_value")
]
_COLUMNS: Final = ", ".join(f'"{one.column}"' for one in Case._meta.concrete_fields)
_LOCKED: Final = f'SELECT {_COLUMNS} FROM "case" WHERE %s FOR UPDATE'  # noqa: S608 -- names of our columns
#: What filling in changes.
TYPED: Final = ("answers", "typed", "corrects", "revision", "saved_at")
#: All that can change once a case is there.
ALL: Final = tuple(name for name in _FIELDS if name != "id")


def locked(where: str, *keys: Any) -> list[Case]:
    """The cases as they are now, locked until the act ends, in the order that ``where`` (SQL of ours) gives."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCKED % where, keys)
        rows = cursor.fetchall()
    cases = [_case(row) for row in rows]
    for one in cases:
        one.procedure = procedures.version(one.procedure_id)
    return cases


def insert(cases: Sequence[Case]) -> set[UUID]:
    """Open these cases; whose row is there now. The others are there already: the person has a draft like it."""
    if not cases:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_insertion(), [_told(cases, tuple(_FIELDS))])
        there = {key: generated for key, *generated in cursor.fetchall()}
    for one in cases:
        if one.pk in there:
            one.__dict__.update(zip(_GENERATED, there[one.pk], strict=True))
            one._state.adding, one._state.db = False, connection.alias
    return set(there)


def save(cases: Collection[Case]) -> None:
    """Write what was filled in: one more revision of each."""
    for one in cases:
        one.revision += 1
        one.saved_at = clock.now()
    write(cases, TYPED)


def forget_place(place: UUID | None) -> None:
    """Delete a place that a case has named, once no case names it any more."""
    if place is not None and not Case.objects.filter(place_id=place).exists():
        Place.objects.filter(pk=place).delete()


def write(cases: Collection[Case], names: tuple[str, ...] = ALL) -> None:
    """Write these fields of cases that are locked."""
    if not cases:
        return
    with connection.cursor() as cursor:
        cursor.execute(_change(names), [_told(cases, ("id", *names))])
        if cursor.rowcount != len(cases):
            raise RuntimeError("a case that was locked is gone")


def mirror(case: Case, fresh: Case) -> Case:
    """Let the caller's object show what is stored now."""
    case.__dict__.update({key: value for key, value in fresh.__dict__.items() if key != "_state"})
    return case


@cache
def _insertion() -> str:
    names, made = _names(tuple(_FIELDS)), _names(("id", *_GENERATED))
    return f'INSERT INTO "case" ({names}) SELECT {names} FROM {_TOLD} ON CONFLICT DO NOTHING RETURNING {made}'  # noqa: S608 -- names of our columns


@cache
def _change(names: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{one}" = told."{one}"' for one in (_FIELDS[name].column for name in names))
    return f'UPDATE "case" SET {changes} FROM {_TOLD} WHERE "case".id = told.id'  # noqa: S608 -- as above


def _case(row: Sequence[Any]) -> Case:
    """The case that stands in a row of all its columns."""
    values = list(row)
    for at, field in _CONVERTED:
        values[at] = field.from_db_value(values[at], None, connection)
    return Case.from_db(connection.alias, _ATTNAMES, values)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{Case._meta.get_field(name).column}"' for name in names)  # type: ignore[union-attr]  # of ours


def _told(cases: Collection[Case], names: tuple[str, ...]) -> str:
    """These fields of cases as one JSON array; times and keys as PostgreSQL reads them. Raises TypeError for an answer
    that JSON does not know."""
    columns = [(_FIELDS[name].column, _FIELDS[name].attname) for name in names]
    rows = [{column: _plain(getattr(case, attname)) for column, attname in columns} for case in cases]
    return json.dumps(rows, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, dt.date | UUID) else value
