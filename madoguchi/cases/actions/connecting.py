"""Companies are told of a life event: consented to one by one, fetched by the company, answered by it.

1. The person consents (``choose``); nothing leaves the city yet.
2. With the life event it is ``sent``: what each company gets is fixed, and a webhook with an id tells its system.
3. The system fetches it (``read``), and from then on the consent cannot be taken back here (``take_back``).
4. It answers (``answer``): accepted, wants something, refused, done. The life event waits for none of this.
5. What is not wanted any more is taken back before 3 (``take_back``); after it the company is told, stops, and says so
   (``call_off``). ``withdraw_services`` does the one or the other for a whole life event.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from madoguchi.cases.actions import consenting, driving
from madoguchi.cases.actions.reasons import SEES_CASE
from madoguchi.cases.models import Case, Service
from madoguchi.cases.queries.companies import company, company_offers
from madoguchi.cases.rules.permission import ADDRESSEE, OWN_SERVICE
from madoguchi.events import Actor, act, record
from madoguchi.events.models import Event
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Refused, Stale
from madoguchi.ground.text import clean
from madoguchi.procedures import queries as procedures

#: Characters of the person's number at a company, of its reference, of its words and its link.
MOST_NUMBER: Final = 40
MOST_REFERENCE: Final = 60
MOST_WORDS: Final = 500
MOST_LINK: Final = 300
#: Answers of a company to one life event within a day: each is a message to its person.
MOST_ANSWERS: Final = 20
#: So far the clock of a company may be ahead of ours.
AHEAD: Final = dt.timedelta(minutes=5)

Answer = Literal["accepted", "asked", "refused", "done", "stopped"]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it came in. ``at`` is the company's own time, by which a later answer is known from an older one;
    ``link`` and ``telephone`` are for whoever is asked for something, ``done_on`` the day on which it was done."""

    state: Answer
    at: dt.datetime
    reference: str = ""
    words: str = ""
    link: str = ""
    telephone: str = ""
    done_on: dt.date | None = None


@act("service.choose", allow=(SEES_CASE,))
def choose(journey: Case, chosen: Mapping[str, str], *, by: Actor) -> list[Service]:
    """会社への連絡の同意: tell these companies (id → the person's number there) and no others. Raises Invalid for a
    company that cannot be told, or a number that cannot be one."""
    fresh = driving.locked(journey)
    if fresh.withdrawn_at is not None:
        raise Stale("case-ended", "この手続は終わっているため、変更できません。")
    if fresh.received_at is not None or procedures.package(fresh.procedure).procedure.kind != "journey":
        raise Stale("case-received", "提出ずみのため、変更できません。直したいときは担当課にご連絡ください。")
    if chosen and fresh.subject_id is not None:  # an agent was entrusted with procedures of the city
        raise NotAllowed(
            "company-by-agent",
            "ほかの方の代わりに申し込むときは、ここから会社に連絡できません。ご契約の会社に直接ご連絡ください。",
        )
    offers = {one.company.id: one for one in company_offers(fresh) if one.company and one.partner}
    if chosen.keys() - offers.keys():
        raise Invalid("company-unknown", "選んだ会社へは、いまはここから連絡できません。選び直してください。")
    numbers, wrong = {}, {}
    for code, typed in chosen.items():
        try:
            numbers[code] = clean(typed, max_length=MOST_NUMBER) if offers[code].tell.number else ""
        except Invalid as refusal:
            wrong[code] = refusal.as_problem()
    if wrong:
        raise Invalid("company-number", "番号を確かめてください。", fields=wrong)
    there = {one.company: one for one in fresh.services.all()}
    consenting.drop([one for code, one in there.items() if code not in chosen], fresh, by=by)
    new = [code for code in chosen if code not in there]
    consenting.state(fresh, new, True, by=by)
    for code, number in numbers.items():
        Service.objects.update_or_create(
            case=fresh, company=code, defaults={"service": offers[code].tell.service, "number": number}
        )
    record(given=sorted(new), taken_back=sorted(there.keys() - chosen.keys()))
    return list(fresh.services.order_by("pk"))


