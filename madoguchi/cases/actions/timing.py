"""What happens when a step's time is up. Apart from driving, because the end of a period may withdraw the case."""

import datetime as dt
from typing import Final

from madoguchi.cases.actions import asking, driving, telling, withdrawing
from madoguchi.cases.models import Timer
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.acting import current_event
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock

#: How long the end of a period for paying waits, again and again, while money is on its way from a shop.
WAIT_FOR_MONEY: Final = dt.timedelta(hours=6)


@act("case.fire", allow=(BY_SYSTEM,))
def fire(timer: Timer, *, by: Actor = SYSTEM) -> Timer:
    """期限の到来: a step's time is up; what the procedure says happens then. Fired twice, it happens once.

    Whoever has paid at a shop has paid in time: nothing happens before the provider says what became of the money.
    """
    case = driving.locked(timer.step.case)
    fresh = Timer.objects.select_related("step").get(pk=timer.pk)
    if fresh.fired_at is not None or fresh.due_at > clock.now():
        record(already_done=True)
        return fresh
    record(step=fresh.step.node, then=fresh.then, case=case.pk)
    if fresh.step.payments.filter(pending_at__isnull=False, paid_at=None, over_at=None).exists():
        fresh.due_at = clock.now() + WAIT_FOR_MONEY
        fresh.save(update_fields=["due_at"])
        record(waits="payment")
        return fresh
    fresh.fired_at = clock.now()
    fresh.save(update_fields=["fired_at"])
    if fresh.then == "withdraw":
        withdrawing.withdraw(case, by=by)
    elif fresh.then == "refuse":
        drive = driving.Drive(case)
        drive.course.examine(fresh.step.node, "refuse", reasons=["定められた期限までに補正がありませんでした。"])
        case.returned_at = None
        driving.complete(case, fresh.step, "refuse", drive=drive)
    elif fresh.then == "remind":
        if fresh.step.kind in ("correction", "pay"):
            template = "reminded" if fresh.step.kind == "correction" else "payment-asked"
            telling.tell(case, template, event=current_event(), by=by)
        elif fresh.step.kind == "cosign":
            for one in case.cosigners.filter(node=fresh.step.node, over_at=None, confirmed_at=None):
                asking.ask(one, by=by)
    else:
        driving.complete(case, fresh.step, fresh.then)
    return fresh
