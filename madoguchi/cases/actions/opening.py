"""How a draft begins: found again or opened, for oneself or for somebody else, alone or as part of a life event."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from madoguchi.cases.actions import driving, storing
from madoguchi.cases.models import Case
from madoguchi.cases.rules.permission import SIGNED_IN
from madoguchi.events import Actor, act, record
from madoguchi.facts.queries import known
from madoguchi.facts.rules import Purpose
from madoguchi.ground.errors import Invalid
from madoguchi.people.actions import introduce
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import linking, speaking


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
