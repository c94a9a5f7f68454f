"""The rows of cases, several in one statement: read and locked, opened, written.

The statements are written here: for the ORM composing one takes longer than running it, and it writes row by row.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.db import connection

from madoguchi.cases.models import Case
from madoguchi.ground import clock
from madoguchi.places.models import Place
from madoguchi.procedures import queries as procedures

_FIELDS: Final = {one.name: one for one in Case._meta.concrete_fields if not one.generated}
_GENERATED: Final = tuple(one.name for one in Case._meta.concrete_fields if one.generated)
_COLUMNS: Final = ", ".join(f'"{one.column}"' for one in Case._meta.concrete_fields)
_LOCKED: Final = f'SELECT {_COLUMNS} FROM "case" WHERE %s FOR UPDATE'  # noqa: S608 -- names of our columns
#: What filling in changes.
TYPED: Final = ("answers", "typed", "corrects", "revision", "saved_at")
#: All that can change once a case is there.
ALL: Final = tuple(name for name in _FIELDS if name != "id")


def locked(where: str, *keys: Any) -> list[Case]:
    """The cases as they are now, locked until the act ends, in the order that ``where`` (SQL of ours) gives."""
    cases = list(Case.objects.raw(_LOCKED % where, keys))
    for one in cases:
        one.procedure = procedures.version(one.procedure_id)
    return cases


def insert(cases: Sequence[Case]) -> set[UUID]:
    """Open these cases; whose row is there now. The others are there already: the person has a draft like it."""
    if not cases:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_insertion(len(cases)), _values(cases, tuple(_FIELDS)))
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
        cursor.execute(_change(names, len(cases)), _values(cases, ("id", *names)))
        if cursor.rowcount != len(cases):
            raise RuntimeError("a case that was locked is gone")


def mirror(case: Case, fresh: Case) -> Case:
    """Let the caller's object show what is stored now."""
    case.__dict__.update({key: value for key, value in fresh.__dict__.items() if key != "_state"})
    return case


@lru_cache(maxsize=32)
def _insertion(count: int) -> str:
    names, made = _names(tuple(_FIELDS)), _names(("id", *_GENERATED))
    rows = _rows(tuple(_FIELDS), count)
    return f'INSERT INTO "case" ({names}) VALUES {rows} ON CONFLICT DO NOTHING RETURNING {made}'  # noqa: S608 -- as above


@lru_cache(maxsize=32)
def _change(names: tuple[str, ...], count: int) -> str:
    told = [f'"{_FIELDS[name].column}"' for name in names]
    changes, rows = ", ".join(f"{one} = told.{one}" for one in told), _rows(("id", *names), count)
    values = f"(VALUES {rows}) AS told ({_names(('id', *names))})"
    return f'UPDATE "case" SET {changes} FROM {values} WHERE "case".id = told.id'  # noqa: S608 -- as above


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{Case._meta.get_field(name).column}"' for name in names)  # type: ignore[union-attr]  # of ours


def _rows(names: tuple[str, ...], count: int) -> str:
    row = ", ".join(f"%s::{_FIELDS[name].db_type(connection)}" for name in names)
    return ", ".join([f"({row})"] * count)


def _values(cases: Collection[Case], names: tuple[str, ...]) -> list[Any]:
    fields = [_FIELDS[name] for name in names]
    return [one.get_db_prep_save(getattr(case, one.attname), connection) for case in cases for one in fields]
