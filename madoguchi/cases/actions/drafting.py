"""What the applicant does: fill in, give documents, submit, correct, withdraw.

A draft is a case that has not been received. The same acts serve the correction (補正): then only the fields that
the office asked for can be changed, and ``submit`` gives the case back to the step that returned it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from madoguchi.cases.actions import consenting, driving, listing
from madoguchi.cases.actions.reasons import AT_COUNTER
from madoguchi.cases.models import Case, Correction, Document, DocumentContent, Scan, Signature, Submission, Upload
from madoguchi.cases.queries import (
    confirmation_of,
    correcting,
    demands_signature,
    is_signed,
    kept_until,
    known_of_businesses,
    mandate_of,
    must_stand,
    shown,
    standing_for,
    to_fill_in,
)
from madoguchi.cases.queries.known import question
from madoguchi.cases.rules import uploads
from madoguchi.cases.rules.permission import OWN_CASE, PARTNER_ADDS, PARTNER_FILED, SIGNED_IN
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.models import Event
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.events.storing import insert_with_file
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.facts.queries import known
from madoguchi.facts.rules import Purpose, consent_to
from madoguchi.ground import clock
from madoguchi.ground.calendar import JAPAN
from madoguchi.ground.errors import Invalid, NotFound, Problem, Stale
from madoguchi.ground.ids import new_reference
from madoguchi.people.actions import introduce
from madoguchi.people.models import Person
from madoguchi.places.actions import name_place
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import journeys, linking, speaking
from madoguchi.procedures.rules.form import FormField, FormSection
from madoguchi.procedures.rules.published import Published

#: A known fact is taken over with one tap: the form posts ``<path>.as_known``.
AS_KNOWN = "as_known"
#: How often a save in one part renews the term of the whole life event: drafts are forgotten after days.
RENEWED_EVERY: Final = dt.timedelta(hours=1)
#: Tries to find a 受付番号 that is not taken; with 10^8 a year the second is already rare.
NUMBER_TRIES = 8


@act("case.open", allow=(SIGNED_IN,))
def open_draft(procedure: Procedure, *, by: Actor, language: str = "ja", linked: forms.Raw | None = None) -> Case:
    """手続を始める: the draft of this person for this procedure, opened if there is none yet.

    Two taps at once open one draft. A draft of an earlier version is handed back as it is. ``linked`` is what a link
    chose beforehand: it answers what has no answer yet, and changes none.
    """
    mine = Case.objects.filter(
        person_id=by.who,
        procedure__code=procedure.code,
        received_at=None,
        withdrawn_at=None,
        subject=None,
        corrects__isnull=True,
        sitting=None,
    ).first()
    if mine is not None:
        record(case=mine.pk, continued=True)
        return _take_link(mine, linked)
    package = procedures.package(procedure)
    try:
        with transaction.atomic():  # noqa: TID251 -- a savepoint inside the act
            case = Case.objects.create(
                procedure=procedure,
                person_id=by.who,
                language=language,
                section=procedures.section_of(package.procedure).id,
            )
    except IntegrityError:
        case = Case.objects.get(
            person_id=by.who,
            procedure=procedure,
            received_at=None,
            withdrawn_at=None,
            subject=None,
            sitting=None,
            corrects__isnull=True,
        )
    record(case=case.pk, procedure=procedure.code, version=procedure.version)
    return _take_link(case, linked)


@act("case.open-for-another", allow=(SIGNED_IN,))
def open_for_another(procedure: Procedure, relation: str, *, by: Actor, language: str = "ja") -> Case:
    """ほかの方のための手続を始める: a draft about somebody else, whom the one signed in speaks for.

    ``relation`` is one of the package's ``apply_for_others``. What the city knows of the speaker fills in who speaks,
    never who it is about. A draft in which nothing was typed yet is handed back instead of a second one.
    """
    package = procedures.package(procedure)
    if relation not in speaking.speakers(package.procedure):
        raise Invalid("relation", "申し込む方との関係を選んでください。")
    untouched = Case.objects.filter(
        person_id=by.who,
        procedure=procedure,
        received_at=None,
        withdrawn_at=None,
        subject__isnull=False,
        revision=0,
        mandate=None,
    ).first()
    if untouched is not None and untouched.answers.get(speaking.RELATION) == relation:
        record(case=untouched.pk, continued=True)
        return untouched
    told = {"person.full_name": speaking.NAME, "person.full_name_kana": speaking.KANA, "person.phone": speaking.PHONE}
    speaker = {
        told[key]: one.value
        for key, one in known(by.who, list(told), Purpose("prefill", procedure.code), by=by).items()
    }
    case = Case.objects.create(
        procedure=procedure,
        person_id=by.who,
        subject=introduce(by=by),
        language=language,
        section=procedures.section_of(package.procedure).id,
        answers={speaking.RELATION: relation, **speaker},
    )
    record(case=case.pk, procedure=procedure.code, version=procedure.version, relation=relation)
    return case


def section_digest(case: Case, section: FormSection) -> str:
    """What two windows compare: a short digest of what was typed into one section, as it is stored.

    Files are not in it: they come and go by themselves, and no form posts them back.
    """
    names = [one.name for one in section.fields if one.type not in forms.UPLOADED]
    if section.each is not None:
        rows = [[forms.get(row, name) for name in names] for row in case.answers.get(section.each) or []]
        stored: Any = [rows, sorted(_typed_under(case, section.each).items())]
    else:
        stored = [[forms.get(case.answers, name), case.typed.get(name)] for name in names]
    return hashlib.sha256(json.dumps(stored, sort_keys=True, default=str).encode()).hexdigest()[:16]


@act("case.save", allow=(OWN_CASE, PARTNER_FILED, AT_COUNTER))
def save_section(case: Case, section_id: str, raw: forms.Raw, *, by: Actor, base: str | None = None) -> forms.Read:
    """入力の保存: keep what was typed into one section, also what cannot be accepted yet.

    ``raw`` maps input names to their posted values. ``base`` is the :func:`section_digest` of the form that was
    filled in; where another window has changed a field to something else since, :class:`Stale` names the fields
    and nothing is stored. Returns the values, the unreadable input and the problems by path.
    """
    journey, fresh = driving.locked_with_its_whole(case)  # what is told in one part is told in all
    _refuse_uneditable(fresh)
    package = procedures.package(fresh.procedure)
    section = package.form.section(section_id)
    if section is None:
        raise NotFound("section-unknown", "この手続にその項目はありません。")
    given = package.form.read(section, raw)
    _keep_speaker(fresh, given)
    taken = _take_known(fresh, section, raw, given, by)
    if fresh.received_at is not None:
        _only_what_was_asked(fresh, given)
    if fresh.corrects is not None:
        _keep_correction(fresh, given)
    if base is not None and base != section_digest(fresh, section):
        _refuse_conflicts(fresh, given)
    before = json.loads(json.dumps(fresh.answers))
    for path, value in given.values.items():
        forms.put(fresh.answers, path, value)
        fresh.typed.pop(path, None)
    fresh.typed.update(given.typed)
    _store(fresh)
    if fresh.received_at is None and (journey is not None or package.procedure.kind == "journey"):
        _share(fresh, package, before, journey or fresh, by)
    fields = given.values.keys() | given.typed.keys()
    same = [path for path in given.values if forms.get(before, path) == given.values[path]]
    record(section=section_id, fields=sorted(fields), taken=taken, unchanged=sorted(same))
    _mirror(case, fresh)
    return given


def _share(case: Case, package: Published, before: Mapping[str, Any], journey: Case, by: Actor) -> None:
    """What one part of a life event, or the life event itself, has told anew under fact keys is told in all its drafts,
    and what the life event gives to its parts follows its own answers."""
    is_journey = case.pk == journey.pk
    bodies = {one.procedure: one for one in procedures.package(journey.procedure).procedure.parts}
    body = bodies.get(case.procedure.code)
    news = journeys.changed(package.form, before, case.answers, body.keeps if body else ())
    of_speaker = _of_speaker(case, before)
    for one in drafts_of(journey, besides=case) if news or of_speaker or is_journey else ():
        form, other = procedures.package(one.procedure).form, bodies.get(one.procedure.code)
        values = journeys.taken(form, one.answers, news, other.keeps if other else ())
        if is_journey and other is not None:
            scopes = journeys.scope_of(package.form, before), journeys.scope_of(package.form, case.answers)
            values |= journeys.given_anew(other, form, one.answers, *scopes)
        if speaking.REGISTERED in one.answers:
            values |= {
                name: value
                for name, value in of_speaker.items()
                if form.field_at(name) is not None and one.answers.get(name) != value
            }
        if values:
            take_over(one, values, by=by)
    if is_journey or case.saved_at - journey.saved_at > RENEWED_EVERY:
        # What is filled in together is forgotten together.
        together = Case.objects.filter(Q(pk=journey.pk) | Q(part_of=journey), received_at=None, withdrawn_at=None)
        together.exclude(pk=case.pk).update(saved_at=case.saved_at)


def _of_speaker(case: Case, before: Mapping[str, Any]) -> dict[str, Any]:
    """What whoever speaks for another has told anew of themselves: it is told once for all parts."""
    return {name: case.answers.get(name) for name in speaking.OF_SPEAKER if case.answers.get(name) != before.get(name)}


def drafts_of(journey: Case, besides: Case | None = None) -> list[Case]:
    """The drafts that are filled in together, locked: the parts, and the life event itself."""
    drafts = [*driving.locked_drafts(journey), journey]
    return [one for one in drafts if besides is None or one.pk != besides.pk]


@act("case.take-over", allow=(OWN_CASE,))
def take_over(case: Case, values: Mapping[str, Any], *, by: Actor) -> Case:
    """回答の引継ぎ: what was answered elsewhere in the same life event stands here, too, and is not asked again."""
    fresh = editable(case)
    for path, value in values.items():
        forms.put(fresh.answers, path, value)
        fresh.typed.pop(path, None)
    _store(fresh)
    record(fields=sorted(values))
    return _mirror(case, fresh)


@act("case.add-row", allow=(OWN_CASE, AT_COUNTER))
def add_row(case: Case, section_id: str, *, by: Actor) -> Case:
    """行の追加: one more row (a child) at the end of a section that has rows."""
    fresh, section = _rows_of(case, section_id)
    rows = fresh.answers.setdefault(section.each, [])
    if len(rows) >= section.at_most:
        raise Invalid("rows-too-many", "%(count)s人（件）まで入力できます。", {"count": section.at_most})
    rows.append({})
    _store(fresh)
    return _mirror(case, fresh)


@act("case.remove-row", allow=(OWN_CASE, AT_COUNTER))
def remove_row(case: Case, section_id: str, number: int, *, by: Actor) -> Case:
    """行の削除: take one row (counted from 0) out, with what was typed and uploaded in it."""
    fresh, section = _rows_of(case, section_id)
    rows = fresh.answers.get(section.each or "") or []
    if not 0 <= number < len(rows):
        raise Stale("row-gone", "その行はもうありません。画面を読み込み直してください。")
    del rows[number]
    prefix = f"{section.each}."
    fresh.typed = {moved: value for path, value in fresh.typed.items() if (moved := _moved(path, prefix, number))}
    for document in fresh.documents.filter(path__startswith=prefix, removed_at=None):
        moved = _moved(document.path, prefix, number)
        document.path, document.removed_at = moved or document.path, None if moved else clock.now()
        document.save(update_fields=["path", "removed_at"])
    Upload.objects.filter(case=fresh, path__startswith=prefix).delete()  # its row may be gone or another by now
    _store(fresh)
    return _mirror(case, fresh)


@act("case.add-document", allow=(OWN_CASE, PARTNER_ADDS, AT_COUNTER))
def keep_document(case: Case, path: str, name: str, content: bytes, scan: Scan, *, by: Actor) -> Document:
    """写真・ファイルの追加: keep an upload under a photo or file field, cleaned (see ``rules.uploads``).

    The same content under the same field is kept once, so a repeated post changes nothing. ``scan`` is what the
    virus scanner said of it before (``giving``, the only caller: no network within a transaction).
    """
    fresh = editable(case)
    one = upload_field(fresh, path)
    kept = forms.get(fresh.answers, path) or []
    checked = uploads.check(name, content, images_only=one.type == "photo")
    same = fresh.documents.filter(path=path, sha256=checked.sha256, removed_at=None).exclude(scan=Scan.INFECTED).first()
    if same is not None:
        return same
    if len(kept) >= one.at_most:
        raise too_many(one)
    document = Document.objects.create(
        case=fresh,
        path=path,
        name=checked.name,
        media_type=checked.media_type,
        size=len(checked.content),
        sha256=checked.sha256,
        width=checked.width,
        height=checked.height,
        scan=scan,
        scanned_at=clock.now() if scan == Scan.CLEAN else None,
    )
    insert_with_file(DocumentContent(document=document, content=checked.content))
    forms.put(fresh.answers, path, [*kept, str(document.pk)])
    _store(fresh)
    record(document=document.pk, field=path, bytes=document.size, scan=scan)
    _mirror(case, fresh)
    return document


def upload_field(case: Case, path: str) -> FormField:
    """The photo or file field at a path of this case, if it may be given something now. Raises NotFound or Stale."""
    found = procedures.package(case.procedure).form.field_at(path)
    if found is None or found[1].type not in forms.UPLOADED or not _row_is_there(case, found[0], path):
        raise NotFound("field-unknown", "この手続にその項目はありません。")
    _only_what_was_asked(case, forms.Read(values={path: None}))
    return found[1]


def too_many(one: FormField) -> Invalid:
    """The refusal of more files than a field takes."""
    return Invalid("files-too-many", "%(count)s枚（件）までにしてください。", {"count": one.at_most})


@act("case.remove-document", allow=(OWN_CASE, AT_COUNTER))
def remove_document(case: Case, document_id: UUID, *, by: Actor) -> Case:
    """写真・ファイルの削除: the upload no longer belongs to the answers; in a draft its bytes are deleted."""
    fresh = editable(case)
    document = fresh.documents.filter(pk=document_id, removed_at=None).first()
    if document is None:
        return _mirror(case, fresh)
    _only_what_was_asked(fresh, forms.Read(values={document.path: None}))
    kept = [one for one in forms.get(fresh.answers, document.path) or [] if one != str(document_id)]
    forms.put(fresh.answers, document.path, kept or None)
    document.removed_at = clock.now()
    document.save(update_fields=["removed_at"])
    if fresh.received_at is None:
        DocumentContent.objects.filter(document=document).delete()
    _store(fresh)
    record(document=document_id)
    return _mirror(case, fresh)


@act("case.submit", allow=(OWN_CASE, PARTNER_FILED, AT_COUNTER))
def submit(case: Case, *, by: Actor, email: str = "") -> Case:
    """提出: the office receives the case, promises a date and begins; a corrected case goes back to its step.

    Submitting what is already submitted changes nothing and gives the same case. Raises :class:`Invalid` with
    every field that is missing or unreadable. ``email`` (optional) is where the receipt and the news go. At the counter
    the clerk hands in what the resident has confirmed, and nothing else.
    """
    fresh = driving.locked(case)
    if fresh.withdrawn_at is not None:
        raise Stale("case-withdrawn", "この手続は取り下げられています。")
    if fresh.received_at is not None and fresh.returned_at is None:
        record(again=True)
        return _mirror(case, fresh)
    mandate = mandate_of(fresh)
    if mandate is not None:
        mandate.take(must_stand(fresh, mandate))
        mandate.save()
    package = procedures.package(fresh.procedure)
    if package.procedure.kind == "journey" and not _parts_are_received(fresh):
        raise Stale("parts-open", "まとめて申し込む手続きが、まだそろっていません。")
    _refuse_closed_gates(fresh, package)
    problems = package.form.missing(fresh.answers, fresh.typed)
    if problems:
        raise Invalid(
            "incomplete",
            "入力が終わっていないところが%(count)sか所あります。",
            {"count": len(problems)},
            fields=problems,
        )
    if by.kind == "resident" and demands_signature(fresh) and not is_signed(fresh):
        raise Stale("not-signed", "電子署名がまだか、署名のあとに内容が変わっています。確かめて、署名してください。")
    if by.kind == "staff":
        _refuse_unconfirmed(fresh)
    _forget_hidden(fresh, package.form)
    if fresh.returned_at is not None:
        _resubmit(fresh)
        return _mirror(case, fresh)
    today = clock.today()
    fresh.received_at = clock.now()
    fresh.channel = by.channel
    fresh.number = _free_number(today.year)
    period = package.procedure.standard_period
    fresh.due_on = JAPAN.add(today, period.business_days if period else 30)
    if package.procedure.kind == "journey":  # it ends with the last of its parts
        fresh.due_on = Case.objects.filter(part_of=fresh).aggregate(last=Max("due_on"))["last"]
    fresh.email = email or forms.get(fresh.answers, "person.email") or fresh.email
    fresh.typed = {}
    fresh.known_taken, fresh.known_retyped = _keep_facts(fresh, by)
    _keep_place(fresh, package, by)
    listing.label(fresh, package)
    driving.begin(fresh)
    record(procedure=fresh.procedure.code, version=fresh.procedure.version, due_on=fresh.due_on)
    return _mirror(case, fresh)


def _parts_are_received(journey: Case) -> bool:
    parts = Case.objects.filter(part_of=journey, withdrawn_at=None)
    return parts.exists() and not parts.filter(received_at=None).exists()


def _refuse_closed_gates(case: Case, package: Published) -> None:
    """The wrong procedure or the wrong person: said with the package's own words, and where to go instead."""
    scope = package.form.scope(case.answers)
    for gate in package.procedure.gates:
        if procedures.expression(gate.when).holds(scope):
            raise Invalid("gate-closed", gate.text.get_for(case.language))


