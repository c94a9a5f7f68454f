"""Documents of the applicant and letters of the city, as files. What a stranger uploaded never runs here."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.desk.access import desk, opened_by
from madoguchi.events import Actor
from madoguchi.ground.errors import NotFound
from madoguchi.messages import queries as messages


@require_safe
@desk
def document(request: HttpRequest, by: Actor, number: str, document_id: UUID) -> HttpResponse:
    """A photograph in the page, or a file to keep. Its pictures are part of the look at the case, or open it."""
    found, content = cases.opened(opened_by(number, by), document_id)
    return file_response(content, found.media_type, found.name, inline=found.media_type in ("image/jpeg", "image/png"))


@require_safe
@desk
def letter(request: HttpRequest, by: Actor, number: str, letter_id: UUID) -> HttpResponse:
    """A letter, byte for byte as issued."""
    case = opened_by(number, by)
    found = messages.letters_about(case.pk).filter(pk=letter_id).first()
    if found is None:
        raise NotFound("letter-unknown", "この通知書は見つかりません。")
    return file_response(messages.file_of(found), "application/pdf", f"{found.title}-{found.number}.pdf", inline=False)


#: What of a signature can be taken out, by the last part of the address.
SIGNED: Final = {
    "document.txt": ("content", "text/plain; charset=utf-8"),
    "cover.txt": ("cover", "text/plain; charset=utf-8"),
    "signature.p7s": ("cms", "application/pkcs7-signature"),
}


@require_safe
@desk
def signature(request: HttpRequest, by: Actor, number: str, signature_id: UUID, what: str) -> HttpResponse:
    """What was signed, and the signature over it, byte for byte: anybody can check them without us."""
    found = cases.signature(opened_by(number, by), signature_id)
    column, media_type = SIGNED.get(what, ("", ""))
    content = bytes(getattr(found, column)) if column else b""
    if not content:
        raise NotFound("signature-unknown", "この署名は見つかりません。")
    return file_response(content, media_type, f"{number}-{what}", inline=False)


@require_safe
@desk
def enclosure(request: HttpRequest, by: Actor, number: str, step_id: UUID) -> HttpResponse:
    """What goes into the envelope with a thing that is posted, to be printed."""
    step = cases.open_steps(by).filter(case=opened_by(number, by), pk=step_id).first()
    if step is None:
        raise NotFound("step-unknown", "この段階は見つかりません。画面を読み込み直してください。")
    return file_response(actions.enclosure(step), "application/pdf", f"{number}.pdf", inline=True)


def file_response(content: bytes, media_type: str, name: str, *, inline: bool) -> HttpResponse:
    """The file, shut in: nothing in it runs, and no other site shows it."""
    response = HttpResponse(content, content_type=media_type)
    _shut_in(response, name, inline=inline)
    return response


def streamed(pdf: Iterator[bytes], name: str) -> HttpResponse:
    """A PDF that is written while it is read."""
    response = StreamingHttpResponse(pdf, content_type="application/pdf")
    _shut_in(response, name, inline=False)
    response.headers["X-Accel-Buffering"] = "no"  # a proxy passes on what comes, instead of waiting for the end
    return response  # type: ignore[return-value]  # a response, but not of the class that the door names


def _shut_in(response: HttpResponseBase, name: str, *, inline: bool) -> None:
    disposition = content_disposition_header(not inline, get_valid_filename(name))
    response.headers["Content-Disposition"] = disposition or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
