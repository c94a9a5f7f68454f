"""What may be given as a photograph or file, judged by its content. The name and the sender's type are not believed.

Images are decoded and encoded anew: position, camera and owner in their metadata are gone, the orientation is applied
to the pixels, and whatever was hidden behind the picture is not kept.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import PurePosixPath

from PIL import Image, ImageOps, UnidentifiedImageError
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from madoguchi.ground.errors import Invalid
from madoguchi.ground.text import clean

#: Bytes that one file may have. A photograph of a telephone has 3 to 8 MB.
MAX_BYTES = 20 * 1024 * 1024
#: Pixels that one picture may have: above it lies no camera of a telephone, but a decompression bomb.
MAX_PIXELS = 60_000_000
#: The longer side, in pixels, to which a picture is brought: enough to read a licence plate across a street.
LONG_SIDE = 4000
#: What a browser's file dialogue is told; iPhones then hand over JPEG instead of HEIC.
ACCEPT_IMAGES = "image/jpeg,image/png,image/webp"
ACCEPT_FILES = ACCEPT_IMAGES + ",application/pdf"

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
            upright = ImageOps.exif_transpose(picture)
    except UnidentifiedImageError:
        raise Invalid(
            "file-type", "このファイルは使えません。%(wanted)sを選んでください。", params={"wanted": wanted}
        ) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Invalid("file-broken", "写真を開けませんでした。撮り直すか、別の写真を選んでください。") from None
    upright.thumbnail((LONG_SIDE, LONG_SIDE))
    media_type, ending = _FORMATS[form]
    out = io.BytesIO()
    try:
        if media_type == "image/png":
            mode = "RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB"
            _bare(upright.convert(mode)).save(out, "PNG", optimize=False)
        else:
            _bare(upright.convert("RGB")).save(out, "JPEG", quality=88)
    except (OSError, ValueError):
        raise Invalid("file-broken", "写真を開けませんでした。撮り直すか、別の写真を選んでください。") from None
    return Checked(_name(name, ending), media_type, out.getvalue(), upright.width, upright.height)


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels alone: no metadata, no comment, no colour profile travels along."""
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    return bare


def _pdf(name: str, content: bytes) -> Checked:
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise Invalid("file-locked", "このPDFにはパスワードがかかっています。外してから選んでください。")
        if not reader.pages:
            raise Invalid("file-broken", "PDFを開けませんでした。作り直すか、別のファイルを選んでください。")
        _ = reader.pages[0].mediabox
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError, OSError, AttributeError):
        raise Invalid("file-broken", "PDFを開けませんでした。作り直すか、別のファイルを選んでください。") from None
    return Checked(_name(name, ".pdf"), "application/pdf", content)


def _name(name: str, ending: str) -> str:
    """The sender's file name without path, with the ending of the real type; a plain one where it is unusable."""
    base = PurePosixPath(name.replace("\\", "/")).name
    try:
        stem = clean(PurePosixPath(base).stem, max_length=80)
    except Invalid:
        stem = ""
    return (stem or "写真") + ending