def _refuse_unconfirmed(case: Case) -> None:
    """What a clerk typed is handed in as the resident has seen it."""
    found = confirmation_of(case)
    if found is None:
        raise Stale(
            "not-confirmed",
            "ご本人の確認がまだか、確認のあとで内容が変わっています。もう一度確認してもらってください。",
        )
    record(resident=case.person_id, confirmed=found.how, shown=found.shown)


def _resubmit(case: Case) -> None:
    now = clock.now()
    step = case.steps.filter(kind="correction", done_at=None).first()
    if step is None:
        raise Stale("not-returned", "この手続はいま直す必要がありません。")
    Correction.objects.filter(step__case=case, answered_at=None).update(answered_at=now)
    Submission.objects.filter(case=case, corrected_at=None).update(corrected_at=now)
    if case.due_on is not None and case.returned_at is not None:
        # 標準処理期間 does not run while the applicant corrects: the promise moves by the business days that took.
        waited = procedures.calendar().between(clock.day_of(case.returned_at), clock.today())
        case.due_on = procedures.calendar().add(case.due_on, waited) if waited else case.due_on
    case.returned_at = None
    drive = driving.Drive(case)
    listing.label(case, drive.package)
    drive.rejudge()
    driving.complete(case, step, "done", drive=drive)
    record(corrected=True, due_on=case.due_on)


