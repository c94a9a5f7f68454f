"""What happens with messages: a letter is issued, signed and kept; something is said, carried, read; a letter is
revoked."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import F

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.acting import current_event
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.events.storing import insert_with_file
from madoguchi.facts import queries as facts
from madoguchi.facts.rules import Purpose
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound, Problem, Stale
from madoguchi.ground.text import clean
from madoguchi.messages.models import Letter, LetterFile, LetterSeries, Message, Notice, NoticeLetter
from madoguchi.messages.ports import AUDIENCES, OFFICES, TryLater, signer
from madoguchi.messages.queries import forgotten_mails, offices_of, text, verification
from madoguchi.messages.rules import codes, letters
from madoguchi.people.models import Identity

#: The case whose step issues the letter has asked who may complete that step.
BY_STAFF = Reason("staff-in-charge", "担当の職員が手続の中で行った", lambda actor, _: actor.kind == "staff")
#: How long a mail is in one worker's hand. Longer than any carrier takes (30 seconds), so that two never carry it at
#: once; a worker killed in between gives it back when this is over.
IN_HAND = timedelta(minutes=1)
OWN = Reason("own", "ご本人のものだから", lambda actor, one: actor.kind == "resident" and one.person_id == actor.id)


# --- letters ----------------------------------------------------------------------------------------------------


@act("letter.issue", allow=(BY_SYSTEM, BY_STAFF))
def issue_letter(
    about: UUID,
    *,
    template: str,
    kind: str,
    symbol: str,
    data: Mapping[str, Any],
    person: UUID | None,
    by: Actor,
    signed: bool = True,
) -> Letter:
    """文書の発行: number it, set it, sign it and keep it, as one act.

    ``template`` is a path in the catalogue (``procedures/<code>/letters/<name>.typ``), ``symbol`` the 文書記号 of the
    section, ``data`` the keys that catalogue/letters/README.md says cases fill in. Raises what
    :func:`rules.letters.render` raises; then no number is used up.
    """
    at = clock.now()
    code = codes.new_code()
    number, fiscal_year = _next_number(symbol)
    whole = {
        **data,
        "letter": {"number": number, "date": clock.day_of(at).isoformat(), "sample": settings.DEMO},
        "verify": verification(code),
    }
    pdf = letters.render(settings.CATALOGUE, template, whole, at=at)
    title = letters.title_of(pdf)
    if signed:
        pdf = signer().sign(pdf)
    letter = Letter.objects.create(
        number=number,
        fiscal_year=fiscal_year,
        kind=kind,
        title=title,
        template=template,
        person_id=person,
        about=about,
        digest=hashlib.sha256(pdf).hexdigest(),
        signer=signer().name if signed else "",
        code=code,
        issued_at=at,
        signed_at=at if signed else None,
    )
    insert_with_file(LetterFile(letter=letter, pdf=pdf))
    record(about=str(about), kind=kind, number=number, digest=letter.digest, signed=signed)
    return letter


def _next_number(symbol: str) -> tuple[str, int]:
    """The next 文書番号 of the section; the row stays locked until the act ends, so that numbers have no gaps."""
    today = clock.today()
    fiscal_year = today.year if today.month >= 4 else today.year - 1
    series, _ = LetterSeries.objects.get_or_create(symbol=symbol, fiscal_year=fiscal_year)
    LetterSeries.objects.filter(pk=series.pk).update(last=F("last") + 1)
    series.refresh_from_db(fields=["last"])
    return f"{symbol}第{series.last}号", fiscal_year


@act("letter.revoke", allow=(BY_STAFF, BY_SYSTEM))
def revoke_letter(letter: Letter, *, by: Actor) -> Letter:
    """文書の取消し: from now on the letter is shown as no longer valid. Raises Stale where it was revoked before."""
    at = clock.now()
    if not Letter.objects.filter(pk=letter.pk, revoked_at__isnull=True).update(revoked_at=at):
        raise Stale("letter-revoked-already", "この通知書はすでに取り消されています。")
    record(about=str(letter.about), number=letter.number)
    letter.refresh_from_db()
    return letter


@act("letter.read", allow=(OWN,))
def read_letter(letter: Letter, *, by: Actor) -> Letter:
    """文書の受取り: the person has opened the letter; the first time counts."""
    Letter.objects.filter(pk=letter.pk, read_at__isnull=True).update(read_at=clock.now())
    record(about=str(letter.about))
    letter.refresh_from_db()
    return letter


# --- messages ---------------------------------------------------------------------------------------------------


@act("message.send", allow=(BY_SYSTEM, BY_STAFF))
def send(
    template: str,
    *,
    event: UUID,
    values: Mapping[str, object],
    by: Actor,
    person: UUID | None = None,
    address: str = "",
    about: UUID | None = None,
    language: str = "ja",
    section: str = "",
) -> Message:
    """お知らせ: write a message to a person (and to their address, where given); a job carries the mail.

    ``event`` is what gave rise to it: asked again for the same event, template and recipient, the first message is
    returned and nothing is written. ``values`` are those the template ``uses``; ``section`` is whose wording counts.
    """
    words = text(template, section)
    subject, body = words.say(language, values)
    _, closing = text("closing", section).say(language, values)
    at = clock.now()
    once: dict[str, Any] = {"event_id": event, "template": template, "person_id": person, "address": address}
    message, new = Message.objects.get_or_create(
        **once,
        defaults={
            "about": about,
            "language": language,
            "channel": "mail" if address else "portal",
            "subject": subject,
            "body": f"{body}\n{closing}",
            "created_at": at,
            "sent_at": None if address else at,
        },
    )
    record(template=template, channel=message.channel, about=str(about) if about else None, new=new)
    return message


@act("message.take", allow=(BY_SYSTEM,))
def take(message: Message, *, by: Actor) -> Message | None:
    """メールの引受け: one worker has the mail in hand for a while; None where it has left or another worker has it.

    Raises TryLater where a worker took it and was not heard of since: only when that worker's time is up may the mail
    be taken again, because it may have left.
    """
    kept = Message.objects.select_for_update().filter(pk=message.pk).first()
    if kept is None or kept.state != "waiting" or kept.channel != "mail":
        record(taken=False)
        return None
    at = clock.now()
    if kept.taken_at is not None and at - kept.taken_at < IN_HAND:
        raise TryLater("in-hand")
    record(taken=True, again=kept.taken_at is not None)
    kept.taken_at = at
    kept.save(update_fields=["taken_at"])
    return kept


@act("message.deliver", allow=(BY_SYSTEM,))
def deliver(message: Message, *, by: Actor, failure: str = "", later: str = "") -> Message:
    """メールの配送の記録: what became of a mail that was taken in hand: it left, never will, or is to be tried again.

    ``failure`` is the code of what will never arrive, ``later`` of what may: then any worker may take it again.
    """
    kept = Message.objects.select_for_update().filter(pk=message.pk).first()
    if kept is None:
        raise NotFound("message-gone", "お知らせが見つかりません。")
    if kept.state != "waiting":
        record(left=False)
        return kept
    if later:
        kept.taken_at = None
    elif failure:
        kept.failed_at, kept.failure = clock.now(), failure
    else:
        kept.sent_at = clock.now()
    if text(kept.template).secret and not later:
        kept.body = ""
    kept.save(update_fields=["taken_at", "sent_at", "failed_at", "failure", "body"])
    record(left=kept.sent_at is not None, failure=failure or later or None)
    return kept


@act("message.forget", allow=(BY_SYSTEM,))
def forget_mails(*, by: Actor) -> int:
    """宛先だけのメールの消去: mails that were nobody's and about no case (they confirmed an address) are deleted."""
    gone = int(forgotten_mails().delete()[0])
    record(gone=gone)
    return gone


