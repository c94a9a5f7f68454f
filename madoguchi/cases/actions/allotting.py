"""Giving out the places of a round (利用調整): over all its applications at once, whole or not at all."""

from collections.abc import Mapping

from madoguchi.cases.actions import driving
from madoguchi.cases.models import Case, Round, Step
from madoguchi.cases.queries.rounds import Standing, may_run, round_standing, simulate
from madoguchi.events import Actor, Reason, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound, Stale
from madoguchi.procedures.rules import allotment

#: Nobody needs more in one class of one place.
MOST_PLACES = 999

RUNS_THE_ROUND = Reason(
    "runs-the-round", "この募集の選考を担当する課だから", lambda actor, round_: may_run(round_, actor)
)
IN_THE_ROUND = Reason(
    "in-the-round", "募集の選考の中で", lambda actor, step: step.kind == "allot" and may_run(_round_of(step), actor)
)


@act("round.set-places", allow=(RUNS_THE_ROUND,))
def set_places(round_: Round, places: Mapping[str, Mapping[str, int]], *, by: Actor) -> Round:
    """募集人数の設定: how many places there are, by place and group. Never fewer than were given out already."""
    standing = round_standing(round_.code, round_.name, by)
    if any(place not in standing.names for place in places):
        raise Invalid("place-unknown", "この募集にない施設が含まれています。")
    if any(not 0 <= number <= MOST_PLACES for groups in places.values() for number in groups.values()):
        raise Invalid("places-number", "募集人数は0から999までの整数で入力してください。")
    for (place, group), given in standing.placed.items():
        if places.get(place, {}).get(group, 0) < given:
            raise Invalid(
                "places-too-few",
                "%(place)s（%(group)s）は、すでに%(given)s人が決まっています。それより少なくはできません。",
                {"place": str(standing.names[place]), "group": group, "given": given},
            )
    row, _ = Round.objects.get_or_create(code=round_.code, name=round_.name)
    row.places = {
        place: {group: number for group, number in sorted(groups.items()) if number} for place, groups in places.items()
    }
    row.saved_at = clock.now()
    row.save(update_fields=["places", "saved_at"])
    record(code=row.code, round=row.name)
    return row


@act("round.allot", allow=(RUNS_THE_ROUND,))
def allot(round_: Round, *, by: Actor, expected: int, leave_out: bool = False) -> Round:
    """選考の決定: rank all that wait in the round, give out the places, and write the result into every case.

    ``expected`` is how many the member of staff saw waiting; Raises Stale where it is another number by now, Invalid
    before the round has closed, without places, or while applications are still being examined (unless they are to
    be left to a later run: ``leave_out``). Whole or not at all.
    """
    row = Round.objects.select_for_update().filter(code=round_.code, name=round_.name).first()
    if row is None or not any(row.places.values()):
        raise Invalid("round-without-places", "募集人数がまだ入力されていません。")
    standing = round_standing(row.code, row.name, by)
    _may_begin(standing, expected, leave_out)
    placings = simulate(standing)
    steps = {
        str(step.case_id): step
        for step in Step.objects.select_related("case").filter(
            kind="allot", done_at=None, case_id__in=[one.applicant.id for one in placings]
        )
    }
    order = allotment.criteria(standing.node.arguments)
    labels = standing.package.tables[standing.node.arguments["table"]].labels
    # One order for all who lock several cases: by id, not by rank.
    for placing in sorted(placings, key=lambda one: one.applicant.id):
        told = allotment.reasons(placing, order, standing.names, labels)
        name = standing.names[placing.place]["ja"] if placing.place else None
        place(steps[placing.applicant.id], placing, [dict(one) for one in told], name, by=by)
    row.allotted_at = clock.now()
    row.save(update_fields=["allotted_at"])
    placed = sum(1 for one in placings if one.place is not None)
    record(code=row.code, round=row.name, placed=placed, unplaced=len(placings) - placed)
    return row


@act("case.place", allow=(IN_THE_ROUND,))
def place(
    step: Step, placing: allotment.Placing, reasons: list[dict[str, str]], name: str | None, *, by: Actor
) -> Case:
    """選考の結果: the round has given this case a place, or none; it goes on to the decision."""
    case = driving.locked(step.case)
    fresh = Step.objects.get(pk=step.pk)
    if fresh.done_at is not None:
        raise Stale("step-done", "選考の間に、取り下げられた申込みがあります。もう一度見てから行ってください。")
    drive = driving.Drive(case)
    drive.course.allot(drive.package.graph[fresh.node], placing, reasons, name)
    driving.complete(case, fresh, "done", drive=drive, by=by)
    record(step=fresh.node, case=case.pk, placed=placing.place is not None)
    return case


def _may_begin(standing: Standing, expected: int, leave_out: bool) -> None:
    if not standing.closed:
        raise Invalid("round-open", "募集の締切がまだ過ぎていません。締切の後に行ってください。")
    if standing.open and not leave_out:
        raise Invalid(
            "round-incomplete",
            "審査の終わっていない申込みが%(count)s件あります。終わってから行うか、次の選考に回すことを選んでください。",
            {"count": standing.open},
        )
    if standing.waiting != expected:
        raise Stale("round-changed", "表示した後に、選考を待つ申込みの数が変わりました。もう一度見てください。")
    if not standing.waiting:
        raise Invalid("round-empty", "選考を待つ申込みはありません。")


def _round_of(step: Step) -> Round:
    found = Case.objects.select_related("procedure").filter(pk=step.case_id).first()
    if found is None:
        raise NotFound("case-unknown", "この受付番号の手続は見つかりません。")
    return Round(code=found.procedure.code, name="")
