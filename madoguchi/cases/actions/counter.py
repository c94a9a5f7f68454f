"""書かない窓口: a resident sits before a clerk, who types; the resident confirms; the clerk hands it in.

1. A clerk opens a sitting; a tablet that is a kiosk is paired with it by six digits.
2. The resident is identified: by card on the tablet, or by a document that the clerk has seen. They say it is right;
   before that nothing that was typed is stated of anybody.
3. The clerk opens a draft of theirs and fills it in with the acts of ``drafting`` (reason ``at-counter``).
4. What was typed is put before the resident, who signs on the tablet, or says so to the clerk.
5. The clerk hands in exactly that (``submitting.submit``). The sitting ends, and the tablet knows nobody any more.

A tablet has no rights: it may answer what the sitting asks of it. Which tablet that is says the caller, who has
read its signed cookie.
"""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from madoguchi.cases.actions import drafting, driving, withdrawing
from madoguchi.cases.actions.reasons import AT_COUNTER, AT_KIOSK, OWN_SITTING, SERVES_COUNTER
from madoguchi.cases.models import Case, Confirmation, Cosigner, Document, DocumentContent, How, Kiosk, Scan, Sitting
from madoguchi.cases.queries.counter import counter_key, returned_to, to_confirm
from madoguchi.cases.rules import counter as rules
from madoguchi.cases.rules.keeping import SITTING_KEPT
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.events.storing import insert_with_file
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Entry
from madoguchi.facts.rules.matching import ATTRIBUTES
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound, Problem, Refused, Stale
from madoguchi.ground.kana import to_katakana
from madoguchi.ground.text import clean
from madoguchi.ground.wareki import parse_date
from madoguchi.people import rules as people
from madoguchi.people.models import Identity
from madoguchi.people.queries import actor_of_account
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

#: Kinds that are not begun at the counter: a life event is many forms, an internal request no resident's.
_NOT_HERE = ("journey", "internal")


# -- devices ----------------------------------------------------------------------------------------------------------


@act("kiosk.make", allow=(SERVES_COUNTER,))
def make_kiosk(name: str, *, by: Actor) -> Kiosk:
    """共用端末の登録: whoever types the code of it into a device within ten minutes makes that device this kiosk."""
    said = clean(name, max_length=40)
    if not said:
        raise Invalid("kiosk-unnamed", "端末の名前を入力してください（「1階ロビー 1番」など）。")
    return Kiosk.objects.create(name=said, made_by_id=by.who, code_until=clock.now() + rules.KIOSK_CODE_LASTS)


@act("kiosk.join", allow=(AT_KIOSK,))
def join_kiosk(kiosk: Kiosk, typed: str, browser: str, *, by: Actor) -> Kiosk:
    """共用端末の設定: this device is the kiosk from now on. The code works once."""
    fresh = Kiosk.objects.select_for_update().get(pk=kiosk.pk)
    if fresh.joined_at is not None or fresh.ended_at is not None or fresh.code_until <= clock.now():
        raise _kiosk_unknown()
    if not rules.is_kiosk_code(counter_key(), fresh.pk, typed):
        raise _kiosk_unknown()
    fresh.joined_at, fresh.browser = clock.now(), people.browser_of(browser)
    fresh.save(update_fields=["joined_at", "browser"])
    return fresh


def find_kiosk(typed: str) -> Kiosk:
    """The kiosk whose code this is. Raises NotFound; a code of 60 bits is not guessed."""
    waiting = Kiosk.objects.filter(joined_at=None, ended_at=None, code_until__gt=clock.now())
    found = [one for one in waiting if rules.is_kiosk_code(counter_key(), one.pk, typed)]
    if not found:
        raise _kiosk_unknown()
    return found[0]


def _kiosk_unknown() -> NotFound:
    return NotFound(
        "kiosk-code-wrong", "コードが違うか、使えなくなっています。職員の画面で新しいコードを出してください。"
    )


