"""What applies here, for everybody: on a page, and as a signed PDF. What is typed is posted and kept nowhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from madoguchi.asking.here import here_page
from madoguchi.asking.sheet import sheet
from madoguchi.web.views.downloads import pdf


@require_http_methods(["GET", "HEAD", "POST"])
def here(request: HttpRequest) -> HttpResponse:
    """The form, and what applies at the place that is asked about; see :func:`madoguchi.asking.here.here_page`."""
    page = here_page(request.GET, request.POST if request.method == "POST" else None)
    return render(request, "web/here.html", {"page": page}, status=page.status)


@require_http_methods(["GET", "HEAD", "POST"])
def here_pdf(request: HttpRequest) -> HttpResponse:
    """The same answer on paper, signed. Nothing of it is kept; what cannot be answered comes back as the page."""
    page = here_page(request.GET, request.POST if request.method == "POST" else None)
    if page.asked is None:
        return render(request, "web/here.html", {"page": page}, status=422 if page.status == 200 else page.status)
    link = reverse("web:here") + (f"?{page.query}" if page.query else "")
    return pdf(sheet(page.asked, link=link), "here")
