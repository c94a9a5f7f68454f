"""The desk's lists: what is to be done, what waits, what is late, what has ended, and the search among them.

A list is a page of lines in an order, narrowed by :class:`Filters`, and goes on after the last case of the page before
(keyset): the thousandth page costs what the first does. No answers are read.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from operator import or_
from typing import Any, Final, Literal, get_args
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value, When
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from madoguchi.cases.models import Case, Grams, Step
from madoguchi.cases.models.case import PLACES
from madoguchi.cases.queries.consulting import asked_by, asked_of
from madoguchi.cases.queries.lines import COLUMNS, Line, is_promised, lines_of, lines_with
from madoguchi.cases.queries.sealing import to_review
from madoguchi.cases.queries.staff import mine_to_do, visible, ways_to_do
from madoguchi.events import Actor
from madoguchi.events.composing import Asked, Question, composed_once, statement
from madoguchi.facts.queries import Shown
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.ground.ids import parse_reference
from madoguchi.ground.kana import search_key
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.published import Published

#: Lines of one page.
PAGE: Final = 50
#: Words of a search that are looked for.
MOST_WORDS: Final = 5

View = Literal["mine", "taken", "free", "asked", "review", "section", "late", "waiting", "asking", "elsewhere", "ended"]
VIEWS: Final[tuple[View, ...]] = get_args(View)
#: Those of running cases only.
RUNNING: Final[tuple[View, ...]] = tuple(one for one in VIEWS if one not in ("review", "ended"))
#: What figures are of, in the order in which their statement gives them.
_COUNTED: Final[tuple[View, ...]] = (*RUNNING, "review")
Sort = Literal["due", "received", "name", "changed", "ended"]
#: How many cases each view holds.
Figures = dict[View, int]
#: The column of each order.
SORTS: Final[dict[Sort, str]] = {
    "due": "due_on",
    "received": "received_at",
    "name": "kana",
    "changed": "changed_at",
    "ended": "ended_at",
}
Outcome = Literal["granted", "refused", "withdrawn"]
#: How a word may be written in what is searched, and the pairs of characters by which that is looked for.
Spelling = tuple[str, list[str]]
#: Where words are looked for when no view is named: whoever telephones does not know whose turn it is.
_SEARCHED: Final[tuple[View, ...]] = ("mine", "section", "elsewhere", "ended")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to, and its order; empty fields do not narrow. Kind and channel are of open steps.

    ``taken``: the account of the one who has taken an open step. Days are those of Asia/Tokyo, inclusive. Narrowed to
    a ``town``, a list has nobody who is under 支援措置 (:func:`by_place`).
    """

    code: str = ""
    kind: str = ""
    node: str = ""
    channel: str = ""
    town: str = ""
    taken: UUID | None = None
    received_from: dt.date | None = None
    received_until: dt.date | None = None
    due_until: dt.date | None = None
    outcome: Outcome | None = None
    words: str = ""
    sort: Sort | None = None
    newest_first: bool | None = None


NO_FILTERS: Final = Filters()


def open_steps(by: Actor) -> QuerySet[Step]:
    """The steps whose turn it is and that this member of staff may do: of the sections and of the posts held."""
    steps = Step.objects.filter(mine_to_do(by), done_at=None, case__withdrawn_at=None)
    return steps.select_related("case__procedure").order_by("case__due_on", "opened_at")


def listing(
    view: View, by: Actor, filters: Filters = NO_FILTERS, *, after: UUID | None = None, limit: int = PAGE
) -> list[Line]:
    """A page of a view: the most pressing first (ended cases: newest first), or in the order asked for.

    ``after`` is the last case of the page before. Ask for one more than is shown to know whether there are more.
    """
    if by.kind != "staff":
        return []
    if after is None and not filters.words:
        return lines_of(_first(view, by, filters, limit), by)
    if after is None and not _reference(filters.words):
        return lines_of(_searched(view, by, filters, limit), by)
    cases = in_order(view, found(view, by, filters), filters)
    if after is not None:
        cases = _behind(view, cases, filters, after, by)
    return lines_of(list(cases.only(*COLUMNS)[:limit]), by)


