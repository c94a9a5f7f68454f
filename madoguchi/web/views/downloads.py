"""A PDF as an answer: shown in the browser, named for whoever keeps it."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename


def pdf(content: bytes, name: str) -> HttpResponse:
    """``name`` without its ending."""
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{get_valid_filename(name)}.pdf") or ""
    response["X-Content-Type-Options"] = "nosniff"
    return response
