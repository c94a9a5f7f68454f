"""Who has a case's open steps, and what this reader may do about that; where a case can be handed over."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases.models import Case, HandOver, Step
from madoguchi.desk.presenting.words import day_words
from madoguchi.events import Actor
from madoguchi.people import queries as people
from madoguchi.people.models import Account
from madoguchi.procedures import queries as procedures


@dataclass(frozen=True, slots=True)
class Taker:
    """An open step of the office. ``may``: claim, release, assign, each only if this reader may."""

    title: str
    url: str
    who: str
    own: bool
    may: frozenset[str]
    colleagues: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Handed:
    """That the case came from another section, and why."""

    words: str
    why: str


@dataclass(frozen=True, slots=True)
class SharingBlock:
    """All that ``desk/_sharing.html`` shows."""

    takers: Sequence[Taker]
    handed: Sequence[Handed]
    sections: Sequence[tuple[str, str]]
    url: str


def sharing_block(case: Case, by: Actor) -> SharingBlock:
    """Of a case that the reader may see."""
    package = procedures.package(case.procedure)
    organisation = procedures.city().organisation
    open_ = [] if case.ended_at else [one for one in case.steps.all() if one.done_at is None]
    takers = []
    for step in sorted(open_, key=lambda one: one.token):
        if not step.section and not step.posts:
            continue
        node = package.graph.nodes.get(step.node)
        takers.append(_taker(case, step, node.title["ja"] if node and node.title else step.node, by))
    handed: Sequence[HandOver] = ()
    if "hand_overs" not in case.lacks:
        handed = list(HandOver.objects.filter(case=case).select_related("account").order_by("at"))
    may_hand = case.section in by.sections and not case.ended_at
    return SharingBlock(
        takers=takers,
        handed=[_handed(one) for one in handed],
        sections=[
            (one.id, f"{unit.name['ja']} {one.name['ja']}")
            for unit in organisation.departments
            for one in unit.sections
            if may_hand and one.id != case.section
        ],
        url=reverse("desk:hand-over", args=(case.number,)),
    )


def _taker(case: Case, step: Step, title: str, by: Actor) -> Taker:
    mine = (bool(step.section) and step.section in by.sections) or not by.posts.isdisjoint(step.posts)
    own = step.taken_by_id is not None and step.taken_by_id in {by.who, *by.covers}
    leading = people.leads(by, {step.section or case.section})
    may = set()
    if mine and (step.taken_by_id is None or step.taken_by_id in by.covers):
        may.add("claim")
    if step.taken_by_id is not None and (own or leading):
        may.add("release")
    if leading:
        may.add("assign")
    sections = {step.section} if step.section else set[str]()
    return Taker(
        title=title,
        url=reverse("desk:share", args=(case.number, step.pk)),
        who=_name(step.taken_by, by),
        own=step.taken_by_id == by.who,
        may=frozenset(may),
        colleagues=[(str(one.pk), one.display_name) for one in people.colleagues(sections, step.posts)]
        if leading
        else [],
    )


def _name(account: Account | None, by: Actor) -> str:
    if account is None:
        return gettext("担当なし")
    return gettext("あなた") if account.pk == by.who else account.display_name


def _handed(one: HandOver) -> Handed:
    organisation = procedures.city().organisation
    names = {"giver": organisation.section(one.giver), "receiver": organisation.section(one.receiver)}
    said = {key: section.name["ja"] if section else "" for key, section in names.items()}
    return Handed(
        gettext("%(giver)sから%(receiver)sへ引継ぎ") % said + f"（{day_words(one.at)} {one.account.display_name}）",
        one.why,
    )