@act("case.withdraw", allow=(OWN_CASE, PARTNER_FILED, BY_SYSTEM))
def withdraw(case: Case, *, by: Actor) -> Case:
    """取下げ: the applicant takes the request back; possible until the decision is made (行政手続法の一般原則).

    A draft is deleted with its documents' contents; a received case keeps its record and closes as withdrawn.
    """
    fresh = driving.locked(case)
    if fresh.withdrawn_at is not None:
        return _mirror(case, fresh)
    if fresh.received_at is not None and procedures.package(fresh.procedure).procedure.kind == "journey":
        raise Stale("parts-apart", "提出した後は、手続きごとに取り下げてください。")
    if fresh.decided_at is not None or fresh.closed_at is not None:
        raise Stale("already-decided", "すでに決定しているため、取り下げることができません。担当課にご相談ください。")
    if fresh.received_at is not None and by.kind == "resident":
        mandate = mandate_of(fresh)
        if mandate is not None and standing_for(fresh, mandate) is None:
            raise Stale(
                "delegation-ended",
                "代理権の登録が終わっているため、取り下げることができません。ご本人か担当課にご相談ください。",
            )
    if fresh.received_at is None:
        for part in Case.objects.filter(part_of=fresh, received_at=None, withdrawn_at=None):
            if part.pk not in adopted(fresh):
                withdraw(part, by=by)
        Case.objects.filter(part_of=fresh).update(part_of=None)
        if by.kind == "resident":
            consenting.drop(list(fresh.services.all()), fresh, by=by)
        DocumentContent.objects.filter(document__case=fresh).delete()
        Upload.objects.filter(case=fresh).delete()
        Signature.objects.filter(case=fresh).delete()
        fresh.answers, fresh.typed = {}, {}
    driving.cancel(fresh, "withdrawn")
    fresh.withdrawn_at = clock.now()
    # Of a draft nothing is left to keep; its row goes with the next round.
    was_draft = fresh.received_at is None
    fresh.keep_until = clock.today() if was_draft else kept_until(fresh, "withdrawn", fresh.withdrawn_at)
    fresh.returned_at = None
    fresh.save()
    if not was_draft:
        driving.tell_journey(fresh)
    record(was_draft=fresh.received_at is None)
    return _mirror(case, fresh)


