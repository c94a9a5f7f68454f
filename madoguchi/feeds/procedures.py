"""Procedures: what is offered, and of each its form as JSON Schema, its flow and its versions."""

from django.http import HttpRequest
from django.utils.translation import gettext_noop
from ninja import Router
from ninja.params.functions import Path

from madoguchi.feeds import presenting
from madoguchi.feeds.calling import scoped
from madoguchi.feeds.declaring import operation
from madoguchi.feeds.schemas import ProblemDocument, ProcedureLine, Procedures, ProcedureWhole
from madoguchi.ground.errors import NotFound
from madoguchi.procedures import queries
from madoguchi.procedures.models import Procedure

router = Router()
CODE = Path(..., pattern=r"^[a-z0-9-]{1,100}$", example="dog-registration")


@router.get(
    "/procedures",
    response={200: Procedures, 401: ProblemDocument},
    url_name="procedures",
    operation_id="list_procedures",
    summary="手続の一覧",
    openapi_extra=operation("procedures:read"),
)
@scoped("procedures:read")
def procedures(request: HttpRequest) -> Procedures:
    """All procedures that the city offers today."""
    return Procedures(procedures=[ProcedureLine(**presenting.procedure_line(row)) for row in queries.offered()])


@router.get(
    "/procedures/{code}",
    response=ProcedureWhole,
    url_name="procedure",
    operation_id="read_procedure",
    summary="手続と様式",
    openapi_extra=operation("procedures:read", 404),
)
@scoped("procedures:read")
def procedure(request: HttpRequest, code: str = CODE) -> ProcedureWhole:
    """The version in force today: its form as JSON Schema, its steps, its published versions."""
    row = queries.current(code)
    if row is None:
        raise NotFound("procedure-unknown", gettext_noop("この手続きは、いまは受け付けていません。"))
    versions = Procedure.objects.filter(code=code).defer("data", "graph").order_by("-version", "-revision")
    return presenting.procedure_whole(row, versions)
