"""What the applicant does: begin, fill in, give documents, withdraw. They hand in by ``submitting``.

A draft is a case that has not been received. The same acts serve the correction (補正): then only the fields that
the office asked for can be changed, and ``submitting`` gives the case back to the step that returned it.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from madoguchi.cases.actions import connecting, consenting, driving, joining, storing
from madoguchi.cases.actions.reasons import AT_COUNTER, SEES_CASE
from madoguchi.cases.models import Case, Correction, Document, DocumentContent, Scan, Signature, Upload
from madoguchi.cases.queries import (
    correcting,
    kept_until,
    known_of_businesses,
    known_ones,
    locating,
    mandate_of,
    shown,
    standing_for,
    to_fill_in,
)
from madoguchi.cases.queries.known import question
from madoguchi.cases.rules import uploads
from madoguchi.cases.rules.permission import OWN_CASE, PARTNER_ADDS, PARTNER_FILED, SIGNED_IN
from madoguchi.events import Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.events.storing import insert_with_file
from madoguchi.facts.queries import known
from madoguchi.facts.rules import Purpose
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound, Problem, Stale
from madoguchi.people.actions import introduce
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import linking, speaking
from madoguchi.procedures.rules.form import FormField, FormSection

#: A known fact is taken over with one tap: the form posts ``<path>.as_known``.
AS_KNOWN = "as_known"


class Opened(NamedTuple):
    """A person's draft for a procedure, and whether it was opened just now."""

    case: Case
    is_new: bool


@act("case.open", allow=(SIGNED_IN,))
def open_draft(
    procedure: Procedure,
    *,
    by: Actor,
    language: str = "ja",
    linked: forms.Raw | None = None,
    opened: Mapping[str, Opened] | None = None,
) -> Case:
    """手続を始める: the draft of this person for this procedure, opened if there is none yet.

    Two taps at once open one draft. A draft of an earlier version is handed back as it is. ``linked`` is what a link
    chose beforehand: it answers what has no answer yet, and changes none. ``opened``: by code, what :func:`open_all`
    has opened of several.
    """
    if opened is None:
        opened = open_all([procedure], own_drafts([procedure.code], by), by=by, language=language)
    one = opened[procedure.code]
    if one.is_new:
        record(case=one.case.pk, procedure=procedure.code, version=procedure.version)
    else:
        record(case=one.case.pk, continued=True)
    return _take_link(one.case, linked)


def open_all(
    wanted: Collection[Procedure],
    there: Mapping[str, Case],
    *,
    by: Actor,
    language: str,
    part_of: Case | None = None,
) -> dict[str, Opened]:
    """By code the drafts of somebody for these procedures: ``there`` (:func:`own_drafts`), or opened in one go, as
    parts of a life event where that is said."""
    new = [
        Case(
            procedure=one,
            person_id=by.who,
            part_of=part_of,
            language=language,
            section=procedures.section_of(procedures.package(one).procedure).id,
        )
        for one in wanted
        if one.code not in there
    ]
    inserted = storing.insert(new)
    if len(inserted) < len(new):  # two taps at once
        there = {**own_drafts([one.code for one in wanted], by), **there}
    fresh = {one.procedure.code: Opened(one, True) for one in new if one.pk in inserted}
    return {code: Opened(one, False) for code, one in there.items()} | fresh