def adopted(journey: Case) -> set[UUID]:
    """The drafts that were there before they became parts of this life event: let go with it, not deleted."""
    opened = Event.objects.filter(subject_id=journey.pk, verb="case.open-parts", outcome="done")
    return {UUID(one) for data in opened.values_list("data", flat=True) for one in data.get("adopted", ())}


def editable(case: Case) -> Case:
    """The case, locked, if its applicant may change it now: a draft, or one that was returned. Raises Stale."""
    fresh = driving.locked(case)
    _refuse_uneditable(fresh)
    return fresh


def _refuse_uneditable(case: Case) -> None:
    if case.withdrawn_at is not None or case.closed_at is not None:
        raise Stale("case-ended", "この手続は終わっているため、変更できません。")
    if case.received_at is not None and case.returned_at is None:
        raise Stale("case-received", "提出ずみのため、変更できません。直したいときは担当課にご連絡ください。")


def _take_link(case: Case, linked: forms.Raw | None) -> Case:
    """Answer with a link what has no answer yet."""
    if not linked:
        return case
    fresh = driving.locked(case)
    form = procedures.package(fresh.procedure).form
    taken = []
    for name, one in linking.linkable(form).items():
        value = linking.value_of(one, linked[name]) if name in linked else None
        if value is not None and forms.get(fresh.answers, name) is None and name not in fresh.typed:
            forms.put(fresh.answers, name, value)
            taken.append(name)
    if taken:
        _store(fresh)
        record(linked=taken)
    return _mirror(case, fresh)


