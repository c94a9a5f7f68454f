"""A life event in one go: its parts are opened together, answered once, received together, and end each by itself."""

from collections.abc import Collection
from typing import Any

from madoguchi.cases.actions import connecting, drafting, driving
from madoguchi.cases.actions.representing import open_for_principal
from madoguchi.cases.models import Case, Mandate
from madoguchi.cases.queries.journeys import journey_parts, offered_parts
from madoguchi.cases.queries.represented import mandate_of, must_stand
from madoguchi.cases.rules.permission import OWN_CASE
from madoguchi.events import Actor, act, record
from madoguchi.events.models import Event
from madoguchi.ground.errors import Invalid, Refused, Stale
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import journeys


@act("case.open-parts", allow=(OWN_CASE,))
def open_parts(journey: Case, chosen: Collection[str], *, by: Actor) -> list[Case]:
    """手続をまとめて始める: a draft for each procedure of ``chosen`` (codes) that applies, with what is told already.

    A draft that the person has begun before becomes a part as it is. What is not chosen any more is deleted where it
    was opened here and nobody wrote in it, else let go. Raises Invalid where an answer is missing, nothing is chosen,
    or a draft is part of another life event.
    """
    fresh = drafting.editable(journey)
    package = procedures.package(fresh.procedure)
    if fresh.received_at is not None or package.procedure.kind != "journey":
        raise Stale("case-received", "提出ずみのため、変更できません。直したいときは担当課にご連絡ください。")
    problems = package.form.missing(fresh.answers, fresh.typed)
    if problems:
        raise Invalid(
            "incomplete",
            "入力が終わっていないところが%(count)sか所あります。",
            {"count": len(problems)},
            fields=problems,
        )
    mandate = mandate_of(fresh)
    if mandate is not None:
        must_stand(fresh, mandate)
    wanted = {one.procedure.code: one for one in offered_parts(fresh) if one.procedure.code in chosen}
    if not wanted:
        raise Invalid("nothing-chosen", "申し込む手続きを1つ以上選んでください。")
    mine = {one.procedure.code: one for one in journey_parts(fresh)}
    for code, one in mine.items():
        if code not in wanted and one.received_at is None:
            _let_go(fresh, one, by)
    before = _drafts_of_their_own(fresh, wanted.keys() - mine.keys(), by)
    for each in wanted.values():
        part = _open(fresh, each.procedure, mandate, by)
        Case.objects.filter(pk=part.pk).update(part_of=fresh)
    scope = journeys.scope_of(package.form, fresh.answers)
    opened = drafting.drafts_of(fresh)
    bodies = {code: one.body for code, one in wanted.items()}
    told = [
        (one, journeys.told(*_read(one), bodies[code].keeps if (code := one.procedure.code) in bodies else ()))
        for one in opened
    ]
    for part in opened[:-1]:  # the last is the life event itself
        form, body = procedures.package(part.procedure).form, bodies[part.procedure.code]
        values = {
            key: one
            for key, one in journeys.given_by(body, form, scope).items()
            if forms.get(part.answers, key) is None
        }
        for other, facts in told:
            if other.pk != part.pk:
                values = {**journeys.taken(form, part.answers, facts, body.keeps, fill=True), **values}
        if values:  # what was answered in it before stays
            drafting.take_over(part, values, by=by)
    record(parts=[part.pk for part in opened[:-1]], adopted=[part.pk for part in before])
    return journey_parts(fresh)


def _open(journey: Case, procedure: Procedure, mandate: Mandate | None, by: Actor) -> Case:
    """The draft of one part, about whom the life event is about."""
    if mandate is None:
        return drafting.open_draft(procedure, by=by, language=journey.language)
    return open_for_principal(procedure, mandate.delegation, by=by, language=journey.language)


def _read(case: Case) -> tuple[forms.Form, dict[str, Any]]:
    return procedures.package(case.procedure).form, case.answers


def _drafts_of_their_own(journey: Case, codes: Collection[str], by: Actor) -> list[Case]:
    """The drafts of these procedures that the person has begun before. Raises Invalid where one is another's part."""
    drafts = Case.objects.filter(
        person_id=by.who,
        procedure__code__in=codes,
        received_at=None,
        withdrawn_at=None,
        subject=journey.subject_id,
        sitting=None,
    ).select_related("procedure", "part_of__procedure")
    for one in drafts:
        if one.part_of is not None and one.part_of_id != journey.pk:
            title = procedures.package(one.part_of.procedure).procedure.title
            raise Invalid(
                "part-of-another",
                "「%(part)s」は、入力の途中の「%(whole)s」に入っています。そちらを先に終えるか、ここでは外してください。",
                {
                    "part": procedures.package(one.procedure).procedure.title.get_for(journey.language),
                    "whole": title.get_for(journey.language),
                },
            )
    return list(drafts)


@act("case.submit-parts", allow=(OWN_CASE,))
def submit_parts(journey: Case, *, by: Actor, email: str = "") -> Case:
    """まとめて提出: all parts and the journey itself are received at once, or none is.

    Raises Invalid with ``fields`` named ``<code>:<path>`` where a part is not complete, and with a part's own words
    where it cannot be applied for.
    """
    fresh = driving.locked(journey)
    if fresh.received_at is not None:
        record(again=True)
        return fresh
    parts = {part.procedure.code: part for part in journey_parts(fresh)}
    if not parts:
        raise Stale("nothing-chosen", "申し込む手続きを1つ以上選んでください。")
    email = email or next(
        filter(None, (forms.get(one.answers, "person.email") for one in (fresh, *parts.values()))), ""
    )
    package = procedures.package(fresh.procedure)
    for one in journeys.in_order(journeys.applying(package.procedure, journeys.scope_of(package.form, fresh.answers))):
        part = parts.pop(one.procedure, None)
        if part is None:
            continue
        try:
            drafting.submit(part, by=by, email=email)
        except Refused as refusal:
            fields = {f"{one.procedure}:{path}": problem for path, problem in refusal.fields.items()}
            raise Invalid(refusal.code, refusal.message, refusal.params, fields=fields) from None
    if parts:  # the life event has become another since
        raise Stale("parts-changed", "必要な手続きが変わりました。手続きを選ぶ画面から、もう一度お進みください。")
    connecting.send(fresh)
    drafting.submit(fresh, by=by, email=email)
    record(case=fresh.pk)
    return fresh


def _let_go(journey: Case, part: Case, by: Actor) -> None:
    """A part that is not wanted any more: deleted where it was opened for this and nobody wrote in it, else a draft of
    its own again."""
    written = Event.objects.filter(subject_id=part.pk, verb="case.save", outcome="done").exists()
    if not written and part.pk not in drafting.adopted(journey):
        drafting.withdraw(part, by=by)
    Case.objects.filter(pk=part.pk).update(part_of=None)