def own_drafts(codes: Collection[str], by: Actor, subject: UUID | None = None) -> dict[str, Case]:
    """By code the drafts that somebody has for these procedures (about whom they speak for), locked; of whichever
    version, and the oldest of each."""
    found = storing.locked(
        "person_id = %s AND received_at IS NULL AND withdrawn_at IS NULL AND subject_id IS NOT DISTINCT FROM %s"
        " AND corrects IS NULL AND sitting_id IS NULL"
        " AND procedure_id IN (SELECT id FROM procedure WHERE code = ANY (%s)) ORDER BY id",
        by.who,
        subject,
        list(codes),
    )
    return {one.procedure.code: one for one in reversed(found)}


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
        rows = [[_as_given(forms.get(row, name)) for name in names] for row in case.answers.get(section.each) or []]
        stored: Any = [rows, sorted(_typed_under(case, section.each).items())]
    else:
        stored = [[_as_given(forms.get(case.answers, name)), case.typed.get(name)] for name in names]
    return hashlib.sha256(json.dumps(stored, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _as_given(value: Any) -> Any:
    """An answer without what the map says to it, which no form posts."""
    if isinstance(value, Mapping) and "map" in value:
        return {part: held for part, held in value.items() if part not in ("on", "map")}
    return value


@act("case.save", allow=(SEES_CASE, PARTNER_FILED, AT_COUNTER))
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
    _find_places(fresh, package.form, given)
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
    changed = []
    if fresh.received_at is None and (journey is not None or package.procedure.kind == "journey"):
        changed = joining.share(fresh, package, before, journey or fresh, by)
    storing.save([fresh, *changed])
    fields = given.values.keys() | given.typed.keys()
    same = [path for path in given.values if forms.get(before, path) == given.values[path]]
    record(section=section_id, fields=sorted(fields), taken=taken, unchanged=sorted(same))
    storing.mirror(case, fresh)
    return given


@act("case.take-one", allow=(SEES_CASE, AT_COUNTER))
def take_one(case: Case, section_id: str, key: str, *, by: Actor) -> Case:
    """分かっている方の選択: the section is about this one, of whom nothing is typed again.

    ``key`` is that of ``queries.known_ones``. What stood there of another one goes.
    Raises Stale where that one is not known any more.
    """
    fresh = editable(case)
    section = procedures.package(fresh.procedure).form.section(section_id)
    if section is None or not section.one_of:
        raise NotFound("section-unknown", "この手続にその項目はありません。")
    if fresh.received_at is not None:
        raise Stale("not-asked", "この項目は直す対象ではありません。")
    chosen = next((one for one in known_ones(fresh, section, by) if one.key == key), None)
    if chosen is None:
        raise Stale("one-gone", "この方は選べなくなりました。画面を読み込み直すか、下に入力してください。")
    taken = []
    for one in section.fields:
        if one.name not in section.of_one():
            continue
        value = chosen.values.get(one.fact or "")
        fits = value is not None and forms.fits(one, value)
        forms.put(fresh.answers, one.name, value if fits else None)
        fresh.typed.pop(one.name, None)
        taken += [one.name] if fits else []
    storing.save([fresh])
    record(section=section_id, fields=sorted(section.of_one()), taken=taken)
    return storing.mirror(case, fresh)


@act("case.add-row", allow=(SEES_CASE, AT_COUNTER))
def add_row(case: Case, section_id: str, *, by: Actor) -> Case:
    """行の追加: one more row (a child) at the end of a section that has rows."""
    fresh, section = _rows_of(case, section_id)
    rows = fresh.answers.setdefault(section.each, [])
    if len(rows) >= section.at_most:
        raise Invalid("rows-too-many", "%(count)s人（件）まで入力できます。", {"count": section.at_most})
    rows.append({})
    storing.save([fresh])
    return storing.mirror(case, fresh)


@act("case.remove-row", allow=(SEES_CASE, AT_COUNTER))
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
    storing.save([fresh])
    return storing.mirror(case, fresh)


@act("case.add-document", allow=(SEES_CASE, PARTNER_ADDS, AT_COUNTER))
def keep_document(case: Case, path: str, name: str, content: bytes, scan: Scan, *, by: Actor) -> Document:
    """写真・ファイルの追加: keep an upload under a photo or file field, cleaned (see ``rules.uploads``).

    The same content under the same field is kept once, so a repeated post changes nothing. ``scan`` is what the
    virus scanner said of it before (``giving``, the only caller: no network within a transaction).
    """
    fresh = editable(case)
    one = upload_field(fresh, path)
    kept = forms.get(fresh.answers, path) or []
    checked = uploads.check(name, content, images_only=one.type == "photo")
    alike = fresh.documents.filter(path=path, sha256=checked.sha256, removed_at=None).exclude(scan=Scan.INFECTED)
    same = alike.first() if kept else None
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
    storing.save([fresh])
    record(document=document.pk, field=path, bytes=document.size, scan=scan)
    storing.mirror(case, fresh)
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


@act("case.remove-document", allow=(SEES_CASE, AT_COUNTER))
def remove_document(case: Case, document_id: UUID, *, by: Actor) -> Case:
    """写真・ファイルの削除: the upload no longer belongs to the answers; in a draft its bytes are deleted."""
    fresh = editable(case)
    document = fresh.documents.filter(pk=document_id, removed_at=None).first()
    if document is None:
        return storing.mirror(case, fresh)
    _only_what_was_asked(fresh, forms.Read(values={document.path: None}))
    kept = [one for one in forms.get(fresh.answers, document.path) or [] if one != str(document_id)]
    forms.put(fresh.answers, document.path, kept or None)
    document.removed_at = clock.now()
    document.save(update_fields=["removed_at"])
    if fresh.received_at is None:
        DocumentContent.objects.filter(document=document).delete()
    storing.save([fresh])
    record(document=document_id)
    return storing.mirror(case, fresh)


@act("case.withdraw", allow=(OWN_CASE, PARTNER_FILED, BY_SYSTEM))
def withdraw(case: Case, *, by: Actor) -> Case:
    """取下げ: the applicant takes the request back; possible until the decision is made (行政手続法の一般原則).

    A draft is deleted with its documents' contents; a received case keeps its record and closes as withdrawn. With the
    last part of a life event that its applicant takes back, the companies that were told are called off.
    """
    fresh = driving.locked(case)
    if fresh.withdrawn_at is not None:
        return storing.mirror(case, fresh)
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
            if part.pk not in joining.adopted(fresh):
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
        if by.kind == "resident" and fresh.part_of_id is not None:
            _call_off_companies(fresh.part_of_id, by)
    record(was_draft=fresh.received_at is None)
    return storing.mirror(case, fresh)


def _call_off_companies(journey_id: UUID, by: Actor) -> None:
    """Where no part of the life event stands any more, it has not happened."""
    if not Case.objects.filter(part_of=journey_id, received_at__isnull=False, withdrawn_at=None).exists():
        connecting.withdraw_services(Case.objects.get(pk=journey_id), by=by)


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
        storing.save([fresh])
        record(linked=taken)
    return storing.mirror(case, fresh)


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


def _find_places(case: Case, form: forms.Form, given: forms.Read) -> None:
    """Where on the map the words of a place are, and what applies there; what was chosen may not be there any more."""
    for path, said in list(given.values.items()):
        asked = form.field_at(path)
        if asked is None or asked[1].type != "place" or said is None:
            continue
        try:
            given.values[path] = locating.found(asked[1], said, forms.get(case.answers, path))
        except Invalid as refusal:
            del given.values[path]
            given.typed[path] = {part: str(said.get(part, "")) for part in asked[1].parts()}
            given.problems[path] = refusal.as_problem()


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
        stored = _as_given(forms.get(case.answers, path))
        if stored not in (None, "", _as_given(value)):
            problems[path] = Invalid("changed-elsewhere", "別の画面で内容が変わっています。").as_problem()
    if problems:
        raise Stale(
            "changed-elsewhere",
            "別の画面で同じところが変更されています。どちらを残すか確かめて、もう一度保存してください。",
            fields=problems,
        )


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
