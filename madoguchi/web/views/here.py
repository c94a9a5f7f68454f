"""What applies here: an address or a name, and the answers of all sections to it.

What is typed is an address, often one's own: it is posted, so that no URL, history or log keeps it. A point in a link
is there because somebody made the link to share it.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.ground.errors import Refused
from madoguchi.places.queries import Where
from madoguchi.web.presenting.here import HerePage, at_page, found_page
from madoguchi.web.words import words


@require_http_methods(["GET", "HEAD", "POST"])
def here(request: HttpRequest) -> HttpResponse:
    """The form; with ``?lat=&lon=`` (degrees, JGD2011), or ``q`` posted, what applies there."""
    status = 200
    text = request.POST.get("q", "").replace("\0", "").strip()[:200]
    try:
        if text:
            page = found_page(text)
            status = 404 if page.problem else 200
        elif request.method == "POST":
            page, status = HerePage(problem=gettext("住所か、駅や学校の名前を書いてください。")), 422
        elif "lat" in request.GET or "lon" in request.GET:
            page = at_page(Where(_degrees(request, "lon"), _degrees(request, "lat")))
        else:
            page = HerePage()
    except Refused as refusal:
        page, status = HerePage(said=text, problem=words(refusal)), refusal.status
    return render(request, "web/here.html", {"page": page}, status=status)


def _degrees(request: HttpRequest, name: str) -> float:
    """A number of degrees; not a number where there is none, which is nowhere in Japan."""
    try:
        return float(request.GET.get(name, ""))
    except ValueError:
        return float("nan")
