"""What may be given as a photograph or file, judged by its content. The name and the sender's type are not believed.

Images are decoded and encoded anew: position, camera and owner in their metadata are gone, the orientation is applied
to the pixels, and whatever was hidden behind the picture is not kept.
"""

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject

from madoguchi.ground.errors import Invalid
from madoguchi.ground.text import clean

#: Bytes that one file may have. A photograph of a telephone has 3 to 8 MB.
MAX_BYTES = 20 * 1024 * 1024
#: Pixels that one picture may have: above it lies no camera of a telephone, but a decompression bomb.
MAX_PIXELS = 60_000_000
#: The longer side, in pixels, to which a picture is brought: enough to read a licence plate across a street, and what
#: most telephones make (12 million pixels) without computing each pixel anew.
LONG_SIDE = 4096
#: What a browser's file dialogue is told; iPhones then hand over JPEG instead of HEIC.
ACCEPT_IMAGES = "image/jpeg,image/png,image/webp"
ACCEPT_FILES = ACCEPT_IMAGES + ",application/pdf"

#: What decoders raise at files that somebody has tampered with; half of it is in no documentation.
UNREADABLE = (
    *(OSError, ValueError, SyntaxError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError),
    *(AssertionError, struct.error, zlib.error, PyPdfError),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)
#: Actions (PDF 32000-1, 12.6.4) that run a program, send data away or open something else than the document.
_ACTIONS = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition", "/RichMediaExecute"})
#: Bytes at the end in which a PDF says that it ends, and things of it that are looked at before it is kept.
_PDF_END, _PDF_LOOKED_AT = 64 * 1024, 20_000
_FORMATS = {"JPEG": ("image/jpeg", ".jpg"), "PNG": ("image/png", ".png"), "WEBP": ("image/jpeg", ".jpg")}


@dataclass(frozen=True, slots=True)
class Checked:
    """An upload that may be kept: cleaned bytes with the type that they really have. Sizes in pixels, None for PDF."""

    name: str
    media_type: str
    content: bytes
    width: int | None = None
    height: int | None = None

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of the kept bytes."""
        return hashlib.sha256(self.content).hexdigest()


def check(name: str, content: bytes, *, images_only: bool) -> Checked:
    """The upload as it will be kept. Raises :class:`Invalid` in the sender's words where it cannot be."""
    if not content:
        raise Invalid("file-empty", "ファイルの中身がありません。もう一度選んでください。")
    if len(content) > MAX_BYTES:
        raise too_large()
    if content.startswith(b"%PDF-"):
        if images_only:
            raise Invalid("file-not-a-photo", "ここには写真（JPEG・PNG）を選んでください。PDFは使えません。")
        return _pdf(name, content)
    return _image(name, content, images_only=images_only)


def too_large() -> Invalid:
    """The refusal of a file over :data:`MAX_BYTES`."""
    params = {"megabytes": MAX_BYTES // 1024 // 1024}
    return Invalid("file-too-large", "ファイルが大きすぎます。1つ%(megabytes)sMBまでです。", params=params)


def _image(name: str, content: bytes, *, images_only: bool) -> Checked:
    wanted = "写真（JPEG・PNG）" if images_only else "写真（JPEG・PNG）かPDF"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=list(_FORMATS))
            if picture.width * picture.height > MAX_PIXELS:
                raise Invalid("file-too-many-pixels", "写真の画素数が多すぎます。小さくして選び直してください。")
            form = picture.format or "JPEG"
            picture.thumbnail((LONG_SIDE, LONG_SIDE))  # before anything copies it: 60 million pixels are 240 MB
            upright = ImageOps.exif_transpose(picture)
    except UnidentifiedImageError:
        raise Invalid(
            "file-type", "このファイルは使えません。%(wanted)sを選んでください。", params={"wanted": wanted}
        ) from None
    except UNREADABLE:
        raise Invalid("file-broken", "写真を開けませんでした。撮り直すか、別の写真を選んでください。") from None
    media_type, ending = _FORMATS[form]
    out = io.BytesIO()
    try:
        if media_type == "image/png":
            mode = "RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB"
            _bare(upright, mode).save(out, "PNG", optimize=False)
        else:
            _bare(upright, "RGB").save(out, "JPEG", quality=88)
    except UNREADABLE:
        raise Invalid("file-broken", "写真を開けませんでした。撮り直すか、別の写真を選んでください。") from None
    return Checked(_name(name, ending), media_type, out.getvalue(), upright.width, upright.height)


def _bare(picture: Image.Image, mode: str) -> Image.Image:
    """The pixels alone: no metadata, no comment, no colour profile travels along."""
    bare = picture if picture.mode == mode else picture.convert(mode)
    bare.info = {}  # all that the encoders of Pillow take over by themselves
    return bare


def _pdf(name: str, content: bytes) -> Checked:
    broken = "PDFを開けませんでした。作り直すか、別のファイルを選んでください。"
    if b"%%EOF" not in content[-_PDF_END:]:  # without it the reader would look through all lines, a minute long
        raise Invalid("file-broken", broken)
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise Invalid("file-locked", "このPDFにはパスワードがかかっています。外してから選んでください。")
        if not reader.pages:
            raise Invalid("file-broken", broken)
        _ = reader.pages[0].mediabox
        acts = any(_acts(one) for one in _parts(reader))
    except UNREADABLE:
        raise Invalid("file-broken", broken) from None
    if acts:
        raise Invalid(
            "file-active",
            "このPDFには、プログラムや別のファイルが入っています。印刷してPDFに作り直すか、写真を選んでください。",
        )
    return Checked(_name(name, ".pdf"), "application/pdf", content)


def _parts(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Everything that the document leads to, each once. Raises ValueError where that is too much."""
    waiting: list[Any] = [reader.trailer.get("/Root")]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        one = one.get_object() if one is not None else None
        if not isinstance(one, DictionaryObject | ArrayObject) or id(one) in seen:
            continue
        seen.add(id(one))
        if len(seen) > _PDF_LOOKED_AT:
            raise ValueError("too many parts")
        if isinstance(one, DictionaryObject):
            yield one
            waiting += [value for key, value in one.items() if key not in ("/StructTreeRoot", "/ParentTree")]
        else:
            waiting += one


def _acts(part: DictionaryObject) -> bool:
    """Whether a part of a PDF does something by itself, or holds another file."""
    return part.get("/S") in _ACTIONS or any(key in part for key in ("/JS", "/EmbeddedFiles", "/XFA", "/EF"))


def sent_name(name: str) -> str:
    """The sender's file name without path, as it is shown while the file is on its way."""
    base = PurePosixPath(name.replace("\\", "/")).name
    return _name(base, PurePosixPath(base).suffix[:10] if PurePosixPath(base).suffix.isascii() else "")


def _name(name: str, ending: str) -> str:
    """The sender's file name without path, with the ending of the real type; a plain one where it is unusable."""
    base = PurePosixPath(name.replace("\\", "/")).name
    try:
        stem = clean(PurePosixPath(base).stem, max_length=80)
    except Invalid:
        stem = ""
    return (stem or "写真") + ending