def first_pages(limits: Mapping[View, int], by: Actor, filters: Filters) -> tuple[Figures, dict[View, list[Line]]]:
    """The figures of :func:`counts`, and the most pressing lines of several views of running cases, at most so many of
    each: all of it of one reading of the running cases. Without words to search for."""
    versions = _versions(filters.code)
    if by.kind != "staff" or (filters.code and not versions):
        return dict.fromkeys(_COUNTED, 0), {view: [] for view in limits}
    figures, keys = _counted(by, filters, versions, tuple(limits.items()))
    lines = lines_with([*dict.fromkeys(key for page in keys for key in page)], by)
    return figures, {view: [lines[key] for key in page] for view, page in zip(limits, keys, strict=True)}


def first_pages_asked(limits: Mapping[View, int], by: Actor, filters: Filters) -> list[Asked]:
    """What :func:`first_pages` asks at first."""
    versions = _versions(filters.code)
    if by.kind != "staff" or (filters.code and not versions):
        return []
    return [statement.of(*_counting(by, filters, versions, clock.today(), tuple(limits.items())))]


def _first(view: View, by: Actor, filters: Filters, limit: int) -> list[Case]:
    """What is asked for again and again, and holds nobody's name: its statement is kept."""
    return _listing(view, by, filters, _versions(filters.code), clock.today(), limit)()


def where_found(by: Actor, filters: Filters) -> View | None:
    """The first view in which a case holds the words: mine, the section's, of others, ended. None where none does."""
    if by.kind != "staff":
        return None
    if _reference(filters.words):
        return next((one for one in _SEARCHED if found(one, by, filters).exists()), None)
    words, rest = _wanted(filters.words), replace(filters, words="")
    versions, today = _versions(filters.code), clock.today()
    held = _standing(by, rest, versions, today, _forms(words))(*_said(words))
    running = (view for at, view in enumerate(_SEARCHED[:-1]) if any(row[at] for row in held))
    return next(running, None) or ("ended" if _searched("ended", by, filters, 1) else None)


@lru_cache(maxsize=512)
def _standing(
    by: Actor, filters: Filters, versions: tuple[UUID, ...], today: dt.date, forms: tuple[int, ...]
) -> Callable[..., list[tuple[bool, ...]]]:
    """Of the running cases that hold words: in which of the searched views they are; what is so of many, once."""
    views = {f"in_{view}": _views(by, today)[view] for view in _SEARCHED[:-1]}
    is_in = {name: models.Case(When(is_so, then=True), default=False) for name, is_so in views.items()}

    def question(*said: Any) -> QuerySet[Case, tuple[bool, ...]]:
        cases = _holding(_narrowed(_running(by), filters, versions), _words(said, forms))
        rows: QuerySet[Case, tuple[bool, ...]] = cases.annotate(**is_in).values_list(*is_in).distinct()
        return rows

    return composed_once(question)


def _searched(view: View, by: Actor, filters: Filters, limit: int) -> list[Case]:
    """The first page of a search: its statement is kept without the words, which are names of people."""
    words = _wanted(filters.words)
    rest, versions = replace(filters, words=""), _versions(filters.code)
    return _searching(view, by, rest, versions, clock.today(), limit, _forms(words))(*_said(words))


@lru_cache(maxsize=512)
def _searching(
    view: View,
    by: Actor,
    filters: Filters,
    versions: tuple[UUID, ...],
    today: dt.date,
    limit: int,
    forms: tuple[int, ...],
) -> Callable[..., list[Case]]:
    def question(*said: Any) -> QuerySet[Case]:
        cases = _holding(_narrowed(_viewed(view, by, today), filters, versions), _words(said, forms))
        return in_order(view, cases, filters).only(*COLUMNS)[:limit]

    return composed_once(question)


