"""By which acts something that is kept about a person comes before somebody else's eyes or leaves the house, besides
readings of the ledger (``facts.read``): わたしの情報 shows them all.

They stand in the one log. What an event is about (a case, a letter, what a company gets) leads to its person, so that
nothing is noted twice. A face shows a case by ``actions.read``; a test opens every page of the desk and asks.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from madoguchi.cases.models import Case, Cosigner, Export, Payment, Service, Step
from madoguchi.events.composing import composed_once
from madoguchi.messages.models import Letter

_CASE: Final = (gettext_noop("手続きの内容（答え、書類、通知書）"),)
_LETTER: Final = (gettext_noop("通知書"),)
_WHOLE: Final = (gettext_noop("あなたについて持っている情報のすべて"),)
#: Verb → what was seen or handed over. What a company gets is named by the event itself.
SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "case.read": _CASE,
    "case.export": (gettext_noop("一覧の行（氏名、フリガナ、町名、受付番号、進みぐあい）"),),
    "case.show-part": (gettext_noop("確認をお願いしたところ"),),
    "thread.read": (gettext_noop("あなたが書いたメッセージ"),),
    "letter.read": _LETTER,
    "letter.print": _LETTER,
    "payment.present": (gettext_noop("手続きの名前、受付番号、金額"),),
    "service.read": (),
    "person.export": _WHOLE,
    "person.find_usage": (gettext_noop("だれが見たかの記録"),),
}
#: Of these the event is about the person, and names no thing of theirs.
_OF_PERSON: Final = ("person.export", "person.find_usage")
#: What a company gets, by the names of ``hands``.
HANDED: Final[Mapping[str, str]] = {
    "full_name": gettext_noop("氏名"),
    "full_name_kana": gettext_noop("氏名のフリガナ"),
    "old_address": gettext_noop("これまでの住所"),
    "holder": gettext_noop("契約していた方の氏名"),
    "holder_kana": gettext_noop("契約していた方の氏名のフリガナ"),
    "supply_address": gettext_noop("使っている場所の住所"),
    "new_address": gettext_noop("新しい住所"),
    "happens_on": gettext_noop("引越しなどのある日"),
    "phone": gettext_noop("電話番号"),
    "email": gettext_noop("メールアドレス"),
}
NUMBER: Final = gettext_noop("会社でのお客さま番号")


@dataclass(frozen=True, slots=True)
class Thing:
    """What an event is about: the version of the procedure of its case (None: of several) and to whom it went, where
    that is said by no actor: a ``company`` (its id) by the consent of that moment, the ``provider`` of a payment."""

    procedure: UUID | None = None
    company: str = ""
    consented_at: dt.datetime | None = None
    has_number: bool = False
    provider: str = ""


def things_of(person: UUID) -> dict[UUID, Thing]:
    """What there is of a person whose events tell of readings, by id."""
    cases = dict(_cases_of(person))
    if not cases:
        return {}
    things = {case: Thing(version) for case, version in cases.items()}
    parts = [
        *Step.objects.filter(case__in=cases, letter__isnull=False).values_list("pk", "case_id"),
        *Letter.objects.filter(about__in=cases).values_list("pk", "about"),
        *Cosigner.objects.filter(case__in=cases).values_list("pk", "case_id"),
    ]
    things |= {key: Thing(cases[case]) for key, case in parts}
    for one in Payment.objects.filter(case__in=cases).only("case_id", "provider"):
        things[one.pk] = Thing(cases[one.case_id], provider=one.provider)
    for row in Service.objects.filter(case__in=cases).only("case_id", "company", "consented_at", "number"):
        things[row.pk] = Thing(cases[row.case_id], row.company, row.consented_at, bool(row.number))
    lists = Export.objects.filter(cases__overlap=[*cases]).values_list("pk", flat=True)
    return things | dict.fromkeys(lists, Thing())


@composed_once
def _cases_of(person: UUID) -> QuerySet[Case, tuple[UUID, UUID]]:
    return Case.objects.filter(Q(person=person) | Q(subject=person)).values_list("pk", "procedure_id")


def events_of(person: UUID, things: Mapping[UUID, Thing], *, asking: bool = True) -> Q:
    """The events by which others have seen or got something of the person. ``asking``: with those of whoever asked for
    this very log; not where it is given out in pages, because each asking would move them."""
    of_person = [one for one in _OF_PERSON if asking or one != "person.find_usage"]
    about = Q(subject_id=person, verb__in=of_person)
    if things:
        about |= Q(subject_id__in=[*things], verb__in=[one for one in SHOWN if one not in _OF_PERSON])
    return about & (Q(actor_id=None) | ~Q(actor_id=person))