# -- within -----------------------------------------------------------------------------------------------------------


def _rows_of(case: Case, section_id: str) -> tuple[Case, FormSection]:
    fresh = editable(case)
    if fresh.received_at is not None:
        raise Stale("rows-fixed", "補正では行を増やしたり減らしたりできません。担当課にご連絡ください。")
    section = procedures.package(fresh.procedure).form.section(section_id)
    if section is None or section.each is None:
        raise NotFound("section-unknown", "この手続にその項目はありません。")
    return fresh, section


def _row_is_there(case: Case, section: FormSection, path: str) -> bool:
    """An upload is given to a row that exists; it never makes rows."""
    return section.each is None or forms.get(case.answers, path.rpartition(".")[0]) is not None


def _only_what_was_asked(case: Case, given: forms.Read) -> None:
    """In a correction, drop what the office did not ask to change; a form never widens its own permission."""
    if case.received_at is None:
        return
    asked = set(Correction.objects.filter(step__case=case, answered_at=None).values_list("path", flat=True))
    if not asked & (given.values.keys() | given.typed.keys()):
        raise Stale("not-asked", "この項目は直す対象ではありません。")
    for part in (given.values, given.typed, given.problems):
        for path in [path for path in part if path not in asked]:
            del part[path]


def _keep_correction(case: Case, given: forms.Read) -> None:
    """Of a correction (訂正) the office reads in words what will be recorded as a value: both change, or neither does.

    Which record is meant, and what it says, is not typed at all.
    """
    asked = case.corrects or {}
    field = question(asked["key"])
    for name in (correcting.ITEM, correcting.STANDS, correcting.SHOULD_BE):
        if name not in given.values or given.values[name] == case.answers.get(name):
            continue
        typed = given.values[name]
        try:
            value = forms.read_value(field, typed) if name == correcting.SHOULD_BE else None
            if value is None:
                raise Invalid("correction-elsewhere", "")
            asked["value"], given.values[name] = value, correcting.plain(field, value)[:1000]
        except (Invalid, AttributeError, TypeError):  # not of one input, as an account is
            del given.values[name]
            given.typed[name] = typed
            given.problems[name] = Problem(
                "correction-elsewhere",
                "ここでは書き直せません。「わたしの情報」から申し出直してください（提出した後は、取り下げてから）。",
            )


