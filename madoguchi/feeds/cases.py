"""Cases: filed, corrected, given documents, submitted, read, decided. Each call is one act or one query."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop
from ninja import Router
from ninja.files import UploadedFile
from ninja.params.functions import File, Form, Query

from madoguchi.cases import actions
from madoguchi.cases import queries as cases_asked
from madoguchi.cases.actions import filing
from madoguchi.cases.models import Case, Step
from madoguchi.cases.queries import partner
from madoguchi.cases.rules import uploads
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.feeds import presenting
from madoguchi.feeds.calling import caller, once, scoped
from madoguchi.feeds.declaring import operation
from madoguchi.feeds.schemas import (
    Answers,
    CasePage,
    CaseWhole,
    DocumentOfCase,
    History,
    NewCase,
    ProblemDocument,
    State,
    Submission,
    Verdict,
)
from madoguchi.ground.errors import Invalid, NotFound, Problem, Refused, Stale
from madoguchi.messages.queries import file_of
from madoguchi.people.rules import normalise_address
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import formschema
from madoguchi.procedures.rules.form import Form as PackageForm

router = Router()
FILE = File(...)
#: What can be asked of a case that was just filed, by the name under which operations know its id.
FOLLOWING = dict.fromkeys(
    ("read_case", "read_history", "submit_case", "withdraw_case", "decide_case", "revise_case"), "case_id"
)


def seen(case_id: UUID, by: Actor) -> Case:
    """The case, if the caller may see it. Raises NotFound for any other, existing or not; the try leaves an event."""
    try:
        return partner.partner_case(case_id, by)
    except NotFound as refusal:
        refuse("case.read", refusal, by=by)
        raise


def tag(case: Case) -> str:
    """The entity tag of a case (RFC 9110)."""
    return f'"{partner.version_of(case)}"'


@router.get(
    "/cases",
    response={200: CasePage, 401: ProblemDocument},
    url_name="cases",
    operation_id="list_cases",
    summary="案件の一覧",
    exclude_none=True,
    openapi_extra=operation("cases:read"),
)
@scoped("cases:read")
def listed(
    request: HttpRequest,
    procedure: str = Query("", max_length=100, pattern=r"^[a-z0-9-]*$"),
    state: State | None = None,
    reference: str = Query("", max_length=200),
    cursor: str = Query("", max_length=100),
    limit: int = Query(50, ge=1, le=partner.MOST_LISTED),
) -> CasePage:
    """Received cases of the procedures that the caller may see, and its own filings; oldest first."""
    by = caller(request)
    if "\0" in reference:
        raise Invalid("value-shape", "この項目の値の形が違います。様式（JSON Schema）をお確かめください。")
    page = partner.partner_page(
        by, procedure=procedure, state=state or "", reference=reference, after=_place(cursor), most=limit
    )
    return CasePage(
        cases=[presenting.case_line(one, by) for one in page.cases],
        next=urlsafe_b64encode(page.after.bytes).decode().rstrip("=") if page.after else None,
    )


def _place(cursor: str) -> UUID | None:
    if not cursor:
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except ValueError:
        raise Refused("cursor-unknown", gettext_noop("cursorの値が正しくありません。")) from None


@router.post(
    "/cases",
    response={201: CaseWhole},
    url_name="cases",
    operation_id="file_case",
    summary="案件の提出",
    openapi_extra=operation("cases:create", 404, once=True, leads_to=FOLLOWING),
)
@scoped("cases:create")
@once
def file_case(request: HttpRequest, new: NewCase) -> tuple[int, CaseWhole]:
    """File a case for a person whom the calling system has identified; whole, or not at all.

    Errors name the field by its path in the answers, exactly as the residents' form would refuse it.
    """
    by = caller(request)
    row = procedures.current(new.procedure)
    if row is None:
        raise NotFound("procedure-unknown", gettext_noop("この手続きは、いまは受け付けていません。"))
    case = filing.file(
        row,
        new.person.id,
        _raw(procedures.package(row).form, new.answers),
        by=by,
        submit=new.submit,
        language=new.language,
        email=_address(new.email),
        reference=new.reference or "",
    )
    return 201, presenting.case_whole(_again(case, by), by)


@router.get(
    "/cases/{case_id}",
    response={200: CaseWhole},
    url_name="case",
    operation_id="read_case",
    summary="案件の状況",
    openapi_extra=operation("cases:read", 404, if_none_match=True),
)
@scoped("cases:read")
def read_case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Where the case stands, with an ETag. With the scope `cases:answers` also what it holds, and that is an event."""
    by = caller(request)
    case = seen(case_id, by)
    if request.headers.get("If-None-Match") == tag(case):
        return HttpResponse(status=304, headers={"ETag": tag(case)})
    if by.may("cases:answers", case.procedure.code):
        actions.read(case, by=by)
    whole = presenting.case_whole(case, by).model_dump_json(exclude_none=True)
    return HttpResponse(whole, content_type="application/json", headers={"ETag": tag(case)})


