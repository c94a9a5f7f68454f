"""Questions whose SQL is written once. For the few rows that a page asks for by a key, the ORM takes longer to write
the statement than PostgreSQL to answer it.

It stands here because every noun leans on this storey.
"""

from collections.abc import Callable, Collection
from copy import copy
from datetime import date, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID, uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BooleanField, F, Field, Func, Model, Q, QuerySet, TextField, UUIDField, Value

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Model)


def composed_once(question: Callable[P, QuerySet[Any, R]]) -> Callable[P, list[R]]:
    """The rows of a question, whose statement is written at its first call and after that filled in.

    Its arguments are UUIDs, texts, days, or collections of UUIDs or texts (see :func:`among`). It must depend on
    nothing else: whatever it looked up at its first call, a day or somebody's rights, would be asked for ever.
    """
    composed: list[_Composed] = []

    @wraps(question)
    def ask(*args: P.args, **kwargs: P.kwargs) -> list[R]:
        if kwargs:
            raise TypeError("a question that is composed once takes its values in their order")
        values = [list(one) if isinstance(one, Collection) and not isinstance(one, str) else one for one in args]
        if [] in values:  # of what type its items would be, nobody can tell
            return list(question(*args, **kwargs))
        if not composed:
            composed.append(_Composed(question, values))
        rows: list[R] = composed[0].ask(values)
        return rows

    return ask


def among(column: str, values: Collection[UUID] | Collection[str]) -> Q:
    """For ``filter(among("case", keys))``: the same as ``case__in=keys``, in a statement that is one for any number."""
    if not values:
        return Q(**{f"{column}__in": ()})
    item: Field[Any, Any] = TextField() if any(isinstance(one, str) for one in values) else UUIDField()
    given = Value(list(values), ArrayField(item))
    return Q(Func(F(column), given, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField()))


def nothing(rows: QuerySet[M]) -> QuerySet[M]:
    """None of these rows, where it is known that there are none: for ``none()`` alone, the ORM writes the statement
    before it sees that there is nothing to ask."""
    empty = rows.none()
    empty._result_cache = []
    return empty


class _Composed:
    """A question with the places of its values, as the ORM compiled it."""

    def __init__(self, question: Callable[..., QuerySet[Any, Any]], values: list[Any]) -> None:
        marks = [[_mark_of(one[0])] if isinstance(one, list) else _mark_of(one) for one in values]
        self.rows = question(*marks)
        self.compiler = self.rows.query.get_compiler(using=DEFAULT_DB_ALIAS)
        self.statement, self.params = self.compiler.as_sql()
        self.places = {place: marks.index(param) for place, param in enumerate(self.params) if param in marks}
        if {*self.places.values()} != {*range(len(marks))}:
            raise TypeError(f"{question.__name__}: not every value is in the statement as it was given")

    def ask(self, values: list[Any]) -> list[Any]:
        params = tuple(
            values[self.places[place]] if place in self.places else param for place, param in enumerate(self.params)
        )
        compiler: Any = copy(self.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]  # of this thread
        compiler.as_sql = lambda: (self.statement, params)
        rows: Any = self.rows.all()
        rows.query.get_compiler = lambda using: compiler  # of this one instance
        return list(rows)


def _mark_of(value: UUID | str | date) -> UUID | str | date:
    """What stands in the place of a value until one is given: nothing else in a statement equals it."""
    if isinstance(value, date):
        return date.max - timedelta(days=uuid4().int % 1_000_000)
    return uuid4() if isinstance(value, UUID) else uuid4().hex