@act("message.bounce", allow=(BY_SYSTEM,))
def bounce(message: Message, *, by: Actor, code: str) -> Message:
    """不達の記録: a mail that had left came back; the case shows it. ``code`` is an enhanced status code (RFC 3463)."""
    Message.objects.filter(pk=message.pk, channel="mail", failed_at=None).update(
        sent_at=None, failed_at=clock.now(), failure=f"bounce-{code}"
    )
    record(failure=code)
    message.refresh_from_db()
    return message


@act("message.read", allow=(OWN,))
def read(message: Message, *, by: Actor) -> Message:
    """お知らせの閲覧: the person has opened the message; the first time counts."""
    Message.objects.filter(pk=message.pk, read_at__isnull=True).update(read_at=clock.now())
    message.refresh_from_db()
    return message


# --- notices to those who live somewhere ------------------------------------------------------------------------

MAY_NOTIFY = Reason(
    "may-notify",
    "この課からお知らせを出す職だから",
    lambda actor, about: (about.office if isinstance(about, Notice) else str(about)) in offices_of(actor),
)
MOST_SUBJECT: Final = 100
MOST_BODY: Final = 4_000
#: Whoever lives where more than so many do is not told by one act: a whole city is told otherwise.
MOST_PEOPLE: Final = 20_000


@act("notice.write", allow=(MAY_NOTIFY,))
def write_notice(office: str, subject: str, body: str, audience: Mapping[str, Any], *, by: Actor) -> Notice:
    """お知らせの下書き: what is to be said, and to those who live where. Nobody is told yet. Raises Invalid."""
    wrong: dict[str, Problem] = {}
    said = {"subject": (subject, MOST_SUBJECT), "body": (body, MOST_BODY)}
    kept = dict.fromkeys(said, "")
    for name, (words, most) in said.items():
        try:
            kept[name] = clean(words, multiline=name == "body", max_length=most)
        except Invalid as refusal:
            wrong[name] = refusal.as_problem()
        if not kept[name] and name not in wrong:
            wrong[name] = Problem(f"notice-{name}", "書いてください。")
    where: Mapping[str, Any] = {}
    try:
        where = AUDIENCES.get("area").checked(audience)
    except Invalid as refusal:
        wrong["area"] = refusal.as_problem()
    if wrong:
        raise Invalid("notice-incomplete", "お知らせの内容を確かめてください。", fields=wrong)
    made = Notice.objects.create(office=office, **kept, audience=where, written_by_id=by.who)
    record(office=office, audience=sorted(where))
    return made