@router.get(
    "/cases/{case_id}/history",
    response={200: History},
    url_name="history",
    operation_id="read_history",
    summary="案件の経過",
    exclude_none=True,
    openapi_extra=operation("cases:read", 404),
)
@scoped("cases:read")
def read_history(request: HttpRequest, case_id: UUID) -> History:
    """What was done with the case, oldest first, without names."""
    return History(history=presenting.happened(seen(case_id, caller(request))))


@router.patch(
    "/cases/{case_id}/answers",
    response={200: CaseWhole},
    url_name="answers",
    operation_id="revise_case",
    summary="回答の訂正",
    openapi_extra=operation("cases:create", 404, 409, 412, 413, 428, if_match=True),
)
@scoped("cases:create")
def revise_case(request: HttpRequest, case_id: UUID, given: Answers) -> HttpResponse:
    """Other answers in a draft of one's own, or in what the office has returned."""
    by = caller(request)
    if_match = request.headers.get("If-Match", "")
    if not if_match:
        raise Refused(
            "if-match-missing", gettext_noop("If-Matchヘッダーに、読んだときのETagを付けてください。"), status=428
        )
    case = seen(case_id, by)
    form = procedures.package(case.procedure).form
    filing.revise(case, _raw(form, given.answers), by=by, seen=if_match.strip('"'))
    fresh = _again(case, by)
    whole = presenting.case_whole(fresh, by).model_dump_json(exclude_none=True)
    return HttpResponse(whole, content_type="application/json", headers={"ETag": tag(fresh)})


@router.post(
    "/cases/{case_id}/documents",
    response={201: DocumentOfCase},
    url_name="documents",
    operation_id="add_document",
    summary="書類の添付",
    openapi_extra=operation("documents:add", 404, once=True),
)
@scoped("documents:add")
@once
def add_document(
    request: HttpRequest, case_id: UUID, path: str = Form(..., max_length=200), file: UploadedFile = FILE
) -> tuple[int, DocumentOfCase]:
    """Add a photograph or file under a field of a case that the caller has filed."""
    by = caller(request)
    case = seen(case_id, by)
    if file.size and file.size > uploads.MAX_BYTES:
        raise uploads.too_large()
    held = actions.add_document(case, path, file.name or "", file.read(), by=by)
    return 201, DocumentOfCase(
        id=held.pk,
        path=held.path,
        media_type=held.media_type,
        size=held.size,
        sha256=held.sha256,
        url=presenting.url("document", case_id=case.pk, document_id=held.pk),
    )


@router.post(
    "/cases/{case_id}/submit",
    response={200: CaseWhole},
    url_name="submit",
    operation_id="submit_case",
    summary="下書きの提出",
    openapi_extra=operation("cases:create", 404, once=True),
)
@scoped("cases:create")
@once
def submit_case(request: HttpRequest, case_id: UUID, given: Submission) -> tuple[int, CaseWhole]:
    """Submit a draft of one's own, or hand a corrected case back."""
    by = caller(request)
    case = actions.submit(seen(case_id, by), by=by, email=_address(given.email))
    return 200, presenting.case_whole(_again(case, by), by)


