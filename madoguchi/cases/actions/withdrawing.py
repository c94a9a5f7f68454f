"""取下げ: the applicant takes the request back."""

from uuid import UUID

from madoguchi.cases.actions import connecting, consenting, driving, joining, storing
from madoguchi.cases.models import Case, DocumentContent, Signature, Upload
from madoguchi.cases.queries import kept_until, mandate_of, standing_for
from madoguchi.cases.rules.permission import OWN_CASE, PARTNER_FILED
from madoguchi.events import Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Stale
from madoguchi.procedures import queries as procedures


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