def send(journey: Case) -> None:
    """Part of まとめて提出: what was consented to is fixed and goes its way. Where nobody takes it any more, that is
    said on the status page; nothing is held back by it."""
    services = list(journey.services.select_for_update())
    offers = {one.company.id: one for one in company_offers(journey) if one.company} if services else {}
    now = clock.now()
    for one in services:
        offer, one.sent_at = offers.get(one.company), now
        if offer is None or offer.partner is None:
            one.refused_at = now
        else:
            one.partner, one.hands = offer.partner, dict(offer.hands)
        one.save(update_fields=["partner", "hands", "sent_at", "refused_at"])


@act("service.take-back", allow=(OWN_SERVICE, BY_SYSTEM))
def take_back(service: Service, *, by: Actor) -> Service:
    """会社への連絡の取消し: the company gets nothing, if it has not fetched it yet. Raises Stale where it has."""
    held = _locked(service)
    if held.taken_back_at is not None:
        record(again=True)
        return held
    if held.handed_at is not None or held.refused_at is not None:
        raise Stale("service-handed", "この連絡は、もう相手に渡っています。やめたいときは、取りやめを伝えてください。")
    if held.sent_at is None:
        consenting.drop([held], held.case, by=by)
    else:
        consenting.state(held.case, [held.company], False, by=by)
        held.taken_back_at = clock.now()
        held.save(update_fields=["taken_back_at"])
    record(company=held.company)
    return held


@act("service.call-off", allow=(OWN_SERVICE, BY_SYSTEM))
def call_off(service: Service, *, by: Actor) -> Service:
    """会社への連絡の取りやめ: the company has it already, and is told that it is not wanted any more; until it answers
    that it has stopped, nobody knows whether it has. Raises Stale where it was not handed over, or has ended."""
    held = _locked(service)
    if held.called_off_at is not None:
        record(again=True)
        return held
    if held.handed_at is None:
        raise Stale("service-not-handed", "この連絡は、まだ相手に渡っていません。取り消してください。")
    _refuse_ended(held)
    consenting.state(held.case, [held.company], False, by=by)
    held.called_off_at, held.asked_at, held.words, held.link = clock.now(), None, "", ""
    held.save(update_fields=["called_off_at", "asked_at", "words", "link"])
    record(company=held.company)
    return held


@act("service.give-up", allow=(BY_SYSTEM,))
def give_up(service: Service, *, by: Actor) -> Service:
    """会社への連絡の打切り: it could not be told, and the section that answers for its system tries no longer. Nothing
    is given out any more, and the person tells the company by themselves."""
    held = _locked(service)
    waits = held.handed_at is None or held.called_off_at is not None
    if not waits or held.taken_back_at or held.refused_at or held.done_at or held.stopped_at:
        record(again=True)
        return held
    held.refused_at, held.asked_at = clock.now(), None
    held.save(update_fields=["refused_at", "asked_at"])
    record(company=held.company)
    return held


@act("service.read", allow=(ADDRESSEE,))
def read(service: Service, *, by: Actor) -> Service:
    """連絡の受取り: the company's system fetches what its customer has handed over. Raises Stale once it has ended, or
    was called off: there is no consent any more."""
    held = _locked(service)
    if held.taken_back_at is not None:
        raise NotFound("service-unknown", "この連絡は見つかりません。")
    _refuse_ended(held)
    if held.called_off_at is not None:
        raise Stale("service-called-off", "この連絡は、住民が取りやめています。")
    if held.handed_at is None:
        held.handed_at = clock.now()
        held.save(update_fields=["handed_at"])
    else:
        record(again=True)
    record(company=held.company, handed=sorted(held.hands))
    return held


@act("service.answer", allow=(ADDRESSEE,))
def answer(service: Service, said: Said, *, by: Actor) -> Service:
    """会社からの返事: accepted, something is wanted of the person, refused, done, or stopped after it was called off.
    Raises Stale for an answer that is older than the last one, that comes after the end or before it was fetched, and
    for stopping what nobody has called off; Invalid for what cannot be shown; Refused for too many in a day."""
    held = _locked(service)
    if held.taken_back_at is not None:
        raise NotFound("service-unknown", "この連絡は見つかりません。")
    if held.handed_at is None:
        raise Stale("service-not-read", "内容を受け取ってから、返事をしてください。")
    _refuse_ended(held)
    if held.said_at is not None and said.at <= held.said_at:
        raise Stale("service-older", "これより新しい返事を、すでに受け取っています。")
    if said.state == "stopped" and held.called_off_at is None:
        raise Stale("service-wanted", "この連絡を、住民は取りやめていません。")
    reference, words, link, telephone = _checked(held, said)
    now = clock.now()
    told = Event.objects.filter(subject_id=held.pk, verb="service.answer", outcome="done", at__gt=now - dt.timedelta(1))
    if told.count() >= MOST_ANSWERS:
        raise Refused("service-answers", "1日に送れる返事の数を超えました。あすもう一度お送りください。", status=429)
    held.said_at, held.asked_at = said.at, now if said.state == "asked" else None
    held.reference = reference or held.reference
    held.words, held.link, held.telephone = words, link, telephone
    if said.state == "accepted":
        held.accepted_at = held.accepted_at or now
    elif said.state == "refused":
        held.refused_at = now
    elif said.state == "done":
        held.done_at, held.done_on = now, said.done_on or clock.today()
    elif said.state == "stopped":
        held.stopped_at = now
    held.save()
    record(company=held.company, state=said.state)
    return held


