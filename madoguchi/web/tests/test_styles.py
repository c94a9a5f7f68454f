"""One style sheet for all pages: whole, kept for ever under its mark, never under another."""

import gzip

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from madoguchi.web.styles import SHEETS, joined


def test_every_component_is_in_it_and_in_order() -> None:
    assert all(finders.find(name) for name in SHEETS)
    text = joined().plain.decode()
    assert text.index(".button") < text.index("@media print")
    assert "url(" not in text


@pytest.mark.django_db
def test_it_is_kept_under_its_mark_only() -> None:
    page = Client().get("/figures/").content.decode()
    address = f"/styles-{joined().mark}.css"
    assert page.count('rel="stylesheet"') <= 3
    assert address in page
    plain = Client().get(address)
    packed = Client().get(address, headers={"accept-encoding": "gzip, br"})
    assert "immutable" in plain["Cache-Control"]
    assert gzip.decompress(packed.content) == plain.content == joined().plain
    assert len(packed.content) < len(plain.content) / 3
    assert "no-store" in Client().get("/styles-0000.css")["Cache-Control"]
