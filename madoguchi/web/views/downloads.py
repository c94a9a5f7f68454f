"""Files as answers: a PDF that is shown in the browser and named for whoever keeps it, and what people have given."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename

from madoguchi.cases.models import Document


def pdf(content: bytes, name: str) -> HttpResponse:
    """``name`` without its ending."""
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{get_valid_filename(name)}.pdf") or ""
    response["X-Content-Type-Options"] = "nosniff"
    return response


def uploaded(held: Document, content: bytes) -> HttpResponse:
    """A photograph or file that somebody gave, never run by the browser."""
    response = HttpResponse(content, content_type=held.media_type)
    response["Content-Disposition"] = "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
