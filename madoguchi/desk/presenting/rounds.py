"""A round as its template shows it: what there is to give, who would get what and why, and what deciding it will do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.queries.rounds import Standing, groups_of, numbers_of
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.procedures.rules.allotment import Placing, criteria

#: Lines of the ranking on one page; the rest is on the next.
A_PAGE = 200


@dataclass(frozen=True, slots=True)
class RoundLine:
    """One round of the list."""

    url: str
    label: str
    title: str
    period: str
    state: str
    waiting: int
    open: int
    placed: int
    unplaced: int


@dataclass(frozen=True, slots=True)
class Wish:
    name: str
    got: bool


@dataclass(frozen=True, slots=True)
class RankLine:
    """One application in the order of the round."""

    url: str
    number: str
    rank: int
    values: Sequence[str]
    wishes: Sequence[Wish]
    result: str
    placed: bool


@dataclass(frozen=True, slots=True)
class CapacityCell:
    name: str
    label: str
    value: str
    given: int


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One place: how many in each group, how often it was wished for first, and the last value that got in."""

    name: str
    cells: Sequence[CapacityCell]
    total: int
    first: int
    given: int


@dataclass(frozen=True, slots=True)
class RoundPage:
    """All that ``desk/round.html`` shows."""

    standing: Standing
    label: str
    title: str
    period: str
    closed: bool
    allotted: str
    groups: Sequence[str]
    group_label: str
    places: Sequence[PlaceLine]
    tabs: Sequence[tuple[str, str, int, bool]]
    """Group, address, how many, whether it is shown."""
    heads: Sequence[str]
    lines: Sequence[RankLine]
    more: int
    would: int
    """How many would get a place."""
    to_print: Sequence[str] = ()
    """Cases with letters for the printer."""
    problem: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


def round_lines(by: Actor) -> list[RoundLine]:
    """Every round that ``by`` runs."""
    return [
        RoundLine(
            _url(one),
            str(one.announced.label),
            str(one.title),
            _period(one),
            _state(one),
            one.waiting,
            one.open,
            sum(one.placed.values()),
            one.unplaced,
        )
        for one in cases.rounds(by)
    ]


def round_page(
    standing: Standing, *, group: str = "", problem: str = "", typed: Mapping[str, str] | None = None
) -> RoundPage:
    """The round with the ranking of one group (the first that has applications, if none is named)."""
    placings = cases.simulate(standing)
    said, labels = standing.node.arguments, standing.package.tables[standing.node.arguments["table"]].labels
    groups = groups_of(standing, [one.applicant.group for one in placings])
    counts = {one: sum(1 for placing in placings if placing.applicant.group == one) for one in groups}
    shown = group if group in counts else next((one for one in groups if counts[one]), groups[0] if groups else "")
    of_group = [one for one in placings if one.applicant.group == shown]
    numbers = numbers_of([one.applicant.id for one in of_group[:A_PAGE]])
    order = [line.value for line in criteria(said)]
    return RoundPage(
        standing=standing,
        label=str(standing.announced.label),
        title=str(standing.title),
        period=_period(standing),
        closed=standing.closed,
        allotted=time_words(standing.round.allotted_at) if standing.round.allotted_at else "",
        groups=groups,
        group_label=_label(labels, said["group"]),
        places=_places(standing, groups, placings, typed or {}),
        tabs=[(one, f"{_url(standing)}?group={one}", counts[one], one == shown) for one in groups],
        heads=[_label(labels, name) for name in order],
        lines=[_line(one, standing, numbers, order) for one in of_group[:A_PAGE]],
        more=max(len(of_group) - A_PAGE, 0),
        would=sum(1 for one in placings if one.place),
        to_print=[str(one) for one in cases.unprinted(standing)],
        problem=problem,
        typed=typed or {},
    )


def _line(one: Placing, standing: Standing, numbers: Mapping[str, str], order: Sequence[str]) -> RankLine:
    number = numbers[one.applicant.id]
    result = gettext("なし")
    if one.place is not None:
        result = gettext("%(place)s（第%(wish)s希望）") % {"place": standing.names[one.place], "wish": one.wish}
    return RankLine(
        reverse("desk:case", args=[number]),
        number,
        one.rank,
        [f"{value:,}" if (value := one.applicant.values.get(name)) is not None else "－" for name in order],
        [Wish(str(standing.names.get(wish, wish)), wish == one.place) for wish in one.applicant.wishes],
        result,
        one.place is not None,
    )


def _places(
    standing: Standing, groups: Sequence[str], placings: Sequence[Placing], typed: Mapping[str, str]
) -> list[PlaceLine]:
    lines = []
    for place, name in standing.names.items():
        cells = []
        for group in groups:
            key = f"places.{place}.{group}"
            held = standing.round.places.get(place, {}).get(group, 0)
            label = gettext("%(place)s %(group)s") % {"place": name, "group": group}
            cells.append(CapacityCell(key, label, typed.get(key, str(held)), standing.placed[place, group]))
        lines.append(
            PlaceLine(
                str(name),
                cells,
                sum(standing.round.places.get(place, {}).values()),
                sum(1 for one in placings if one.applicant.wishes[:1] == (place,)),
                sum(1 for one in placings if one.place == place)
                + sum(count for (given, _), count in standing.placed.items() if given == place),
            )
        )
    return lines


def _label(labels: Mapping[str, object], name: str) -> str:
    return str(labels.get(name, name))


def _period(one: Standing) -> str:
    return f"{day_words(one.announced.opens)}〜{day_words(one.announced.closes)}"


def _state(one: Standing) -> str:
    if one.round.allotted_at is not None:
        return gettext("選考ずみ")
    if one.closed:
        return gettext("締切後・選考待ち")
    return gettext("受付中") if clock.today() >= one.announced.opens else gettext("受付前")


def _url(one: Standing) -> str:
    return reverse("desk:round", args=[one.round.code, one.announced.name])