def _keep_speaker(case: Case, given: forms.Read) -> None:
    """Whether somebody speaks for another was said at the start; a form changes neither that nor takes it away."""
    if case.subject_id is None and any(name.startswith("proxy_") for name in given.values.keys() | given.typed.keys()):
        raise NotFound("section-unknown", "この手続にその項目はありません。")
    if given.values.get(speaking.RELATION, "") is None or case.answers.get(speaking.REGISTERED):
        given.values.pop(speaking.RELATION, None)


def _take_known(case: Case, section: FormSection, raw: forms.Raw, given: forms.Read, by: Actor) -> list[str]:
    """Put what is known where it was confirmed with one tap; the names of those fields."""
    fields = {one.name: one for one in section.fields if (one.fact or one.business[0]) and not section.each}
    taken = [name for name in fields if raw.get(f"{name}.{AS_KNOWN}")]
    if not taken:
        return []
    facts_known = shown(case, [key for name in taken if (key := fields[name].fact)], by)
    purpose = to_fill_in(case, by)
    of_businesses = known_of_businesses(section, {**case.answers, **given.values}, purpose, by=by)
    for name in taken:
        fact = of_businesses.get(name) or facts_known.get(fields[name].fact or "")
        if fact is not None and forms.fits(fields[name], fact.value):
            given.values[name] = fact.value
            given.typed.pop(name, None)
            given.problems.pop(name, None)
        else:
            taken = [one for one in taken if one != name]
    return sorted(taken)


