"""Procedures and cases as the API shows them, and no more of a case than the scopes of the caller allow."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.events.rules import ACTS
from madoguchi.feeds.schemas import (
    CaseLine,
    CaseWhole,
    CorrectionOfCase,
    DecisionOfCase,
    DocumentOfCase,
    Happened,
    LetterOfCase,
    LinkField,
    OpenStep,
    ProcedureVersion,
    ProcedureWhole,
    StageOfCase,
    StepOfFlow,
    Words,
)
from madoguchi.ground.languages import LocalText
from madoguchi.messages.queries import letters_about
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import formschema
from madoguchi.procedures.rules.form import FormField
from madoguchi.procedures.rules.linking import linkable

#: Who did it, without a name.
BY = {"resident": "applicant", "visitor": "applicant", "staff": "office", "system": "machine", "partner": "partner"}


def words(text: LocalText) -> Words:
    """A text of the catalogue in both languages."""
    return Words(ja=text.get_for("ja"), en=text.get_for("en"))


def url(name: str, **parts: object) -> str:
    """An address of the API, whole."""
    return f"{settings.BASE_URL}{reverse(f'api-1:{name}', kwargs=parts)}"


def procedure_line(row: Procedure) -> dict[str, Any]:
    """One line of the list."""
    told = procedures.package(row).procedure
    return {
        "code": row.code,
        "version": row.version,
        "revision": row.revision,
        "kind": told.kind,
        "title": words(told.title),
        "office": procedures.section_of(told).id,
        "identity": told.identity,
        "business_days": told.standard_period.business_days if told.standard_period else None,
        "url": url("procedure", code=row.code),
        "apply_url": f"{settings.BASE_URL}/procedures/{row.code}/",
        "link_url": f"{settings.BASE_URL}/apply/{row.code}/",
        "link_fields": [
            LinkField(name=one.name, label=words(one.label), values=_values_of(one))
            for one in linkable(procedures.package(row).form).values()
        ],
    }


def _values_of(one: FormField) -> list[str]:
    return list(one.options) if one.options else ["yes", "no"]


def procedure_whole(row: Procedure, versions: QuerySet[Procedure]) -> ProcedureWhole:
    """A procedure with its form and its flow."""
    package = procedures.package(row)
    told = package.procedure
    return ProcedureWhole(
        **procedure_line(row),
        summary=words(told.summary) if told.summary else None,
        steps=[
            StepOfFlow(
                id=node.id,
                kind=node.kind,
                title=words(node.title or LocalText(node.kind)),
                digital=node.is_digital,
                outcomes=list(node.outcomes),
            )
            for node in package.graph.steps
        ],
        form=formschema.schema_of(package.form, told.title.get_for("ja")),
        findings={
            node: {one.name: formschema.field_schema(one) for one in fields}
            for node, fields in package.findings.items()
        },
        versions=[
            ProcedureVersion(
                version=one.version, revision=one.revision, published_at=one.published_at, digest=one.digest
            )
            for one in versions
        ],
    )


def _line(case: Case, by: Actor) -> dict[str, Any]:
    origin = getattr(case, "origin", None)
    return {
        "id": case.pk,
        "number": case.number,
        "procedure": case.procedure.code,
        "version": case.procedure.version,
        "state": case.state,
        "reference": (origin.reference or None) if origin is not None and origin.partner_id == by.id else None,
        "received_at": case.received_at,
        "due_on": case.due_on,
        "closed_at": case.closed_at,
        "url": url("case", case_id=case.pk),
    }


def case_line(case: Case, by: Actor) -> CaseLine:
    """One line of the list."""
    return CaseLine(**_line(case, by))


def case_whole(case: Case, by: Actor) -> CaseWhole:
    """A case as this partner may see it."""
    where = cases.standing(case)
    graph = procedures.package(case.procedure).graph
    whole = CaseWhole(
        **_line(case, by),
        turn=where.turn,
        stages=[
            StageOfCase(
                step=one.node,
                kind=one.kind,
                title=words(one.title),
                state=one.state,
                turn=one.turn,
                since=one.since,
                until=one.until,
                outcome=one.outcome or None,
                digital=one.digital,
            )
            for one in where.stages
        ],
        to_examine=[
            OpenStep(id=one.pk, step=one.node, outcomes=list(graph[one.node].outcomes), due_at=one.due_at)
            for one in case.steps.filter(kind="examine", done_at=None).order_by("token")
            if by.may("cases:decide", case.procedure.code)
        ],
    )
    if not by.may("cases:answers", case.procedure.code):
        return whole
    whole.answers = case.answers
    whole.corrections = [CorrectionOfCase(path=one.path, message=one.message) for one in where.corrections]
    whole.documents = [
        DocumentOfCase(
            id=one.pk,
            path=path,
            media_type=one.media_type,
            size=one.size,
            sha256=one.sha256,
            url=url("document", case_id=case.pk, document_id=one.pk),
        )
        for path, held in cases.documents(case).items()
        for one in held
    ]
    whole.letters = [
        LetterOfCase(
            id=one.pk,
            title=one.title,
            number=one.number,
            issued_at=one.issued_at,
            revoked_at=one.revoked_at,
            url=url("letter", case_id=case.pk, letter_id=one.pk),
        )
        for one in letters_about(case.pk)
    ]
    if where.decision is not None:
        told = where.decision
        whole.decision = DecisionOfCase(
            granted=told.granted, values=told.values, reasons=told.reasons, made_at=told.made_at
        )
    return whole


def happened(case: Case) -> list[Happened]:
    """What was done with the case, oldest first: refusals and names are for the office alone."""
    return [
        Happened(
            at=one.event.at,
            verb=one.event.verb,
            title=_title(one.event.verb),
            by="cosigner" if one.event.verb in cases.BY_COSIGNERS else BY.get(one.event.actor_kind, "machine"),
            step=one.node or None,
        )
        for one in cases.history(case)
        if one.event.outcome == "done"
    ]


def _title(verb: str) -> str:
    return ACTS[verb].title.partition(":")[0] if verb in ACTS else verb
