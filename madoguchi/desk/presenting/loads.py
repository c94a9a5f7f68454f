"""The load of a section, as its page shows it: every figure with the list of its cases."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.actions.computing import is_due
from madoguchi.cases.queries import Filters
from madoguchi.cases.queries.load import LOOK_BACK, Waiting
from madoguchi.desk.presenting.areas import Towns, towns_of_section
from madoguchi.desk.presenting.words import day_words
from madoguchi.desk.presenting.worklist import url_of
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.people import queries as people
from madoguchi.places.queries import newest
from madoguchi.procedures import queries as procedures


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the list behind it; ``url`` is empty where the number is none."""

    value: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class PersonLine:
    name: str
    away: str
    taken: Figure
    late: int
    oldest: int
    done: int


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """``share`` is of the longest median, in percent, for a bar that stands beside its number."""

    procedure: str
    step: str
    figure: Figure
    median: int
    oldest: int
    share: int


@dataclass(frozen=True, slots=True)
class LayerLine:
    """A layer of the map that the section answers for: which edition serves, and whether a newer one is due."""

    url: str
    title: str
    sees: str
    edition: str
    as_of: str
    overdue: bool


@dataclass(frozen=True, slots=True)
class LoadPage:
    """All that ``desk/load.html`` shows."""

    where: str
    running: Figure
    late: Figure
    free: Figure
    received: int
    at_counter: int
    ended: int
    look_back: int
    lateness: Sequence[tuple[str, int]]
    people: Sequence[PersonLine]
    waiting: Sequence[WaitingLine]
    towns: Towns
    layers: Sequence[LayerLine]


def load_page(by: Actor) -> LoadPage:
    """Raises NotAllowed for whoever leads no section."""
    load = cases.section_load(by)
    organisation = procedures.city().organisation
    away = {one.account_id: one.cover.display_name if one.cover else gettext("なし") for one in people.absent_today()}
    titles = {"5": gettext("5日まで"), "20": gettext("6日から20日"), "more": gettext("21日以上")}
    longest = max((one.median for one in load.waiting), default=0) or 1
    late = sum(count for _, count in load.late)
    return LoadPage(
        where="・".join(
            one.name["ja"] for key in sorted(cases.led_sections(by)) if (one := organisation.section(key)) is not None
        ),
        running=Figure(load.running, url_of("section", Filters())),
        late=Figure(late, url_of("late", Filters()) if late else ""),
        free=Figure(load.free, url_of("free", Filters()) if load.free else ""),
        received=load.received,
        at_counter=load.at_counter,
        ended=load.ended,
        look_back=LOOK_BACK,
        lateness=[(titles[key], count) for key, count in load.late],
        people=[
            PersonLine(
                one.account.display_name,
                away.get(one.account.pk, ""),
                Figure(one.taken, url_of("section", Filters(taken=one.account.pk)) if one.taken else ""),
                one.late,
                one.oldest,
                one.done,
            )
            for one in load.people
        ],
        waiting=[_waiting(one, longest) for one in load.waiting],
        towns=towns_of_section(by),
        layers=layers_of(by),
    )


def layers_of(by: Actor) -> list[LayerLine]:
    """The layers of the sections in which ``by`` holds a post: those that are overdue first."""
    held = newest()
    found = []
    for layer in procedures.layers().values():
        if layer.owner not in by.sections:
            continue
        edition = held.get(layer.code)
        found.append(
            LayerLine(
                reverse("desk:layer", args=(layer.code,)),
                layer.title["ja"],
                {"public": gettext("公開"), "staff": gettext("職員"), "section": gettext("担当課")}[layer.see],
                gettext("第%(n)s版") % {"n": edition.number} if edition else gettext("まだありません"),
                day_words(edition.as_of) if edition else "",
                edition is None or is_due(layer) or layer.source.is_overdue(edition.as_of, clock.today()),
            )
        )
    return sorted(found, key=lambda one: not one.overdue)


def _waiting(one: Waiting, longest: int) -> WaitingLine:
    return WaitingLine(
        one.procedure["ja"],
        one.title["ja"] if one.title else one.node,
        Figure(one.count, url_of("section", Filters(code=one.code, node=one.node))),
        one.median,
        one.oldest,
        round(100 * one.median / longest),
    )