def _refuse_conflicts(case: Case, given: forms.Read) -> None:
    problems = {}
    for path, value in given.values.items():
        stored = forms.get(case.answers, path)
        if stored not in (None, "", value):
            problems[path] = Invalid("changed-elsewhere", "別の画面で内容が変わっています。").as_problem()
    if problems:
        raise Stale(
            "changed-elsewhere",
            "別の画面で同じところが変更されています。どちらを残すか確かめて、もう一度保存してください。",
            fields=problems,
        )


def _forget_hidden(case: Case, form: forms.Form) -> None:
    """Drop answers to questions that are not asked (any more): nothing is kept that nobody was asked for."""
    visible = form.visible_sections(case.answers)
    shown = {id(one) for one in visible}
    for section in form.sections:
        if id(section) not in shown and section.each is not None:
            case.answers.pop(section.each, None)
            continue
        keep = {cell.path for cell in form.cells(section, case.answers)} if id(section) in shown else set()
        for cell in list(form.cells(section, case.answers, hidden=True)):
            if cell.path not in keep:
                forms.put(case.answers, cell.path, None)


def _keep_facts(case: Case, by: Actor) -> tuple[int, int]:
    """What was answered under a fact key becomes known, as the applicant's own statement of this day.

    Returns in how many fields what the city knew was taken over, and in how many it was typed once more (再入力).
    """
    values: dict[tuple[str, str], Any] = {}
    names: dict[str, str] = {}
    package = procedures.package(case.procedure)
    form, consents = package.form, set[bool]()
    for section in form.sections:
        for cell in form.cells(section, case.answers):
            if cell.field.fact and cell.value not in (None, "", []) and cell.field.type not in forms.UPLOADED:
                row = "" if cell.row is None else f"{case.pk}:{cell.row}"
                values[(cell.field.fact, row)] = cell.value
                if cell.row is None:
                    names[cell.field.name] = cell.field.fact
            if cell.field.type == "consent":
                consents.add(cell.value is True)
    if case.corrects is not None:
        values[(case.corrects["key"], case.corrects["row"])] = case.corrects["value"]
    if case.subject_id is None and consents and _looks_up_by_consent(package):
        # Not of this case: what was agreed to, or taken back, outlives the record of the one in which it was.
        consent = {(consent_to(case.procedure.code), ""): consents == {True}}
        facts.state(Person(pk=case.about_id), consent, Source.SELF, by=by)
    if values:
        # Of another nobody states anything in their own name: the case does, which says who spoke.
        source, speaks = (Source.SELF, by) if case.subject_id is None else (Source.PROXY, SYSTEM)
        fresh = facts.state(Person(pk=case.about_id), values, source, by=speaks, case_id=case.pk)
        taken = _taken_over(case) & names.keys()
        elsewhere = _told_in_others(case) if case.part_of_id else set()
        typed = [name for name, key in names.items() if name not in taken and key not in elsewhere]
        return len(taken), sum(names[name] not in fresh for name in typed)
    return 0, 0


