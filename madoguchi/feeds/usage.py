"""Who has read what is known of a person, for the service through which that person asks: the operations of Estonia's
data tracker (Andmejälgija, findUsage 1.6), as JSON. The code of a person stands in the body, never in an address.
"""

from django.http import HttpRequest
from django.utils.translation import gettext_noop
from ninja import Router

from madoguchi.cases import actions
from madoguchi.cases.queries import usage
from madoguchi.feeds.calling import caller, scoped
from madoguchi.feeds.declaring import operation
from madoguchi.feeds.schemas import FindUsage, Heartbeat, ProblemDocument, UsageLine, UsagePage, UsagePeriod
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound

router = Router()
SCOPE = "usage:read"


@router.post(
    "/usage/find",
    response={200: UsagePage, 404: ProblemDocument},
    url_name="usage",
    operation_id="find_usage",
    summary="だれが見たかの記録",
    openapi_extra=operation(SCOPE, 404),
)
@scoped(SCOPE)
def find(request: HttpRequest, asked: FindUsage) -> UsagePage:
    """The readings of a person in a period, newest first, the person's own among them. `userCode` is the person as the
    calling system has identified them (`person.id` of its cases): a code of another partner opens nothing. What a law
    keeps from its person is in neither the list nor the number. Changes nothing, so it needs no Idempotency-Key."""
    by = caller(request)
    person = usage.person_known_as(by.who, asked.userCode)
    if person is None:
        raise NotFound("person-unknown", gettext_noop("この方は、この連携先では確かめられていません。"))
    total, found = actions.find_usage(
        person, by=by, since=asked.periodStart, until=asked.periodEnd, offset=asked.offset, limit=asked.limit
    )
    return UsagePage(totalUsages=total, usages=[UsageLine(**one) for one in usage.as_told(found)])


@router.get(
    "/usage/period",
    response={200: UsagePeriod},
    url_name="usage-period",
    operation_id="usage_period",
    summary="記録のある期間",
    openapi_extra=operation(SCOPE),
)
@scoped(SCOPE)
def period(request: HttpRequest) -> UsagePeriod:
    """From when until when readings are told."""
    since, until = usage.usage_period()
    return UsagePeriod(periodStart=since, periodEnd=until)


@router.get(
    "/usage/heartbeat",
    response={200: Heartbeat},
    url_name="usage-heartbeat",
    operation_id="usage_heartbeat",
    summary="動いているか",
    openapi_extra=operation(SCOPE),
)
@scoped(SCOPE)
def heartbeat(request: HttpRequest) -> Heartbeat:
    """That the log can be asked now."""
    usage.usage_period()
    return Heartbeat(at=clock.now())
