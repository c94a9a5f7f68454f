"""The map at the desk: staff see what is not for everybody, and the section that owns a layer all of it."""

import pytest

from madoguchi.desk.tests.staging import Staff, client_of
from madoguchi.mapping.tests.test_mapping import INSIDE, OPEN, VIEW, layers, tile_at

__all__ = ["layers"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("layers")]


def test_a_tile_has_what_its_reader_may_know(staff: Staff) -> None:
    colleague = client_of(staff("children", "children-head"))
    own = client_of(staff("city-planning", "city-planning-director"))
    for one in (OPEN, INSIDE):
        seen = colleague.get(tile_at(one.code, "/desk/city-map"))
        assert seen.status_code == 200
        assert "覚え".encode() not in seen.content
        assert "覚え".encode() in own.get(tile_at(one.code, "/desk/city-map")).content
        assert "no-store" in seen["Cache-Control"]


def test_the_list_and_the_paper_too(staff: Staff) -> None:
    own = client_of(staff("city-planning", "city-planning-director"))
    page = own.get("/desk/city-map/", VIEW | {"layer": INSIDE.code}).content.decode()
    assert ">覚え</td>" in page
    assert "庁内のみ" in page
    colleague = client_of(staff("children", "children-head"))
    page = colleague.get("/desk/city-map/", VIEW | {"layer": INSIDE.code}).content.decode()
    assert "第一種住居地域" in page
    assert ">覚え</td>" not in page
    asked = {"lat": VIEW["lat"], "lon": VIEW["lon"], "layers": INSIDE.code}
    assert "用途地域" in colleague.get("/desk/city-map/at/", asked).content.decode()
    printed = colleague.post("/desk/city-map/print.pdf", asked | {"scale": "500", "paper": "a4"})
    assert printed.content.startswith(b"%PDF")