def withdraw_services(journey: Case, *, by: Actor) -> list[Service]:
    """Part of an act by which a life event is not wanted any more: what no company has fetched is taken back, whoever
    has fetched it is told to stop. Returns those that had ended before: there the person has to ring.

    The life event itself, its parts and its state are the caller's.
    """
    ended = []
    for one in journey.services.select_related("case").filter(taken_back_at=None, called_off_at=None).order_by("pk"):
        if one.refused_at is not None or one.done_at is not None:
            ended.append(one)
        elif one.handed_at is None:
            take_back(one, by=by)
        else:
            call_off(one, by=by)
    return ended


# -- within -----------------------------------------------------------------------------------------------------------


def _locked(service: Service) -> Service:
    rows = Service.objects.select_related("case__procedure").select_for_update(of=("self",))
    held = rows.filter(pk=service.pk).first()
    if held is None:
        raise NotFound("service-unknown", "この連絡は見つかりません。")
    return held


def _refuse_ended(held: Service) -> None:
    if held.refused_at is not None or held.done_at is not None or held.stopped_at is not None:
        raise Stale("service-ended", "この連絡は、もう終わっています。")


def _checked(held: Service, said: Said) -> tuple[str, str, str, str]:
    """Reference, words, link and telephone as they may be shown. Raises Invalid with the fields that may not."""
    wrong: dict[str, Problem] = {}
    texts = {}
    for name, text, most in (
        ("reference", said.reference, MOST_REFERENCE),
        ("words", said.words, MOST_WORDS),
        ("link", said.link, MOST_LINK),
        ("telephone", said.telephone, 20),
    ):
        try:
            texts[name] = clean(text, multiline=name == "words", max_length=most)
        except Invalid as refusal:
            wrong[name] = refusal.as_problem()
    if texts.get("link") and not _leads_home(held, texts["link"]):
        wrong["link"] = Problem(
            "service-link", "リンクは、登録された会社のサイトの https:// のアドレスにしてください。"
        )
    if texts.get("telephone") and re.fullmatch(r"\+?[0-9-]{9,18}", texts["telephone"]) is None:
        wrong["telephone"] = Problem("service-telephone", "電話番号は、数字とハイフンで書いてください。")
    if said.state in ("asked", "refused") and not texts.get("words"):
        wrong.setdefault("words", Problem("service-words", "住民が読む説明を書いてください。"))
    if said.at > clock.now() + AHEAD or (held.sent_at is not None and said.at < held.sent_at - AHEAD):
        wrong["at"] = Problem("service-time", "返事の時刻が正しくありません。")
    if said.done_on is not None and not clock.day_of(held.consented_at) <= said.done_on <= clock.today():
        wrong["done_on"] = Problem("service-day", "終わった日は、連絡を受け取った日から今日までの日にしてください。")
    if wrong:
        raise Invalid("service-answer", "返事の内容に誤りがあります。", fields=wrong, status=422)
    return texts["reference"], texts["words"], texts["link"], texts["telephone"]


def _leads_home(held: Service, link: str) -> bool:
    """Whether a link leads to the site that the city has on file for the company: no other is shown to anybody."""
    one = company(held.company)
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = link.isascii() and link.isprintable() and " " not in link and "\\" not in link and "@" not in parts.netloc
    home = one is not None and (host == one.site or host.endswith(f".{one.site}"))
    return plain and home and parts.scheme == "https" and port in (None, 443)
