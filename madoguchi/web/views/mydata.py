"""わたしの情報: what is known of the resident and who has read it; and all that is kept, in one file."""

import datetime as dt
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.asking.questions import raw_of
from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.queries import correcting, handout, known, usage
from madoguchi.cases.rules import uploads
from madoguchi.events import Actor
from madoguchi.facts import actions as facts
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed, NotFound, Refused, Stale
from madoguchi.people.models import Person
from madoguchi.people.queries import person_of
from madoguchi.web.presenting import mydata, mydata_pdf
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.views.downloads import pdf
from madoguchi.web.views.guard import for_residents
from madoguchi.web.words import language, words


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def my_data(request: HttpRequest, resident: Actor) -> HttpResponse:
    """What is in it and what is not; posted, the file. An act and its event come before the first byte."""
    person = person_of(resident)
    problem, status = "", 200
    if request.method == "POST":
        try:
            actions.export_person(person, by=resident)
            if request.POST.get("form") == "pdf":
                return pdf(mydata_pdf.my_data_pdf(resident), mydata_pdf.as_file_name())
        except Refused as refusal:
            problem, status = words(refusal), refusal.status
        else:
            at = clock.now()
            chunks = handout.handed_out(person, by=resident, at=at, language=language())
            response = StreamingHttpResponse(chunks, content_type="application/zip")
            response.headers["Content-Disposition"] = f'attachment; filename="my-data-{clock.day_of(at):%Y%m%d}.zip"'
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["X-Accel-Buffering"] = "no"  # a proxy passes on what comes, instead of waiting for the end
            return response  # type: ignore[return-value]  # a response, but not of the class that the door names
    weak = actions.too_weak(person, resident)
    context = {
        "held": handout.holdings(person),
        "before": handout.handings_out(person, language()),
        "card_url": f"{reverse('web:card')}?{urlencode({'next': request.path})}" if weak else "",
        "problem": problem,
    }
    return render(request, "web/my_data.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def my_facts(request: HttpRequest, resident: Actor) -> HttpResponse:
    """What is known and who has read it; posted with ``withdraw`` = a procedure or what a company would get,
    the consent to it is taken back.

    As the file with everything, it opens only to a sign-in as strong as the one by which the person is known.
    """
    person = person_of(resident)
    if actions.too_weak(person, resident):
        card_url = f"{reverse('web:card')}?{urlencode({'next': request.path})}"
        status = 403 if request.method == "POST" else 200
        return render(request, "web/my_facts.html", {"card_url": card_url}, status=status)
    if request.method == "POST":
        try:
            _take_back(request, person, resident)
        except Refused as refusal:
            notices.warning(request, words(refusal))
        return redirect("web:my-facts")
    own = request.GET.get("by") == "me"
    before = _place(request.GET.get("before", ""))
    page = mydata.facts_page(
        resident, known.of_person(resident), known.readings(resident, own=own, before=before), known.uses()
    )
    return render(request, "web/my_facts.html", {"page": page, "own": own, "earlier": before is not None})


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def correct(request: HttpRequest, resident: Actor, fact_id: UUID) -> HttpResponse:
    """One fact, to be corrected: what was only said is said anew at once, of a record it is asked for.

    The papers come after the draft, each by itself, and the request is submitted with them; what stops it on the way
    leaves the draft, from which the resident goes on.
    """
    person = person_of(resident)
    if actions.too_weak(person, resident):
        return redirect("web:my-facts")
    if request.method != "POST":
        fact = correcting.own_fact(fact_id, known.of_person(resident))
        return _correction(request, mydata.correction_page(fact, correcting.draft_of(fact, resident)))
    raw = raw_of(request.POST)
    try:
        case = actions.correct(person, fact_id, raw, by=resident, language=language())
    except Stale as refusal:
        notices.warning(request, words(refusal))
        return redirect("web:my-facts")
    except Refused as refusal:
        if isinstance(refusal, NotFound):
            raise
        fact = correcting.own_fact(fact_id, known.of_person(resident))
        page = mydata.correction_page(fact, None, posted=raw, problems=refusal.fields)
        weak = isinstance(refusal, NotAllowed)
        return _correction(
            request, page, status=refusal.status, weak=weak, problem="" if refusal.fields else words(refusal)
        )
    if case is None:
        notices.success(request, gettext("直しました。前の内容も記録に残ります。"))
        return redirect("web:my-facts")
    try:
        for sent in request.FILES.getlist("evidence")[:5]:
            if sent.size and sent.size > uploads.MAX_BYTES:
                raise uploads.too_large()
            actions.add_document(case, "evidence", sent.name or "", sent.read(), by=resident)
        actions.submit(case, by=resident)
    except Refused as refusal:  # the draft is there: what is missing is asked on its pages
        notices.warning(request, words(refusal))
        return redirect("web:case", key_of(case))
    return redirect("web:received", key_of(case))


def _correction(
    request: HttpRequest, page: mydata.CorrectionPage, *, status: int = 200, weak: bool = False, problem: str = ""
) -> HttpResponse:
    card_url = f"{reverse('web:card')}?{urlencode({'next': request.path})}" if weak else ""
    context = {"page": page, "problems": page.problems, "problem": problem, "card_url": card_url}
    return render(request, "web/correct_fact.html", context, status=status)


@require_safe
@for_residents
def usage_json(request: HttpRequest, resident: Actor) -> JsonResponse:
    """The log of readings for a program of the resident's own, as the API answers a partner (docs/api.md): the same
    members, ``periodStart``, ``periodEnd`` (ISO 8601), ``offset`` and ``limit`` in the address."""
    try:
        since, until = (_moment(request.GET.get(name, "")) for name in ("periodStart", "periodEnd"))
        offset, limit = int(request.GET.get("offset", "0")), int(request.GET.get("limit", str(usage.MOST)))
        if not (0 <= offset <= 10_000_000 and 1 <= limit <= usage.MOST):
            raise ValueError
    except (ValueError, OverflowError):
        return JsonResponse({"message": gettext("期間か件数の形が正しくありません。")}, status=400)
    person = person_of(resident)
    try:
        total, found = actions.find_usage(person, by=resident, since=since, until=until, offset=offset, limit=limit)
    except Refused as refusal:
        return JsonResponse({"message": words(refusal)}, status=refusal.status)
    told = {"totalUsages": total, "usages": usage.as_told(found)}
    return JsonResponse(told, json_dumps_params={"ensure_ascii": False})


def _moment(text: str) -> dt.datetime | None:
    """A moment with its offset; a day is its beginning in Japan. Raises ValueError."""
    if not text:
        return None
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=clock.TOKYO)


def _take_back(request: HttpRequest, person: Person, resident: Actor) -> None:
    """A consent is taken back: to a procedure by its code, to a company by the row of what it would get."""
    of = request.POST.get("withdraw", "")
    if (service := _place(of)) is not None:
        actions.take_back_service(cases.own_service(service, resident), by=resident)
        notices.success(request, gettext("同意を取り消しました。この会社には、何も渡しません。"))
        return
    facts.withdraw_consent(person, of, by=resident)
    notices.success(
        request,
        gettext("同意を取り消しました。この手続きで、同意によってあなたの情報を確かめることは、もうありません。"),
    )


def _place(text: str) -> UUID | None:
    """The id of the last reading on the page before; None where somebody made it up."""
    try:
        return UUID(text)
    except ValueError:
        return None