@act("kiosk.end", allow=(SERVES_COUNTER,))
def end_kiosk(kiosk: Kiosk, *, by: Actor) -> Kiosk:
    """共用端末の取消し: the device is none any more, from its next request on; a sitting goes on without it."""
    fresh = Kiosk.objects.select_for_update().get(pk=kiosk.pk)
    if fresh.ended_at is not None:
        raise Stale("kiosk-ended", "この端末は、すでに取り消されています。")
    fresh.ended_at = clock.now()
    fresh.save(update_fields=["ended_at"])
    Sitting.objects.filter(kiosk=fresh, ended_at=None).update(kiosk=None)
    return fresh


# -- a sitting --------------------------------------------------------------------------------------------------------


@act("counter.open", allow=(SERVES_COUNTER,))
def open_sitting(*, by: Actor) -> Sitting:
    """窓口の受付の開始: whoever sits down next. Old sittings are forgotten."""
    now = clock.now()
    end_forgotten()
    Sitting.objects.filter(ended_at__lt=now - SITTING_KEPT).delete()
    return Sitting.objects.create(
        clerk_id=by.who, section=min(by.sections, default=""), serial=1, code_until=now + rules.PAIRING_LASTS
    )


def end_forgotten() -> int:
    """End the sittings that are over by themselves: what was typed there is left to nobody."""
    over = [one for one in Sitting.objects.filter(ended_at=None) if not one.is_open]
    for one in over:
        end_sitting(one, by=SYSTEM)
    return len(over)


@act("counter.stay", allow=(OWN_SITTING,))
def stay(sitting: Sitting, *, by: Actor) -> Sitting:
    """窓口の受付の続行: the clerk is still at it."""
    return _open(sitting)


@act("counter.stay_at_kiosk", allow=(AT_KIOSK,))
def stay_at_kiosk(kiosk: Kiosk, *, by: Actor) -> Sitting:
    """窓口の受付の続行（端末）: the resident is still reading, or signing."""
    sitting = _paired(kiosk)
    record(sitting=sitting.pk)
    return sitting


@act("counter.show_code", allow=(OWN_SITTING,))
def show_code(sitting: Sitting, *, by: Actor) -> Sitting:
    """端末の番号の表示: a new code; the one before is good for nothing."""
    fresh = _open(sitting)
    fresh.serial, fresh.code_until = fresh.serial + 1, clock.now() + rules.PAIRING_LASTS
    fresh.save(update_fields=["serial", "code_until"])
    return fresh


@act("counter.pair", allow=(AT_KIOSK,))
def _pair(kiosk: Kiosk, typed: str, *, by: Actor) -> Sitting | None:
    """端末と受付の結びつけ: the right code works once; a wrong one counts, so it cannot be rolled back."""
    now, fresh = clock.now(), Kiosk.objects.select_for_update().get(pk=kiosk.pk)
    if fresh.ended_at is not None or fresh.joined_at is None:
        raise _not_paired()
    if fresh.tried_at is not None and now - fresh.tried_at >= rules.TRIES_FORGOTTEN:
        fresh.tries, fresh.tried_at = 0, None
    if fresh.tries >= rules.MOST_TRIES:
        raise Refused(
            "pairing-too-often",
            "番号の入力が続けて合わなかったため、しばらく使えません。10分ほどたってから、もう一度入力してください。",
            status=429,
        )
    waiting = Sitting.objects.select_for_update().filter(ended_at=None, code_until__gt=now).order_by("pk")
    right = [one for one in waiting if one.is_open and rules.is_pairing_code(counter_key(), one.pk, one.serial, typed)]
    if len(right) != 1:  # two sittings with the same digits: neither; the next code is another
        fresh.tries, fresh.tried_at = fresh.tries + 1, fresh.tried_at or now
        fresh.save(update_fields=["tries", "tried_at"])
        record(right=False)
        return None
    Sitting.objects.filter(kiosk=fresh, ended_at=None).update(kiosk=None)
    sitting = right[0]
    sitting.kiosk, sitting.code_until = fresh, None
    sitting.save(update_fields=["kiosk", "code_until"])
    fresh.tries, fresh.tried_at = 0, None
    fresh.save(update_fields=["tries", "tried_at"])
    record(right=True, sitting=sitting.pk)
    return sitting


