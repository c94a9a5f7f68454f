"""A life event in one go: its parts are opened together, answered once, received together, and end each by itself."""

from collections.abc import Collection

from madoguchi.cases.actions import drafting, driving
from madoguchi.cases.models import Case
from madoguchi.cases.queries.journeys import journey_parts, offered_parts
from madoguchi.cases.rules.permission import OWN_CASE
from madoguchi.events import Actor, act, record
from madoguchi.ground.errors import Invalid, Refused, Stale
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import journeys


@act("case.open-parts", allow=(OWN_CASE,))
def open_parts(journey: Case, chosen: Collection[str], *, by: Actor) -> list[Case]:
    """手続をまとめて始める: a draft for each procedure of ``chosen`` (codes) that applies, with what is told already.

    A draft that the person has begun before becomes a part as it is. What was opened here and is not chosen any more
    is deleted, what was there before is let go. Raises Invalid where an answer is missing or nothing is chosen.
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
    wanted = {one.procedure.code: one for one in offered_parts(fresh) if one.procedure.code in chosen}
    if not wanted:
        raise Invalid("nothing-chosen", "申し込む手続きを1つ以上選んでください。")
    for one in journey_parts(fresh):
        if one.procedure.code not in wanted and one.received_at is None:
            _let_go(fresh, one, by)
    for each in wanted.values():
        part = drafting.open_draft(each.procedure, by=by, language=fresh.language)
        Case.objects.filter(pk=part.pk).update(part_of=fresh)
    opened = journey_parts(fresh)
    scope = package.form.scope(fresh.answers)
    for part in opened:
        form = procedures.package(part.procedure).form
        given = journeys.given_by(wanted[part.procedure.code].body, form, scope)
        new = {path: value for path, value in given.items() if forms.get(part.answers, path) is None}
        if new:  # what was answered in it before stays
            drafting.take_over(part, new, by=by)
    drafting.share(fresh, by=by)
    record(parts=[part.pk for part in opened])
    return journey_parts(fresh)


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
    package = procedures.package(fresh.procedure)
    for one in journeys.in_order(package.procedure.parts):
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
    drafting.submit(fresh, by=by, email=email)
    record(case=fresh.pk)
    return fresh


def _let_go(journey: Case, part: Case, by: Actor) -> None:
    """A part that is not wanted any more: deleted where it was opened for this, else a draft of its own again."""
    if part.opened_at >= journey.opened_at:
        drafting.withdraw(part, by=by)
    Case.objects.filter(pk=part.pk).update(part_of=None)