@act("notice.send", allow=(MAY_NOTIFY,))
def send_notice(notice: Notice, *, by: Actor) -> Notice:
    """お知らせの送信: everybody who lives in the area today is told: in the portal, by mail too where they have an
    address for it, on paper where they have never signed in.

    By the law of the office (facts' door): each who is told has in their log that their address was read. Whoever is
    under 支援措置 is told like all others. Raises Stale where it was sent before, NoBasis, Invalid.
    """
    fresh = _open_notice(notice)
    purpose = Purpose("notify", office=fresh.office)
    there = facts.addresses(purpose, by=by)
    chosen = AUDIENCES.get("area").chosen(fresh.audience, there.keys())
    if sum(there[address] for address in chosen) > MOST_PEOPLE:
        raise Invalid(
            "notice-too-many",
            "一度に知らせられるのは%(most)s人までです。区域を分けてください。",
            {"most": f"{MOST_PEOPLE:,}"},
        )
    people = facts.living_at(chosen, purpose, by=by)
    office = OFFICES.get("organisation")(fresh.office)
    if office is None:
        raise Invalid("notice-office", "このお知らせを出す課が、いまの組織にありません。")
    identities = Identity.objects.filter(person__in=people).order_by("confirmed_at")
    known = {(one.person_id, one.issuer == "mailto:"): one.subject for one in identities}
    online = {person for person, _ in known}
    subject, body = text("notice").say(
        "ja", {"city": office.city, "subject": fresh.subject, "text": fresh.body, "office": office.name}
    )
    _, closing = text("closing").say("ja", {"city": office.city, "contact": office.contact})
    at, event = clock.now(), current_event()
    written = [
        Message(
            event_id=event, template="notice", person_id=person, channel="mail" if address else "portal",
            address=address, subject=subject, body=f"{body}\n{closing}", created_at=at, sent_at=None if address else at,
        )
        for person in sorted(online)
        for address in [known.get((person, True), "")]
    ]  # fmt: skip
    Message.objects.bulk_create(written, batch_size=1000)
    on_paper = [NoticeLetter(notice=fresh, person_id=one) for one in people if one not in online]
    NoticeLetter.objects.bulk_create(on_paper, batch_size=1000)
    fresh.sent_at, fresh.people, fresh.on_paper = at, len(people), len(on_paper)
    fresh.mails = sum(1 for one in written if one.address)
    fresh.save(update_fields=["sent_at", "people", "mails", "on_paper"])
    record(office=fresh.office)
    return fresh


@act("notice.drop", allow=(MAY_NOTIFY,))
def drop_notice(notice: Notice, *, by: Actor) -> Notice:
    """お知らせの取りやめ: it will not be sent. Raises Stale where it was sent or dropped before."""
    fresh = _open_notice(notice)
    fresh.dropped_at = clock.now()
    fresh.save(update_fields=["dropped_at"])
    record(office=fresh.office)
    return fresh


@act("notice.put-on-paper", allow=(BY_SYSTEM,))
def put_on_paper(one: NoticeLetter, *, by: Actor) -> Letter | None:
    """お知らせの文書の作成: the letter to somebody who has never signed in. None where it was made, or nobody knows
    their name and address any more. Raises NoBasis."""
    fresh = NoticeLetter.objects.select_for_update(of=("self",)).select_related("notice").get(pk=one.pk)
    notice, person = fresh.notice, fresh.person_id
    office = OFFICES.get("organisation")(notice.office)
    if fresh.letter_id is not None or office is None:
        return None
    keys = ("person.full_name", "person.registered_address")
    told = facts.known(person, keys, Purpose("notify", office=notice.office), by=by)
    if set(keys) - told.keys():
        record(made=False)
        return None
    name, address = (str(told[key].value) for key in keys)
    data = {
        **office.letter,
        "to": {"name": name, "honorific": "様", "address": [address]},
        "notice": {"subject": notice.subject, "paragraphs": [one for one in notice.body.split("\n") if one.strip()]},
        "reasons": [],
        "remedies": [],
    }
    fresh.letter = issue_letter(
        notice.pk, template="letters/notice.typ", kind="notice", symbol=office.symbol, data=data, person=person, by=by
    )
    fresh.save(update_fields=["letter"])
    record(made=True)
    return fresh.letter


@act("notice.print", allow=(MAY_NOTIFY,))
def print_notice(notice: Notice, *, by: Actor) -> Notice:
    """お知らせの文書の印刷: the letters that are made are taken out for the office's printer."""
    printed = Letter.objects.filter(about=notice.pk, printed_at=None).update(printed_at=clock.now())
    record(office=notice.office, first=printed > 0)
    return notice


def _open_notice(notice: Notice) -> Notice:
    fresh = Notice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
    if fresh.sent_at is not None:
        raise Stale("notice-sent", "このお知らせは、すでに送られています。")
    if fresh.dropped_at is not None:
        raise Stale("notice-dropped", "このお知らせは、取りやめになっています。")
    return fresh
