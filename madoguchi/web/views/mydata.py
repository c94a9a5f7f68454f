"""わたしの情報: what is known of the resident and who has read it; and all that is kept, in one file."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases.queries import handout, known
from madoguchi.events import Actor
from madoguchi.facts import actions as facts
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.people.queries import person_of
from madoguchi.web.presenting import mydata
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
    """What is known and who has read it; posted with ``withdraw`` = a procedure, the consent to it is taken back.

    As the file with everything, it opens only to a sign-in as strong as the one by which the person is known.
    """
    person = person_of(resident)
    if actions.too_weak(person, resident):
        card_url = f"{reverse('web:card')}?{urlencode({'next': request.path})}"
        status = 403 if request.method == "POST" else 200
        return render(request, "web/my_facts.html", {"card_url": card_url}, status=status)
    if request.method == "POST":
        try:
            facts.withdraw_consent(person, request.POST.get("withdraw", ""), by=resident)
            notices.success(
                request,
                gettext(
                    "同意を取り消しました。この手続きで、同意によってあなたの情報を確かめることは、もうありません。"
                ),
            )
        except Refused as refusal:
            notices.warning(request, words(refusal))
        return redirect("web:my-facts")
    own = request.GET.get("by") == "me"
    before = _place(request.GET.get("before", ""))
    page = mydata.facts_page(known.of_person(resident), known.readings(resident, own=own, before=before))
    return render(request, "web/my_facts.html", {"page": page, "own": own, "earlier": before is not None})


def _place(text: str) -> UUID | None:
    """The id of the last reading on the page before; None where somebody made it up."""
    try:
        return UUID(text)
    except ValueError:
        return None
