"""Messages with the section in charge, and the inbox: whatever the city said to the person, in one list."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.ground.errors import Refused
from madoguchi.messages import actions as messages
from madoguchi.messages import queries as said_of
from madoguchi.messages.models import Message
from madoguchi.web.presenting.casepage import case_page
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.presenting.thread import by_company
from madoguchi.web.presenting.thread import inbox as inbox_page
from madoguchi.web.views.guard import for_residents, own
from madoguchi.web.words import language


def note_opened(case: Case, resident: Actor) -> None:
    """The page of the case shows every message about it: from now on they have been read."""
    if any(one.account_id is not None and one.read_at is None for one in cases.remarks(case)):
        actions.read_thread(case, by=resident)
    for one in said_of.unread_about(case.pk, resident.who):
        messages.read(one, by=resident)


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def write(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """A message to the section in charge; one that is refused comes back as it was typed."""
    case = own(resident, key)
    there = f"{reverse('web:case', args=(key_of(case),))}#thread"
    if request.method != "POST":
        return redirect(there)
    body = request.POST.get("body", "").replace("\0", "")
    try:
        actions.write(case, body, by=resident, language=language(), once=_uuid(request.POST.get("once", "")))
    except Refused as refusal:
        page = case_page(own(resident, key), typed=body, refusal=refusal)
        return render(request, "web/case.html", {"case": page}, status=refusal.status)
    return redirect(there)


@require_safe
@for_residents
def inbox(request: HttpRequest, resident: Actor) -> HttpResponse:
    """受信箱: unread first; ``?case=`` shows those about one case."""
    number = request.GET.get("case", "").replace("\0", "")[:40]
    return render(request, "web/inbox.html", {"inbox": inbox_page(resident, own(resident, number) if number else None)})


@require_safe
@for_residents
def notice(request: HttpRequest, resident: Actor, message_id: UUID) -> HttpResponse:
    """One notice; opening it is noted."""
    message = cases.own_message(message_id, resident)
    messages.read(message, by=resident)
    company = cases.companies_in([message]).get(message.pk)
    context = {
        "notice": message,
        "subject": by_company(message.subject, company),
        "case_url": _case_url(message, resident),
        "of_agents": message.template.startswith("delegation-"),
    }
    return render(request, "web/notice.html", context)


def _case_url(message: Message, resident: Actor) -> str:
    """Where the case stands that a notice is about, for whoever may see it."""
    if message.about is None:
        return ""
    case = cases.own_cases(resident).filter(pk=message.about).first()
    if case is not None:
        return reverse("web:case", args=(key_of(case),))
    by_agent = cases.represented_cases(resident).filter(pk=message.about).first()
    return reverse("web:by-proxy", args=(by_agent.number,)) if by_agent is not None else ""


@require_POST
@for_residents
def read_all(request: HttpRequest, resident: Actor) -> HttpResponse:
    """すべて読んだことにする: each message is noted as read, letters are not: they are received by opening them."""
    for one in said_of.inbox(resident.who).filter(read_at=None):
        messages.read(one, by=resident)
    fresh = [one.case.pk for one in cases.inbox(resident) if one.kind == "remark" and one.unread and one.case]
    for case in cases.own_cases(resident).filter(pk__in=fresh):
        actions.read_thread(case, by=resident)
    return redirect("web:inbox")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