def pair(kiosk: Kiosk, typed: str, *, by: Actor) -> Sitting:
    """The sitting with these digits; this tablet serves it from now on, and no other does.

    Raises Invalid ``pairing-code-wrong``, Refused 429 ``pairing-too-often``.
    """
    sitting = _pair(kiosk, typed, by=by)
    if sitting is None:
        raise Invalid("pairing-code-wrong", "番号が違うか、古くなっています。職員の画面の6桁の番号をお確かめください。")
    return sitting


@act("counter.identify", allow=(OWN_SITTING,))
def identify(sitting: Sitting, shown: str, told: Mapping[str, str], *, by: Actor) -> Sitting:
    """窓口での本人確認: the four attributes as they stand on the document that the clerk has seen.

    ``told``: fact → what was typed. Nobody is looked for and nothing is stated before the resident has agreed. Raises
    Invalid with every field that is wrong.
    """
    fresh = _open(sitting)
    _refuse_known(fresh)
    values, problems = _read(told)
    if shown not in rules.SHOWN:
        problems["shown"] = Problem("document-missing", "確かめた書類を選んでください。")
    if problems:
        raise Invalid("identity-incomplete", "入力を直してください。", fields=problems)
    fresh.shown, fresh.told, fresh.identified_at = shown, values, clock.now()
    fresh.save(update_fields=["shown", "told", "identified_at"])
    record(shown=shown)
    return fresh


@act("counter.identify_by_card", allow=(AT_KIOSK,))
def identify_by_card(kiosk: Kiosk, told: Mapping[str, str], *, by: Actor) -> Sitting:
    """窓口でのカードによる本人確認: ``by`` has just signed in with their card on the tablet that serves a sitting.

    ``told`` is what the card has said, by fact.
    """
    if by.kind != "resident" or not by.level.startswith("card"):
        raise _not_paired()
    fresh = _paired(kiosk)
    _refuse_known(fresh)
    fresh.person_id, fresh.shown, fresh.told, fresh.identified_at = by.who, rules.CARD, dict(told), clock.now()
    fresh.save(update_fields=["person", "shown", "told", "identified_at"])
    record(sitting=fresh.pk, resident=by.who)
    return fresh


@act("counter.agree", allow=(AT_KIOSK,))
def agree(kiosk: Kiosk, *, by: Actor) -> Sitting:
    """基本4情報の確認（端末）: the resident says that name, address, day of birth and sex are theirs."""
    fresh = _paired(kiosk)
    record(sitting=fresh.pk)
    return _agreed(fresh)


@act("counter.note_agreed", allow=(OWN_SITTING,))
def note_agreed(sitting: Sitting, *, by: Actor) -> Sitting:
    """基本4情報の確認（口頭）: the clerk has read them aloud, and the resident has said that they are right."""
    return _agreed(_open(sitting))


@act("counter.mistaken", allow=(OWN_SITTING,))
def mistaken(sitting: Sitting, *, by: Actor) -> Sitting:
    """本人確認のやり直し: what was typed is not right; nothing was begun yet, and whoever was found is let go."""
    fresh = _open(sitting)
    if Case.objects.filter(sitting=fresh).exists():
        raise Stale("sitting-begun", "すでに手続きを始めています。受付を終わらせて、はじめからやり直してください。")
    _forget(fresh)
    fresh.person, fresh.shown, fresh.told, fresh.identified_at, fresh.agreed_at = None, "", {}, None, None
    fresh.save(update_fields=["person", "shown", "told", "identified_at", "agreed_at"])
    return fresh


@act("counter.end", allow=(OWN_SITTING, BY_SYSTEM))
def end_sitting(sitting: Sitting, *, by: Actor) -> Sitting:
    """窓口の受付の終了: the tablet knows nobody any more; what was not handed in is deleted."""
    fresh = Sitting.objects.select_for_update().get(pk=sitting.pk)
    if fresh.ended_at is not None:
        return fresh
    fresh.ended_at, fresh.told, fresh.kiosk, fresh.code_until = clock.now(), {}, None, None
    fresh.save(update_fields=["ended_at", "told", "kiosk", "code_until"])
    open_drafts = Case.objects.filter(sitting=fresh, received_at=None, withdrawn_at=None)
    for case in open_drafts:
        withdrawing.withdraw(case, by=SYSTEM)
    _forget(fresh)
    record(dropped=len(open_drafts))
    return fresh


