"""わたしの情報: all that is kept about the resident, in one file."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases.queries import handout
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.people.queries import person_of
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
