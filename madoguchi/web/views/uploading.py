"""Files in parts: the tus protocol 1.0 (core, creation, termination, checksum) below a case of one's own.

Any tus client can be used; ours is ``web/js/upload.js``. What the protocol leaves open: the metadata ``path`` names the
field, ``filename`` the file, ``modified`` its age; the same file announced twice is the same upload, so that a client
without memory goes on where it stopped; what cannot be kept answers the last part with words for its sender.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Upload
from madoguchi.cases.rules import uploads
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, Refused, Stale
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.views.guard import for_residents, own
from madoguchi.web.words import words

VERSION: Final = "1.0.0"
#: Bytes that are stored at once; what had arrived before a connection broke is kept by this measure.
PIECE: Final = 512 * 1024
HASHES: Final[dict[str, Callable[[bytes], "hashlib._Hash"]]] = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
CHECKSUM_MISMATCH: Final = 460


@require_http_methods(["OPTIONS", "POST"])
@for_residents
def begin(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """Creation: a file is announced; or OPTIONS: what this server speaks."""
    if request.method == "OPTIONS":
        return _tus(
            204,
            {
                "Tus-Version": VERSION,
                "Tus-Extension": "creation,termination,checksum",
                "Tus-Max-Size": str(uploads.MAX_BYTES),
                "Tus-Checksum-Algorithm": ",".join(HASHES),
            },
        )
    case = own(resident, key)
    if (refusal := _other_version(request)) is not None:
        return refusal
    length, said = request.headers.get("Upload-Length", ""), _metadata(request)
    if not re.fullmatch("[0-9]{1,12}", length) or not said.get("path"):
        return _refused(Invalid("upload-unannounced", "送るファイルの大きさか、項目が分かりません。"), 400)
    try:
        upload = actions.begin_upload(
            case,
            said["path"][:200],
            said.get("filename", "")[:300],
            int(length),
            modified=said.get("modified", ""),
            by=resident,
        )
    except Refused as refused:
        return _refused(refused, 413 if refused.code == "file-too-large" else refused.status)
    location = reverse("web:upload", args=(key_of(case), upload.pk))
    return _tus(201, {"Location": location, "Upload-Offset": str(upload.received)})


@require_http_methods(["HEAD", "PATCH", "DELETE"])
@for_residents
def upload(request: HttpRequest, resident: Actor, key: str, upload_id: UUID) -> HttpResponse:
    """How far it has come (HEAD), its next bytes (PATCH), or that it is not wanted any more (DELETE)."""
    one = cases.upload(own(resident, key), upload_id)
    if (refusal := _other_version(request)) is not None:
        return refusal
    if request.method == "HEAD":
        return _tus(200, {"Upload-Offset": str(one.received), "Upload-Length": str(one.length)})
    if request.method == "DELETE":
        actions.drop_upload(one, by=resident)
        return _tus(204)
    try:
        return _next_bytes(request, resident, one)
    except Refused as refused:
        return _refused(refused, 413 if refused.code == "upload-too-long" else refused.status)


def _next_bytes(request: HttpRequest, resident: Actor, one: Upload) -> HttpResponse:
    if request.content_type != "application/offset+octet-stream":
        return _tus(415)
    at = request.headers.get("Upload-Offset", "")
    if not re.fullmatch("[0-9]{1,12}", at):
        return _tus(400)
    if int(at) != one.received:
        return _tus(409, {"Upload-Offset": str(one.received)})
    try:
        if (promised := request.headers.get("Upload-Checksum", "")) != "":
            whole = request.read(one.length - one.received + 1)
            if (wrong := _wrong_sum(promised, whole)) is not None:
                return _tus(wrong)
            actions.receive_part(one, one.received, whole, by=resident)
        else:
            while piece := request.read(PIECE):
                actions.receive_part(one, one.received, piece, by=resident)
    except UnreadablePostError:  # the connection broke; what was stored stays, and HEAD will say how much
        return _tus(400, {"Upload-Offset": str(one.received)})
    except Stale:  # another window sends the same file
        return _tus(409)
    if one.received == one.length:
        actions.finish_upload(one, by=resident)
    return _tus(204, {"Upload-Offset": str(one.received)})


def _wrong_sum(promised: str, content: bytes) -> int | None:
    """The status that says what is wrong with ``Upload-Checksum``, None where it is right."""
    name, _, sum_ = promised.partition(" ")
    try:
        wanted = base64.b64decode(sum_, validate=True)
    except binascii.Error:
        return 400
    if name not in HASHES:
        return 400
    return None if hmac.compare_digest(HASHES[name](content).digest(), wanted) else CHECKSUM_MISMATCH


def _metadata(request: HttpRequest) -> dict[str, str]:
    """``Upload-Metadata``: pairs of name and Base64; what is not UTF-8 is left out."""
    result = {}
    for pair in request.headers.get("Upload-Metadata", "")[:4000].split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            result[name] = base64.b64decode(value, validate=True).decode().replace("\0", "")
        except (binascii.Error, UnicodeDecodeError):
            continue
    return result


def _other_version(request: HttpRequest) -> HttpResponse | None:
    if request.headers.get("Tus-Resumable") == VERSION:
        return None
    return _tus(412, {"Tus-Version": VERSION})


def _tus(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    return _with_headers(HttpResponse(status=status), headers)


def _refused(refusal: Refused, status: int) -> HttpResponse:
    return _with_headers(JsonResponse({"code": refusal.code, "message": words(refusal)}, status=status))


def _with_headers(response: HttpResponse, headers: dict[str, str] | None = None) -> HttpResponse:
    for name, value in {"Tus-Resumable": VERSION, "Cache-Control": "no-store", **(headers or {})}.items():
        response.headers[name] = value
    return response