# -- a case -----------------------------------------------------------------------------------------------------------


@act("counter.begin", allow=(OWN_SITTING,))
def begin(sitting: Sitting, procedure: Procedure, *, by: Actor, language: str = "ja") -> Case:
    """窓口での手続の開始: a draft for whoever sits there; the one that is there already is handed back."""
    fresh = _open(sitting)
    if fresh.person_id is None or fresh.agreed_at is None:
        raise Stale("sitting-unknown-person", "先に、ご本人を確かめてください。")
    package = procedures.package(procedure)
    if package.procedure.kind in _NOT_HERE:
        raise Invalid("not-at-counter", "この手続きは、窓口ではまとめて始められません。手続きごとに選んでください。")
    there = Case.objects.filter(sitting=fresh, procedure__code=procedure.code, received_at=None, withdrawn_at=None)
    case = there.first() or Case.objects.create(
        procedure=procedure,
        person_id=fresh.person_id,
        sitting=fresh,
        language=language,
        section=procedures.section_of(package.procedure).id,
    )
    record(case=case.pk, procedure=procedure.code, version=procedure.version, resident=fresh.person_id)
    return case


@act("counter.take_up", allow=(OWN_SITTING,))
def take_up(sitting: Sitting, case_id: UUID, *, by: Actor) -> Case:
    """窓口での補正: a case of whoever sits there that was returned to them is corrected here."""
    fresh = _open(sitting)
    found = returned_to(fresh).filter(pk=case_id).first()
    if found is None:
        raise NotFound("draft-unknown", "この手続きは見つからないか、いま直すところがありません。")
    found.sitting = fresh
    found.save(update_fields=["sitting"])
    record(case=found.pk, resident=fresh.person_id)
    return found


@act("counter.ask", allow=(AT_COUNTER,))
def ask(case: Case, *, by: Actor) -> Confirmation:
    """ご本人への確認の求め: what was typed is put before the resident as it stands now."""
    fresh = drafting.editable(case)
    if fresh.sitting is None or procedures.package(fresh.procedure).form.missing(fresh.answers, fresh.typed):
        raise Stale("incomplete", "入力が終わっていないところがあります。")
    asked, _ = Confirmation.objects.update_or_create(
        case=fresh,
        defaults={
            "clerk_id": by.who,
            "shown": fresh.sitting.shown,
            "asked_at": clock.now(),
            "digest": rules.digest_of(fresh.answers, fresh.typed),
            "confirmed_at": None,
            "how": "",
            "name": "",
            "signature": None,
        },
    )
    return asked


@act("counter.confirm", allow=(AT_KIOSK,))
def confirm(case: Case, kiosk: Kiosk, digest: str, *, by: Actor, drawn: str = "", name: str = "") -> Confirmation:
    """ご本人の確認（端末）: the resident has read what was typed and signs it, with a finger or by typing their name.

    ``digest`` names what stood on the screen. Raises Stale where something else stands there now.
    """
    sitting, fresh = _paired(kiosk), driving.locked(case)
    asked = to_confirm(sitting)
    if asked is None or asked.case_id != fresh.pk or asked.digest != digest:
        raise Stale("shown-changed", "画面の内容が変わりました。もう一度お確かめください。")
    if asked.confirmed_at is not None:
        record(again=True)
        return asked
    typed = clean(name, max_length=100)
    if drawn:
        asked.how, asked.signature = How.SIGNED, _keep_signature(fresh, drawn)
    elif typed:
        asked.how, asked.name = How.NAMED, typed
    else:
        raise Invalid("signature-missing", "枠の中に指で署名するか、名前を入力してください。")
    asked.confirmed_at = clock.now()
    asked.save(update_fields=["how", "name", "signature", "confirmed_at"])
    record(how=asked.how, sitting=sitting.pk, resident=sitting.person_id)
    return asked


@act("counter.note_confirmed", allow=(AT_COUNTER,))
def note_confirmed(case: Case, *, by: Actor) -> Confirmation:
    """ご本人の確認（口頭）: the clerk has read it aloud or shown it, the resident has said that it is right."""
    asked = ask(case, by=by)
    asked.how, asked.confirmed_at = How.SPOKEN, clock.now()
    asked.save(update_fields=["how", "confirmed_at"])
    record(how=asked.how)
    return asked


