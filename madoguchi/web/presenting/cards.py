"""A case as a card: whose turn it is, in words, and the one sentence that matters now."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.ground.dates import listed
from madoguchi.messages import queries as messages
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.words import language, said, short_day_words, time_words


@dataclass(frozen=True, slots=True)
class Card:
    """``tone`` is the look of the tag: you, others, city, done, over. ``rests``: what it waits for in a life event."""

    tone: str
    turn: str
    url: str
    title: str
    subject: str
    now: str
    number: str
    rests: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    title: str
    cases: tuple[Card, ...]


def subject_words(case: Case) -> str:
    """「見本 花子さんの手続き」 where it is another person's, the life event where it is part of one; else empty."""
    if case.part_of is not None:
        title = said(procedures.package(case.part_of.procedure).procedure.title)
        return gettext("「%(title)s」の一つ") % {"title": title}
    if case.subject_id is None:
        return ""
    name = forms.get(case.answers, "person.full_name") or forms.get(case.answers, "applicant_name")
    return gettext("%(name)sさんの手続き") % {"name": name} if name else gettext("ほかの方の手続き")


def tone_of(case: Case) -> str:
    """you: the applicant must act; others: those they named; city: the office; done: decided; over: it has ended."""
    if case.withdrawn_at:
        return "over"
    if case.decided_at:
        return "done"
    if case.cosigning_at and not case.returned_at:
        return "others"
    if case.received_at and not case.returned_at and not case.payable_at:
        return "city"
    return "you"


def turn_words(case: Case) -> str:
    """Whose turn it is. A life event is not decided itself: its parts are, each by itself."""
    if not case.received_at:
        return gettext("入力の途中です")
    tone = tone_of(case)
    if tone == "done" and cases.is_journey(case):
        return gettext("終わりました")
    return {
        "you": gettext("あなたの番です"),
        "others": gettext("ほかの方の確認を待っています"),
        "city": gettext("市が確認しています"),
        "done": gettext("決定しました"),
        "over": gettext("取り下げました"),
    }[tone]


def is_running(part: Case) -> bool:
    """Whether it goes on: neither decided, nor taken back, nor ended."""
    return part.decided_at is None and part.closed_at is None and part.withdrawn_at is None


def title_of(case: Case) -> str:
    """What it is called."""
    return said(procedures.package(case.procedure).procedure.title)


def whose_turn(parts: Sequence[Case]) -> str:
    """「「児童手当」で、あなたがすることがあります。…」; empty where it is nobody's but the city's."""
    titles = [title_of(one) for one in parts if is_running(one) and tone_of(one) == "you"]
    if not titles:
        return ""
    text = gettext("「%(titles)s」で、あなたがすることがあります。ほかの手続きは、このまま進みます。")
    return text % {"titles": listed(titles, language())}


def with_letter(found: Iterable[Case]) -> set[UUID]:
    """Those of which there is a letter to read: a case is decided some seconds before the worker has made it."""
    decided = {one.pk: one.person_id for one in found if one.decided_at is not None}
    return {case for case, person in messages.lettered(decided) if decided[case] == person}


def card(case: Case, parts: Sequence[Case] = (), lettered: Collection[UUID] = ()) -> Card:
    """The card of one case; ``parts`` are those of a life event, ``lettered`` the cases of which there is a letter."""
    tone = tone_of(case)
    mine = whose_turn(parts) if tone == "city" else ""
    if mine:
        now = mine
    elif not case.received_at:
        now = gettext("%(day)s %(time)sに保存しました。続きから入力できます。") % {
            "day": short_day_words(case.saved_at),
            "time": time_words(case.saved_at),
        }
    elif tone == "you":
        now = gettext("直してほしいところがあります。") if case.returned_at else gettext("お支払いを待っています。")
    elif tone == "others":
        now = gettext("お願いした方の確認を待っています。")
    elif tone in ("city", "done") and cases.is_journey(case):
        now = gettext("手続きごとに進んでいます。") if tone == "city" else gettext("すべての手続きが終わりました。")
    elif tone == "city" and case.due_on:
        now = gettext("%(day)sまでに決定をお知らせします。") % {"day": short_day_words(case.due_on)}
    elif tone == "done" and case.pk in lettered:
        now = gettext("結果の通知書を見られます。")
    elif tone == "done" and case.closed_at is None:
        now = gettext("決定しました。通知書を用意しています。")
    else:
        now = gettext("この手続きは終わりました。")
    return Card(
        tone="you" if mine else tone,
        turn=gettext("あなたの番です") if mine else turn_words(case),
        url=reverse("web:case", args=(key_of(case),)),
        title=title_of(case),
        subject=subject_words(case),
        now=now,
        number=case.number or "",
    )


def cards_of(found: Sequence[Case]) -> list[Card]:
    """The cards of cases among which are those that are parts of others."""
    lettered = with_letter(found)
    shown = _wholes_first(found)
    return [card(one, [part for part in found if part.part_of_id == one.pk], lettered) for one in shown]


def open_cards(resident: Actor) -> list[Card]:
    """What is still going on, the applicant's turn first; then what was decided last."""
    order = {"you": 0, "others": 1, "city": 2, "done": 3}
    cards = cards_of(list(cases.own_cases(resident)[:50]))
    return sorted((one for one in cards if one.tone in order), key=lambda one: order[one.tone])


def going_on(code: str, resident: Actor) -> list[Card]:
    """What they have submitted under this procedure and the city has not decided yet."""
    found = cases.going_on(code, resident)
    return [card(one, cases.journey_parts(one) if cases.is_journey(one) else ()) for one in found]


def _wholes_first(found: Iterable[Case]) -> list[Case]:
    """Newest first; what is part of a life event stands below it. Parts that are drafts are gone on with from there."""
    shown = [one for one in found if one.received_at is not None or one.part_of_id is None]
    return sorted(shown, key=lambda one: (-(one.part_of or one).opened_at.timestamp(), one.part_of_id is not None))


def groups(resident: Actor) -> list[Group]:
    """All cases, by whose turn it is."""
    cards = cards_of(list(cases.own_cases(resident)))
    titles = {
        "you": gettext("あなたの番です"),
        "others": gettext("ほかの方の確認を待っています"),
        "city": gettext("市が確認しています"),
        "done": gettext("決定しました"),
        "over": gettext("終わったもの"),
    }
    return [Group(tone, title, tuple(one for one in cards if one.tone == tone)) for tone, title in titles.items()]