@router.post(
    "/cases/{case_id}/withdraw",
    response={200: CaseWhole},
    url_name="withdraw",
    operation_id="withdraw_case",
    summary="取下げ",
    openapi_extra=operation("cases:create", 404, once=True),
)
@scoped("cases:create")
@once
def withdraw_case(request: HttpRequest, case_id: UUID) -> tuple[int, CaseWhole]:
    """Take a case of one's own back, before it is decided."""
    by = caller(request)
    case = actions.withdraw(seen(case_id, by), by=by)
    return 200, presenting.case_whole(_again(case, by), by)


@router.post(
    "/cases/{case_id}/decision",
    response={200: CaseWhole},
    url_name="decision",
    operation_id="decide_case",
    summary="審査結果の登録",
    openapi_extra=operation("cases:decide", 404, once=True),
)
@scoped("cases:decide")
@once
def decide_case(request: HttpRequest, case_id: UUID, verdict: Verdict) -> tuple[int, CaseWhole]:
    """Complete the open examination with what the core system has found. Approval (決裁) stays with people."""
    by = caller(request)
    case = seen(case_id, by)
    step = _examination(case, verdict.step)
    fields = procedures.package(case.procedure).findings.get(step.node, ())
    raw, problems = formschema.raw_of_fields(fields, verdict.findings)
    if problems:
        raise Invalid("finding-unknown", "調べた結果に、この段階にない項目があります。", fields=problems)
    actions.examine(
        step,
        verdict.outcome,
        by=by,
        note=verdict.note,
        reasons=verdict.reasons,
        corrections=verdict.corrections,
        findings=raw,
    )
    return 200, presenting.case_whole(_again(case, by), by)


def _examination(case: Case, wanted: UUID | None) -> Step:
    steps = case.steps.filter(kind="examine", done_at=None).select_related("case__procedure").order_by("token")
    found = list(steps.filter(pk=wanted) if wanted else steps[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise Invalid("step-ambiguous", "審査の段階がいくつか開いています。どれかをstepで示してください。")
    raise Stale("not-to-examine", "いま審査する段階ではありません。")


@router.get(
    "/cases/{case_id}/documents/{document_id}",
    url_name="document",
    operation_id="read_document",
    summary="添付書類",
    openapi_extra=operation("cases:answers", 404),
)
@scoped("cases:answers")
def read_document(request: HttpRequest, case_id: UUID, document_id: UUID) -> HttpResponse:
    """The bytes of a document as it is kept."""
    by = caller(request)
    case = seen(case_id, by)
    held, content = cases_asked.content(case, document_id)
    actions.read(case, by=by)
    return _file(content, held.media_type)


@router.get(
    "/cases/{case_id}/letters/{letter_id}",
    url_name="letter",
    operation_id="read_letter",
    summary="通知書（PDF）",
    openapi_extra=operation("cases:answers", 404),
)
@scoped("cases:answers")
def read_letter(request: HttpRequest, case_id: UUID, letter_id: UUID) -> HttpResponse:
    """The signed PDF of a letter, byte for byte as issued."""
    by = caller(request)
    case = seen(case_id, by)
    letter = partner.partner_letter(case, letter_id)
    if letter is None:
        raise NotFound("letter-unknown", gettext_noop("この通知書は見つかりません。"))
    pdf = file_of(letter)
    actions.read(case, by=by)
    return _file(pdf, "application/pdf")


def _file(content: bytes, media_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response.headers["Content-Disposition"] = "attachment"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _again(case: Case, by: Actor) -> Case:
    """As it is stored now, with its origin; who has just acted on it may see it."""
    return partner.partner_cases(by).get(pk=case.pk)


def _raw(form: PackageForm, answers: dict[str, Any]) -> dict[str, list[str]]:
    raw, problems = formschema.raw_of(form, answers)
    if problems:
        raise Invalid(
            "answers-invalid", "内容に誤りが%(count)sか所あります。", {"count": len(problems)}, fields=problems
        )
    return raw


def _address(email: str | None) -> str:
    if not email:
        return ""
    try:
        return normalise_address(email)
    except Invalid as refusal:
        raise Invalid(refusal.code, refusal.message, fields={"email": Problem(refusal.code, refusal.message)}) from None