def _keep_signature(case: Case, drawn: str) -> Document:
    kept = rules.signature(drawn)
    document = Document.objects.create(
        case=case,
        path=rules.SIGNATURE,
        name=kept.name,
        media_type=kept.media_type,
        size=len(kept.content),
        sha256=kept.sha256,
        width=kept.width,
        height=kept.height,
        scan=Scan.CLEAN,  # its pixels were encoded anew, nothing of what was sent is left
        scanned_at=clock.now(),
    )
    insert_with_file(DocumentContent(document=document, content=kept.content))
    return document


# -- within -----------------------------------------------------------------------------------------------------------


def _open(sitting: Sitting) -> Sitting:
    fresh = Sitting.objects.select_for_update().get(pk=sitting.pk)
    if not fresh.is_open:
        raise Stale("sitting-over", "この受付は終わっています。はじめからやり直してください。")
    return _used(fresh)


def _used(fresh: Sitting) -> Sitting:
    fresh.used_at = clock.now()
    fresh.save(update_fields=["used_at"])
    return fresh


def _paired(kiosk: Kiosk) -> Sitting:
    """The sitting that this tablet serves now, locked; a tablet that was replaced or taken back serves none."""
    found = Sitting.objects.select_for_update().filter(kiosk=kiosk, kiosk__ended_at=None, ended_at=None).first()
    if found is None or not found.is_open:
        raise _not_paired()
    return _used(found)


def _forget(sitting: Sitting) -> None:
    """What was read of somebody who has asked for nothing, here or ever, and whom nothing else knows: nobody would ever
    delete it. With the last record of anybody else it goes as all that is known of them."""
    person = sitting.person_id
    if person is None or sitting.shown == rules.CARD:
        return
    of_cases = Case.objects.filter(person=person), Cosigner.objects.filter(person=person)
    known = Identity.objects.filter(person=person), Entry.objects.filter(person=person)
    if not any(one.exists() for one in (*of_cases, *known)):
        facts.forget(None, person_id=person, by=SYSTEM)


def _not_paired() -> Stale:
    return Stale("not-paired", "この受付は終わっています。")


def _refuse_known(sitting: Sitting) -> None:
    if sitting.identified_at is not None:
        raise Stale("sitting-identified", "ご本人は、すでに確かめてあります。")


def _agreed(fresh: Sitting) -> Sitting:
    """The resident says that it is right: whom it means is found now, and what the clerk has seen is stated by them."""
    if fresh.identified_at is None:
        raise Stale("sitting-unknown-person", "先に、ご本人を確かめてください。")
    if fresh.agreed_at is None:
        if fresh.person_id is None:
            fresh.person = facts.identify(fresh.told, by=actor_of_account(fresh.clerk, channel="counter"))
        fresh.agreed_at = clock.now()
        fresh.save(update_fields=["person", "agreed_at"])
        record(resident=fresh.person_id)
    return fresh


def _read(told: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Problem]]:
    """The attributes by fact, and what is wrong with them. A document need not say the sex, nor how a name is read."""
    values: dict[str, str] = {}
    problems: dict[str, Problem] = {}
    for name, key in ATTRIBUTES.items():
        try:
            values[key] = clean(told.get(name, ""), max_length=200)
            if name == "born" and values[key]:
                values[key] = _birthday(values[key])
            if name == "sex" and values[key] not in ("", "male", "female"):
                raise Invalid("sex-unknown", "男性・女性・記載なしのどれかを選んでください。")
            if name == "kana":
                values[key] = to_katakana(values[key])
        except Invalid as refusal:
            problems[name] = refusal.as_problem()
    for name in ("name", "address", "born"):
        if name not in problems and not values[ATTRIBUTES[name]]:
            problems[name] = Problem("attribute-missing", "書類のとおりに入力してください。")
    return {key: value for key, value in values.items() if value}, problems


def _birthday(text: str) -> str:
    """As it is written on the document, in either calendar."""
    day = parse_date(text)
    if not dt.date(1880, 1, 1) <= day <= clock.today():
        raise Invalid("birthday", "生年月日をお確かめください。")
    return day.isoformat()
