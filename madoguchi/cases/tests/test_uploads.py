"""What is kept of a photograph: the pixels, and nothing that came along."""

import io
from typing import Any

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from madoguchi.cases.rules import uploads

SECRET = b"HIMITSU"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif() -> Image.Exif:
    said = Image.Exif()
    said[0x010F] = SECRET.decode()  # the maker of the camera
    said[0x8825] = {1: "N", 2: (34.0, 42.0, 0.0)}  # where
    return said


def text() -> PngInfo:
    said = PngInfo()
    said.add_text("owner", SECRET.decode())
    return said


SAID: dict[str, dict[str, Any]] = {
    "JPEG": {"exif": exif(), "comment": SECRET, "xmp": b"<x>" + SECRET + b"</x>", "icc_profile": PROFILE},
    "PNG": {"exif": exif(), "pnginfo": text(), "icc_profile": PROFILE},
    "WEBP": {"exif": exif(), "xmp": b"<x>" + SECRET + b"</x>", "icc_profile": PROFILE},
}


@pytest.mark.parametrize(
    ("form", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")],
)
def test_nothing_travels_along_with_the_pixels(form: str, mode: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").convert(mode).save(out, form, **SAID[form])
    assert SECRET in out.getvalue()
    kept = uploads.check("photo", out.getvalue(), images_only=True)
    again = Image.open(io.BytesIO(kept.content))
    assert again.size == (64, 48)
    assert not {"exif", "icc_profile", "comment", "xmp", "owner"} & again.info.keys()
    assert SECRET not in kept.content


def test_a_picture_of_a_usual_telephone_keeps_its_pixels_and_a_larger_one_is_scaled() -> None:
    for size, kept in (((4032, 3024), (4032, 3024)), ((8000, 6000), (4096, 3072))):
        out = io.BytesIO()
        Image.new("RGB", size, "white").save(out, "JPEG")
        found = uploads.check("photo.jpg", out.getvalue(), images_only=True)
        assert (found.width, found.height) == kept
