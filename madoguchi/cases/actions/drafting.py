"""What the applicant types: sections and their rows. ``opening`` begins, ``attaching`` keeps documents, ``submitting``
hands in, ``withdrawing`` takes back.

A draft is a case that has not been received. The same acts serve the correction (補正): then only the fields that
the office asked for can be changed, and ``submitting`` gives the case back to the step that returned it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from madoguchi.cases.actions import driving, joining, storing
from madoguchi.cases.actions.reasons import AT_COUNTER, SEES_CASE
from madoguchi.cases.models import Case, Correction, Upload
from madoguchi.cases.queries import (
    correcting,
    known_of_businesses,
    known_ones,
    locating,
    shown,
    to_fill_in,
)
from madoguchi.cases.queries.known import question
from madoguchi.cases.rules.permission import PARTNER_FILED
from madoguchi.events import Actor, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound, Problem, Stale
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import speaking
from madoguchi.procedures.rules.form import FormSection

#: A known fact is taken over with one tap: the form posts ``<path>.as_known``.
AS_KNOWN = "as_known"


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
        only_what_was_asked(fresh, given)
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

    ``key`` is that of ``queries.known_ones``. What stood there of another one goes, in the other drafts of the same
    life event, too. Raises Stale where that one is not known any more.
    """
    journey, fresh = driving.locked_with_its_whole(case)
    _refuse_uneditable(fresh)
    package = procedures.package(fresh.procedure)
    section = package.form.section(section_id)
    if section is None or not section.one_of:
        raise NotFound("section-unknown", "この手続にその項目はありません。")
    if fresh.received_at is not None:
        raise Stale("not-asked", "この項目は直す対象ではありません。")
    chosen = next((one for one in known_ones(fresh, section, by) if one.key == key), None)
    if chosen is None:
        raise Stale("one-gone", "この方は選べなくなりました。画面を読み込み直すか、下に入力してください。")
    before, taken = json.loads(json.dumps(fresh.answers)), []
    for one in section.fields:
        if one.name not in section.of_one():
            continue
        value = chosen.values.get(one.fact or "")
        fits = value is not None and forms.fits(one, value)
        forms.put(fresh.answers, one.name, value if fits else None)
        fresh.typed.pop(one.name, None)
        taken += [one.name] if fits else []
    changed = joining.share(fresh, package, before, journey, by) if journey is not None else []
    storing.save([fresh, *changed])
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


# -- within -----------------------------------------------------------------------------------------------------------


def _rows_of(case: Case, section_id: str) -> tuple[Case, FormSection]:
    fresh = editable(case)
    if fresh.received_at is not None:
        raise Stale("rows-fixed", "補正では行を増やしたり減らしたりできません。担当課にご連絡ください。")
    section = procedures.package(fresh.procedure).form.section(section_id)
    if section is None or section.each is None:
        raise NotFound("section-unknown", "この手続にその項目はありません。")
    return fresh, section


def only_what_was_asked(case: Case, given: forms.Read) -> None:
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