def following(case: Case, by: Actor) -> tuple[str, str] | None:
    """受付番号 and applicant of the most pressing other case that is this member's turn; None where there is none."""
    if by.kind != "staff":
        return None
    others = [one for one in _first("mine", by, NO_FILTERS, 2) if one.pk != case.pk]
    return (others[0].number or "", others[0].applicant) if others else None


def following_asked(by: Actor) -> Asked:
    """What :func:`following` asks."""
    return _listing("mine", by, NO_FILTERS, (), clock.today(), 2).of()


def found(view: View, by: Actor, filters: Filters = NO_FILTERS) -> QuerySet[Case]:
    """The cases of a view that the filters let through, in no order. For a member of staff only."""
    if by.kind != "staff":
        return Case.objects.none()
    return _narrowed(_viewed(view, by, clock.today()), filters, _versions(filters.code))


def _narrowed(cases: QuerySet[Case], filters: Filters, versions: tuple[UUID, ...]) -> QuerySet[Case]:
    if filters.code:
        cases = cases.filter(procedure_id__in=versions)
    if filters.town:
        cases = by_place(cases.filter(town=filters.town))
    step = _step_filter(filters)
    if step:
        cases = cases.filter(Exists(Step.objects.filter(step, case=OuterRef("pk"), done_at=None)))
    if filters.received_from:
        cases = cases.filter(received_at__gte=_midnight(filters.received_from))
    if filters.received_until:
        cases = cases.filter(received_at__lt=_midnight(filters.received_until + dt.timedelta(days=1)))
    if filters.due_until:
        cases = cases.filter(due_on__lte=filters.due_until)
    if filters.outcome == "withdrawn":
        cases = cases.filter(withdrawn_at__isnull=False)
    elif filters.outcome:
        cases = cases.filter(decision__granted=filters.outcome == "granted", decision__made_at__isnull=False)
    return with_words(cases, filters.words)


