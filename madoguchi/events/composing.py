"""Questions whose SQL is written once, and sent together. For the few rows that a page asks for by a key, the ORM takes
longer to write the statement than PostgreSQL to answer it; and asked one after the other, most of the time is waiting.

It stands here because every noun leans on this storey.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from functools import update_wrapper, wraps
from typing import Any, Final, Generic, ParamSpec, TypeVar
from uuid import UUID, uuid4

import psycopg
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import BooleanField, F, Field, Func, Model, Q, QuerySet, TextField, UUIDField, Value

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Model)


class Question(ABC, Generic[P, R]):
    """What is asked of PostgreSQL: called with its values it gives the rows; :meth:`of` sends them with others."""

    def __call__(self, *values: P.args, **named: P.kwargs) -> list[R]:
        """The rows. Raises TypeError for a value that is given by name."""
        if named:
            raise TypeError("a question that is written once takes its values in their order")
        asked = Asked(self, values)
        for one, rows in _AHEAD.get():
            if one == asked:
                return [*rows]
        try:
            sql = self._sql(asked.values)
        except EmptyResultSet:  # the ORM sees by itself that it can hold nothing
            return []
        with self._cursor() as cursor:
            cursor.execute(*sql)
            return self._rows(cursor.fetchall())

    def of(self, *values: P.args, **named: P.kwargs) -> "Asked":
        """The question with its values, for :func:`asked_together`."""
        return Asked(self, values)

    def _cursor(self) -> CursorWrapper:
        return connections[DEFAULT_DB_ALIAS].cursor()

    @abstractmethod
    def _sql(self, values: list[Any]) -> tuple[str, Any]:
        """The statement and its values."""

    @abstractmethod
    def _rows(self, found: list[tuple[Any, ...]]) -> list[R]:
        """What the rows that came back mean."""


class Asked:
    """A question with its values, not sent yet; equal to the same question with the same values."""

    def __init__(self, question: Question[..., Any], values: Collection[Any]) -> None:
        self.question = question
        self.values = [[*one] if _is_several(one) else one for one in values]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Asked) and self.question is other.question and self.values == other.values

    __hash__ = None  # type: ignore[assignment]  # values may change

    def rows(self) -> list[Any]:
        """What the question answers."""
        for one, rows in _AHEAD.get():
            if one is self:
                return [*rows]
        return self.question(*self.values)


@dataclass(frozen=True, slots=True)
class Pending(Generic[R]):
    """A question that was put together, and what its rows mean; ``asked`` is None where it answers itself."""

    asked: Asked | None
    read: Callable[[list[Any]], R]

    def answer(self) -> R:
        """What comes of it."""
        return self.read(self.asked.rows() if self.asked is not None else [])


def answered(question: Callable[P, Pending[R]]) -> Callable[P, R]:
    """The same question, asked where it stands."""

    @wraps(question)
    def ask(*values: P.args, **named: P.kwargs) -> R:
        return question(*values, **named).answer()

    return ask


def _is_several(value: Any) -> bool:
    return not isinstance(value, str | bytes | UUID | dict) and isinstance(value, Collection)


#: What was asked together, the last first: the questions, and the rows of each. They are few, so that finding one by
#: looking at each takes less than a key would that is made of all values.
_AHEAD: Final[ContextVar[tuple[tuple[Asked, list[Any]], ...]]] = ContextVar("ahead", default=())


@contextmanager
def asked_together(*questions: Asked | Pending[Any] | None) -> Iterator[None]:
    """Sends several questions in one go, for a page that asks them all: one trip to the server instead of one each.

    Inside, each of them is answered from what came back, as it was then; whatever else is asked goes its own way. What
    changes something does not belong inside.
    """
    asked = [one.asked if isinstance(one, Pending) else one for one in questions]
    token = _AHEAD.set((*_send([one for one in asked if one is not None]), *_AHEAD.get()))
    try:
        yield
    finally:
        _AHEAD.reset(token)


def _send(questions: Collection[Asked]) -> list[tuple[Asked, list[Any]]]:
    """The rows of each."""
    if not questions:
        return []
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    with ExitStack() as stack:
        cursors = []
        with connection.wrap_database_errors, connection.connection.pipeline():
            for one in questions:
                with suppress(EmptyResultSet):
                    sql = one.question._sql(one.values)
                    cursors.append((one, stack.enter_context(one.question._cursor())))
                    cursors[-1][1].execute(*sql)
        return [(one, one.question._rows(cursor.fetchall())) for one, cursor in cursors]


def composed_once(question: Callable[P, QuerySet[Any, R]]) -> Question[P, R]:
    """The rows of a question, whose statement is written at its first call and after that filled in.

    Its arguments are UUIDs, texts, days, or collections of UUIDs or texts (see :func:`among`). It must depend on
    nothing else: whatever it looked up at its first call, a day or somebody's rights, would be asked for ever.
    """
    return _Composed(question)


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


class _Statement(Question[[str, Mapping[str, Any] | Sequence[Any]], tuple[Any, ...]]):
    """SQL of ours with its values: the rows as they come."""

    def _sql(self, values: list[Any]) -> tuple[str, Any]:
        return values[0], values[1]

    def _rows(self, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return found


class _Planned(_Statement):
    """The same with its values apart from the text: PostgreSQL plans it once per connection, and psycopg asks for that
    (``prepare_threshold``). Where a shape is asked for, planning takes as long as finding it, because the planner reads
    how shapes are spread. The types of values have to be said where they do not follow (``%s::text[]``)."""

    def _cursor(self) -> CursorWrapper:
        connection = connections[DEFAULT_DB_ALIAS]
        connection.ensure_connection()
        apart: Any = psycopg.Cursor(connection.connection)  # Django's stub knows none but its own
        return connection.make_debug_cursor(apart) if connection.queries_logged else connection.make_cursor(apart)


statement: Final = _Statement()
planned: Final = _Planned()


class _Composed(Question[P, R]):
    """A question with the places of its values, as the ORM compiled it at its first call."""

    def __init__(self, question: Callable[P, QuerySet[Any, R]]) -> None:
        update_wrapper(self, question)
        self.question = question
        self.compiler: Any = None

    def __call__(self, *values: P.args, **named: P.kwargs) -> list[R]:
        if [] in Asked(self, values).values:  # of what type its items would be, nobody can tell
            return list(self.question(*values, **named))
        return super().__call__(*values, **named)

    def _sql(self, values: list[Any]) -> tuple[str, Any]:
        if [] in values:  # it is answered when it is called
            raise EmptyResultSet
        if self.compiler is None:
            self._compose(values)
        told = (values[self.places[at]] if at in self.places else one for at, one in enumerate(self.params))
        return self.statement, tuple(told)

    def _compose(self, values: list[Any]) -> None:
        marks = [[_mark_of(one[0])] if isinstance(one, list) else _mark_of(one) for one in values]
        self.asked: QuerySet[Any, R] = self.question(*marks)  # type: ignore[arg-type, call-arg]  # of the types of its values
        compiler = self.asked.query.get_compiler(using=DEFAULT_DB_ALIAS)
        self.statement, self.params = compiler.as_sql()
        self.places = {place: marks.index(param) for place, param in enumerate(self.params) if param in marks}
        if {*self.places.values()} != {*range(len(marks))}:
            raise TypeError(f"{self.question.__name__}: not every value is in the statement as it was given")
        self.compiler = compiler

    def _rows(self, found: list[tuple[Any, ...]]) -> list[R]:
        compiler: Any = copy(self.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]  # of this thread
        if compiler.has_extra_select:  # what only the order needed
            found = [row[: compiler.col_count] for row in found]
        compiler.execute_sql = lambda *_, **__: [found]
        rows: Any = self.asked.all()
        rows.query.get_compiler = lambda using: compiler  # of this one instance
        return list(rows)


def _mark_of(value: UUID | str | date) -> UUID | str | date:
    """What stands in the place of a value until one is given: nothing else in a statement equals it."""
    if isinstance(value, date):
        return date.max - timedelta(days=uuid4().int % 1_000_000)
    return uuid4() if isinstance(value, UUID) else uuid4().hex