def _taken_over(case: Case) -> set[str]:
    """The fields that stand as they were taken over, with one tap or from another part, and not typed since."""
    taken: set[str] = set()
    saved = Event.objects.filter(subject_id=case.pk, verb="case.save", outcome="done")
    for data in saved.order_by("at", "id").values_list("data", flat=True):
        taken -= set(data["fields"]) - set(data.get("unchanged", ()))
        taken |= set(data.get("taken", ()))
    return taken


def _told_in_others(case: Case) -> set[str]:
    """What the other parts of the same life event say in this very sitting: nobody knew it before."""
    others = Case.objects.filter(part_of=case.part_of_id).exclude(pk=case.pk).values_list("procedure", "answers")
    forms_ = [(procedures.package_of(version).form, answers) for version, answers in others]
    return {key for form, answers in forms_ for key in journeys.told(form, answers)}


def _looks_up_by_consent(package: Published) -> bool:
    return any(one.kind == "look_up" and one.arguments["basis"] == "consent" for one in package.graph.nodes.values())


def _keep_place(case: Case, package: Published, by: Actor) -> None:
    """The first place that the answers name becomes the place of the case."""
    for section in package.form.visible_sections(case.answers):
        for cell in package.form.cells(section, case.answers):
            if cell.field.type == "place" and cell.value:
                case.place = name_place(cell.value, by=by)
                return


def _free_number(year: int) -> str:
    for _ in range(NUMBER_TRIES):
        number = new_reference(year)
        if not Case.objects.filter(number=number).exists():
            return number
    raise Stale("no-number", "ただいま混み合っています。少し待ってから、もう一度提出してください。")


def _typed_under(case: Case, group: str) -> Mapping[str, Any]:
    return {path: value for path, value in case.typed.items() if path.startswith(f"{group}.")}


def _moved(path: str, prefix: str, removed: int) -> str | None:
    """Where a path under ``prefix`` is after row ``removed`` is gone; None if it went with it."""
    if not path.startswith(prefix):
        return path
    number, _, rest = path.removeprefix(prefix).partition(".")
    if int(number) == removed:
        return None
    return f"{prefix}{int(number) - (int(number) > removed)}.{rest}"


def _store(case: Case) -> None:
    case.revision += 1
    case.saved_at = clock.now()
    case.save(update_fields=["answers", "typed", "corrects", "revision", "saved_at"])


def _mirror(case: Case, fresh: Case) -> Case:
    """Let the caller's object show what is stored now."""
    case.__dict__.update({key: value for key, value in fresh.__dict__.items() if key != "_state"})
    return case