def by_place(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Those of these cases that may be found by their place: not those of or about somebody under 支援措置 (秘匿)."""
    return cases.filter(_found_by_place())


def _found_by_place() -> Q:
    return Q(Shown("person_id")) & (Q(subject=None) | Q(Shown("subject_id")))


def with_words(cases: QuerySet[Case], words: str) -> QuerySet[Case]:
    """Of these received cases, those whose number, names, readings or places hold every word, however written.

    The number of a life event, which its applicant has before them, finds the parts of it. Whoever may not be found by
    place is found by number and names alone: with a word that is their place, too, they are as little there as with
    one that is not.
    """
    if (number := _reference(words)) and (parts := cases.filter(part_of__number=number)).exists():
        return parts
    return _holding(cases, _wanted(words))


def _holding(cases: QuerySet[Case], words: Sequence[Sequence[Spelling]]) -> QuerySet[Case]:
    """Of these cases those that hold every word in one of its spellings; the first is that of a name."""
    if not words:
        return cases
    names = Func(F("search_key"), Value(PLACES), Value(1), function="split_part", output_field=TextField())
    for spellings in words:
        cases = cases.filter(reduce(or_, (_holds(*one) for one in spellings)))
    by_names = [_within(F("names"), name) for (name, _), *_ in words]
    return cases.alias(names=names).filter(Q(*by_names) | _found_by_place())


def _holds(key: str, grams: list[str]) -> Q:
    values = Value(grams, ArrayField(TextField()))  # one value of the statement, however many there are
    indexed = Func(
        Grams(F("search_key")), values, template="(%(expressions)s)", arg_joiner=" @> ", output_field=BooleanField()
    )
    return Q(indexed, _within(F("search_key"), key))


def _within(text: F, key: str) -> Q:
    return Q(GreaterThan(StrIndex(text, Value(key)), 0))


def _wanted(words: str) -> list[list[Spelling]]:
    """The words of a search. An address is one address however it is written: 谷川1-1-1 is 谷川一丁目1番1."""
    keys = [(key, word) for word in words.split() if (key := search_key(word))][:MOST_WORDS]
    addresses = [search_key(procedures.address_of(word)) for _, word in keys]
    spelt = [
        [key, address] if address not in ("", key) else [key] for (key, _), address in zip(keys, addresses, strict=True)
    ]
    return [[(one, sorted(grams_of(one))) for one in spellings] for spellings in spelt]


def _forms(words: Sequence[Sequence[Spelling]]) -> tuple[int, ...]:
    """Upon what of its words the statement of a search hangs: how many spellings each has."""
    return tuple(len(spellings) for spellings in words)


def _said(words: Sequence[Sequence[Spelling]]) -> list[str | list[str]]:
    return [value for spellings in words for spelling in spellings for value in spelling]


def _words(said: Sequence[Any], forms: Sequence[int]) -> list[list[Spelling]]:
    """The words again, of the values that stand in a statement."""
    rest = iter(said)
    return [[(next(rest), next(rest)) for _ in range(count)] for count in forms]


def _reference(words: str) -> str:
    try:
        return parse_reference(words)
    except Invalid:
        return ""


def grams_of(key: str) -> set[str]:
    """The pairs of neighbours by which a word is looked for; of a single character, itself."""
    return {key[at : at + 2] for at in range(len(key) - 1)} or {key}


def in_order(view: View, cases: QuerySet[Case], filters: Filters = NO_FILTERS) -> QuerySet[Case]:
    """The order asked for, else the view's own; the id decides between equals, so that no page repeats."""
    column, down = _order(view, filters)
    sign = "-" if down else ""
    return cases.order_by(f"{sign}{column}", f"{sign}id")


def sorts_of(view: View) -> tuple[Sort, ...]:
    """The orders that a view can be put in; of what has ended there is much, so only those that an index gives."""
    return ("ended", "received", "name") if view == "ended" else ("due", "received", "name", "changed")


def counts(by: Actor, filters: Filters = NO_FILTERS) -> Figures:
    """How many cases each view holds, but for what has ended: there a figure only grows and says nothing.

    What was searched for in words is left aside.
    """
    versions = _versions(filters.code)
    if by.kind != "staff" or (filters.code and not versions):
        return dict.fromkeys(_COUNTED, 0)
    return _counted(by, replace(filters, words=""), versions)[0]


def _counted(
    by: Actor, filters: Filters, versions: tuple[UUID, ...], limits: tuple[tuple[View, int], ...] = ()
) -> tuple[Figures, list[list[UUID]]]:
    """All figures, and the first cases of some views."""
    [row] = statement(*_counting(by, filters, versions, clock.today(), limits))
    return dict(zip(_COUNTED, row, strict=False)), [*row[len(_COUNTED) :]]


@lru_cache(maxsize=512)  # a third of the time of a page went into writing this anew for the same member of staff
def _counting(
    by: Actor,
    filters: Filters,
    versions: tuple[UUID, ...],
    today: dt.date,
    limits: tuple[tuple[View, int], ...],
) -> tuple[str, tuple[Any, ...]]:
    """All in one statement, with its values: of each running case is asked once whose turn it is, and counted and put
    in order what follows."""
    # Where nothing can be so, as of somebody who is of no section, the ORM by itself writes 0, which is no yes or no.
    turns = {
        f"is_{name}": models.Case(When(is_so, then=True), default=False) for name, is_so in _turns(by, today).items()
    }
    orders = {view: _order(view, filters) for view, _ in limits}
    columns = sorted({column for column, _ in orders.values()})
    rows = _narrowed(_running(by), filters, versions).annotate(**turns).values_list("pk", *columns, *turns)
    statement, values = rows.query.sql_with_params()
    holds = {view: _COUNTS.get(view, f"is_{view}") for view in RUNNING}
    try:
        review, more = _narrowed(_to_review(by), filters, versions).values("pk").query.sql_with_params()
    except EmptyResultSet:  # who holds no post has decided nothing for anybody
        review, more = "SELECT WHERE false", ()
    asked = [f"count(*) FILTER (WHERE {holds[view]})" for view in RUNNING]
    asked.append(f"(SELECT count(*) FROM ({review}) AS review)")  # noqa: S608 -- what the ORM wrote
    for view, limit in limits:
        column, down = orders[view]
        way = "DESC" if down else "ASC"
        order = f"{column} {way}, pk {way}"
        asked.append(f"ARRAY(SELECT pk FROM running WHERE {holds[view]} ORDER BY {order} LIMIT {limit})")  # noqa: S608 -- columns of ours
    return (
        f"WITH running AS MATERIALIZED ({statement}) SELECT {', '.join(asked)} FROM running",  # noqa: S608 -- what the ORM wrote
        (*values, *more),
    )


#: The views that follow from several of :func:`_turns`.
_COUNTS: Final[Mapping[View, str]] = {
    "mine": "is_free OR is_taken",
    "elsewhere": "NOT (is_waiting OR is_free OR is_taken OR is_with_others)",
}


@lru_cache(maxsize=512)
def _listing(
    view: View, by: Actor, filters: Filters, versions: tuple[UUID, ...], today: dt.date, limit: int
) -> Question[[], Case]:
    """The first page of a view."""
    cases = in_order(view, _narrowed(_viewed(view, by, today), filters, versions), filters)
    return composed_once(lambda: cases.only(*COLUMNS)[:limit])


def procedures_at(by: Actor) -> list[tuple[str, LocalText]]:
    """The procedures in which this member of staff may have a step, by code: from the packages, not from the cases."""
    if by.kind != "staff":
        return []
    newest = tuple(key for (key,) in procedures_asked().rows())
    return [
        (package.procedure.code, package.procedure.title) for package in _with_steps_of(newest, by.sections, by.posts)
    ]


def procedures_asked() -> Asked:
    """What :func:`procedures_at` asks."""
    return statement.of("SELECT DISTINCT ON (code) id FROM procedure ORDER BY code, version DESC, revision DESC", ())


@lru_cache(maxsize=512)
def _with_steps_of(keys: Sequence[UUID], sections: frozenset[str], posts: frozenset[str]) -> list[Published]:
    """Those of these versions in which sections or posts have a step."""
    return [one for one in map(procedures.package_of, keys) if _has_step_of(one, sections, posts)]


def _has_step_of(package: Published, sections: frozenset[str], posts: frozenset[str]) -> bool:
    section = procedures.city().section_of(package.procedure)
    if section and section.id in sections:
        return True
    roles = {node.by for node in package.graph.nodes.values() if node.by}
    return any(procedures.holders(role, package.procedure).include(sections=sections, posts=posts) for role in roles)


def step_title(code: str, node: str) -> LocalText | None:
    """The name of a step in the newest version of a procedure; None where it has no such step."""
    row = Procedure.objects.filter(code=code).order_by("-version", "-revision").only("pk").first()
    found_ = procedures.package(row).graph.nodes.get(node) if row else None
    return found_.title if found_ else None


def late_cases(today: dt.date, case: str = "") -> Q:
    """おくれ of running cases: the promised day has passed and nothing was decided. The promise is of the decision
    (標準処理期間, 行政手続法第6条): what follows is late by its own deadlines. ``case`` leads to them: ``case__``."""
    return Q(**{f"{case}due_on__lt": today, f"{case}decided_at": None})


def is_late(case: Case) -> bool:
    """The same of one case."""
    return is_promised(case) and case.due_on is not None and case.due_on < clock.today()


# -- within -----------------------------------------------------------------------------------------------------------

#: Nothing is awaited from outside: no correction, no payment, nobody's confirmation.
_NOT_WAITING: Final = Q(returned_at=None, payable_at=None, cosigning_at=None)


def _viewed(view: View, by: Actor, today: dt.date) -> QuerySet[Case]:
    return _viewed_of(view, by, today).all()  # a copy: rows that somebody reads do not stay in what is kept


@lru_cache(maxsize=512)  # a search asks for several views, each more than once, and each took as long as its answer
def _viewed_of(view: View, by: Actor, today: dt.date) -> QuerySet[Case]:
    if view == "review":
        return _to_review(by)
    if view == "ended":
        return Case.objects.filter(visible(by), received_at__isnull=False, ended_at__isnull=False)
    return _running(by).filter(_views(by, today)[view])


def _running(by: Actor) -> QuerySet[Case]:
    return Case.objects.filter(visible(by), received_at__isnull=False, closed_at=None, withdrawn_at=None)


def _to_review(by: Actor) -> QuerySet[Case]:
    """A decision is looked at afterwards when the case has ended, too."""
    return Case.objects.filter(visible(by), received_at__isnull=False, pk__in=to_review(by).values("step__case"))


def _views(by: Actor, today: dt.date) -> dict[View, Q]:
    """The views of running cases: which of them each holds."""
    turns = _turns(by, today)
    turns.pop("with_others")
    mine, elsewhere = turns["free"] | turns["taken"], _NOT_WAITING & ~_at(*_ours(by))
    return {**turns, "mine": mine, "elsewhere": elsewhere}  # type: ignore[dict-item]  # the rest are views


def _turns(by: Actor, today: dt.date) -> dict[str, Q]:
    """What is asked of a running case to know its views. ``with_others``: a colleague has taken what is ours to do."""
    ours, own = _ours(by), Q(taken_by__in=[by.who, *by.covers])
    return {
        "taken": _at(*(one.filter(own) for one in ours)),
        "free": _at(*(one.filter(taken_by=None) for one in ours)),
        "with_others": _at(*(one.filter(~own, taken_by__isnull=False) for one in ours)),
        "asked": _at(asked_of(by)),
        "section": Q(section__in=by.sections),
        "late": late_cases(today),
        "waiting": ~_NOT_WAITING,
        "asking": _at(asked_by(by)),
    }


def _ours(by: Actor) -> list[QuerySet[Step]]:
    """The open steps of section and post. One question for each way: as alternatives PostgreSQL looks the cases up in
    each. Asked together, it takes their number for small, begins with the steps and reads the cases one by one."""
    return [Step.objects.filter(way, done_at=None) for way in ways_to_do(by)]


def _at(*rows: QuerySet[Any]) -> Q:
    return reduce(or_, (Q(pk__in=one.values("case")) for one in rows))


def _versions(code: str) -> tuple[UUID, ...]:
    """Every version of a procedure: a list of keys lets the index of cases be used, a join does not."""
    return tuple(key for (key,) in _versions_of(code)) if code else ()


@composed_once
def _versions_of(code: str) -> QuerySet[Procedure, tuple[UUID]]:
    return Procedure.objects.filter(code=code).order_by("pk").values_list("pk")


def _step_filter(filters: Filters) -> Q:
    said = {
        "kind": filters.kind,
        "node": filters.node,
        "channel": filters.channel,
        "taken_by": filters.taken,
    }
    return Q(**{name: value for name, value in said.items() if value})


def _order(view: View, filters: Filters) -> tuple[str, bool]:
    """Column and whether it goes down. An order that a view does not have is its own."""
    own: Sort = "ended" if view == "ended" else "due"
    sort = filters.sort if filters.sort in sorts_of(view) else None
    down = filters.newest_first if filters.newest_first is not None else (sort or own) in ("ended", "changed")
    return SORTS[sort or own], down


def _behind(view: View, cases: QuerySet[Case], filters: Filters, after: UUID, by: Actor) -> QuerySet[Case]:
    """What comes after this case in the order, which is looked up: no address carries a name that it sorted by."""
    column, down = _order(view, filters)
    last = Case.objects.filter(visible(by), pk=after).values_list(column, flat=True).first()
    if last is None:
        return cases
    way = "lt" if down else "gt"
    # The first condition is implied by the second; it lets the index begin at the right place.
    return cases.filter(
        Q(**{f"{column}__{way}e": last}),
        Q(**{f"{column}__{way}": last}) | Q(**{column: last, f"id__{way}": after}),
    )


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), clock.TOKYO)
