"""What residents hand over to companies with a life event: their systems see that it is there, fetch it, answer."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from madoguchi.cases import actions
from madoguchi.cases.models import Service
from madoguchi.cases.queries import companies
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.feeds.calling import caller, once, scoped
from madoguchi.feeds.declaring import operation
from madoguchi.feeds.schemas import ServiceAnswer, ServiceLine, ServicePage, ServiceState, ServiceWhole
from madoguchi.ground.errors import NotFound

router = Router()
SCOPE = "services:answer"


def _seen(key: UUID, by: Actor) -> Service:
    """What was sent to the caller. Raises NotFound for any other, existing or not; the try leaves an event."""
    try:
        return companies.partner_service(key, by)
    except NotFound as refusal:
        refuse("service.read", refusal, by=by)
        raise


def _line(one: Service) -> ServiceLine:
    return ServiceLine(
        id=one.pk, company=one.company, service=one.service, state=one.state, sent_at=one.sent_at or one.consented_at
    )


@router.get(
    "/services",
    response={200: ServicePage},
    url_name="services",
    operation_id="list_services",
    summary="住民からの連絡の一覧",
    exclude_none=True,
    openapi_extra=operation(SCOPE),
)
@scoped(SCOPE)
def listed(request: HttpRequest, state: ServiceState | None = None, after: UUID | None = None) -> ServicePage:
    """What residents have sent to the companies of the caller, oldest first, a hundred at a time. Nothing of what is in
    it. `state=sent` for what was not fetched yet, `state=called-off` for what is to be stopped; `after` is the last id
    of the page before."""
    rows = companies.partner_services(caller(request))
    rows = rows.filter(state=state) if state else rows
    rows = rows.filter(pk__gt=after) if after else rows
    return ServicePage(services=[_line(one) for one in rows[: companies.MOST_LISTED]])


@router.get(
    "/services/{service_id}",
    response={200: ServiceWhole},
    url_name="service",
    operation_id="read_service",
    summary="住民からの連絡の受取り",
    exclude_none=True,
    openapi_extra=operation(SCOPE, 404, 409),
)
@scoped(SCOPE)
def read(request: HttpRequest, service_id: UUID) -> ServiceWhole:
    """What the customer has handed over, and nothing else. With the first reading it counts as handed over; each
    reading is an event that they see. After the end, or once it was called off, it is not given again."""
    by = caller(request)
    held = actions.read_service(_seen(service_id, by), by=by)
    return ServiceWhole(
        **_line(held).model_dump(),
        procedure=held.case.procedure.code,
        customer_number=held.number or None,
        **{name: held.hands.get(name) for name in ServiceWhole.HANDED},
    )


@router.post(
    "/services/{service_id}/answer",
    response={200: ServiceLine},
    url_name="answer-service",
    operation_id="answer_service",
    summary="住民からの連絡への返事",
    openapi_extra=operation(SCOPE, 404, once=True),
)
@scoped(SCOPE)
@once
def answered(request: HttpRequest, service_id: UUID, said: ServiceAnswer) -> tuple[int, ServiceLine]:
    """Accepted, something is wanted of the customer, refused, done, or stopped because it was called off. The customer
    reads `words` as they stand."""
    by = caller(request)
    told = actions.Said(**{name: value for name, value in said.model_dump().items() if value is not None})
    held = actions.answer_service(_seen(service_id, by), told, by=by)
    held.refresh_from_db(fields=["state"])
    return 200, _line(held)
