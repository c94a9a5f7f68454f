"""A life event in one go: its parts are opened together, answered once, received together, and end each by itself."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from madoguchi.cases.actions import connecting, drafting, driving, joining, opening, storing, submitting, withdrawing
from madoguchi.cases.actions.reasons import SEES_CASE
from madoguchi.cases.actions.representing import open_for_principal
from madoguchi.cases.models import Case, Mandate
from madoguchi.cases.queries.journeys import departures_of, in_order, offered_parts, unseen_sections
from madoguchi.cases.queries.represented import mandate_of, must_stand
from madoguchi.cases.rules.permission import OWN_CASE
from madoguchi.events import Actor, act, record
from madoguchi.events.models import Event
from madoguchi.ground.errors import Invalid, Refused, Stale
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import journeys
from madoguchi.procedures.rules.format import Apply


@act("case.open-parts", allow=(SEES_CASE,))
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
    mine = {one.procedure.code: one for one in driving.locked_parts(fresh)}
    for code, one in mine.items():
        if code not in wanted and one.received_at is None:
            _let_go(fresh, one, by)
    there = opening.own_drafts(wanted, by, fresh.subject_id)
    there |= {code: one for code, one in mine.items() if code in there and one.received_at is None}
    before = [one.pk for one in there.values() if one.part_of_id is None]
    _refuse_anothers(fresh, there.values())
    parts = sorted(_open(fresh, [one.procedure for one in wanted.values()], there, mandate, by), key=lambda one: one.pk)
    joined = [one for one in parts if one.part_of_id is None]
    if joined:
        Case.objects.filter(pk__in=[one.pk for one in joined]).update(part_of=fresh)
        for one in joined:
            one.part_of = fresh
    storing.save(_tell_each_other(fresh, parts, {code: one.body for code, one in wanted.items()}, by))
    record(parts=[one.pk for one in parts], adopted=before)
    return in_order(fresh, [*parts, *(one for one in mine.values() if one.received_at is not None)])


def _open(
    journey: Case, wanted: Sequence[Procedure], there: Mapping[str, Case], mandate: Mandate | None, by: Actor
) -> list[Case]:
    """The drafts of the parts, locked; about whom the life event is about."""
    language = journey.language
    if mandate is not None:
        of = mandate.delegation
        return [driving.locked(open_for_principal(one, of, by=by, language=language)) for one in wanted]
    opened = opening.open_all(wanted, there, by=by, language=language, part_of=journey)
    return [opening.open_draft(one, by=by, language=language, opened=opened) for one in wanted]


def _tell_each_other(journey: Case, parts: Sequence[Case], bodies: Mapping[str, Apply], by: Actor) -> list[Case]:
    """What the life event gives to its parts, and what was told in one of them before, stands where nothing was
    answered yet. Returns the parts that have changed."""
    scope = journeys.scope_of(procedures.package(journey.procedure).form, journey.answers)
    forms_ = {one.pk: procedures.package(one.procedure).form for one in (*parts, journey)}
    of = {one.pk: bodies[one.procedure.code] for one in parts}
    told = {one.pk: journeys.told(forms_[one.pk], one.answers, of.get(one.pk)) for one in (*parts, journey)}
    for part in parts:
        for fact in _otherwise_now(part, journey, by) & told[part.pk].keys():
            del told[part.pk][fact]  # written before, and known otherwise now: spread to none, and looked at again
    changed = []
    for part in parts:
        form, body = forms_[part.pk], bodies[part.procedure.code]
        given = journeys.given_by(body, form, scope).items()
        values = {path: one for path, one in given if forms.get(part.answers, path) is None}
        for other, facts in told.items():
            if facts and other != part.pk:
                values = {**journeys.taken(form, part.answers, facts, body.keeps, fill=True), **values}
        if values:  # what was answered in it before stays
            changed.append(joining.take_over(part, values, by=by))
    return changed


def _otherwise_now(part: Case, journey: Case, by: Actor) -> set[str]:
    """The facts of which an earlier draft says something else than what is known today."""
    if not unseen_sections(part, journey):
        return set()
    return {one.field.fact or "" for one in departures_of(part, by)}


def _refuse_anothers(journey: Case, drafts: Iterable[Case]) -> None:
    """Raises Invalid where a draft is part of another life event."""
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
    lot = submitting.Lot(driving.locked_parts(fresh), fresh)
    parts = {part.procedure.code: part for part in lot.cases.values()}
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
            submitting.submit(part, by=by, email=email, lot=lot)
        except Refused as refusal:
            fields = {f"{one.procedure}:{path}": problem for path, problem in refusal.fields.items()}
            raise Invalid(refusal.code, refusal.message, refusal.params, fields=fields) from None
    if parts:  # the life event has become another since
        raise Stale("parts-changed", "必要な手続きが変わりました。手続きを選ぶ画面から、もう一度お進みください。")
    lot.write()
    connecting.send(fresh)
    submitting.submit(fresh, by=by, email=email, lot=lot)
    lot.write()
    record(case=fresh.pk)
    return fresh


def _let_go(journey: Case, part: Case, by: Actor) -> None:
    """A part that is not wanted any more: deleted where it was opened for this and nobody wrote in it, else a draft of
    its own again."""
    written = Event.objects.filter(subject_id=part.pk, verb="case.save", outcome="done").exists()
    if not written and part.pk not in joining.adopted(journey):
        withdrawing.withdraw(part, by=by)
    Case.objects.filter(pk=part.pk).update(part_of=None)
