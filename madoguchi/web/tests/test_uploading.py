"""The tus protocol over the pages of a draft: parts, offsets, limits, and what may not become a document."""

import base64
import datetime as dt
import hashlib
import io
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Document, Upload, UploadPart
from madoguchi.cases.rules import uploads
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.procedures import queries as procedures
from madoguchi.web.tests.conftest import SignedIn

pytestmark = pytest.mark.django_db

House = tuple[Client, Actor, Case]


@pytest.fixture
def house(signed_in: SignedIn) -> House:
    """A resident with a fresh draft of 罹災証明, whose photographs may be sent."""
    client, by = signed_in()
    row = procedures.current("disaster-certificate")
    assert row is not None
    case = actions.open_draft(row, by=by)
    actions.save_section(case, section_of(case, "assessment"), {"assessment": ["self"]}, by=by)
    return client, by, case


def field_of(case: Case) -> str:
    """The first photo field of the form."""
    form = procedures.package(case.procedure).form
    return next(one.name for section in form.sections for one in section.fields if one.type == "photo")


def photograph(colour: str = "#246") -> bytes:
    out = io.BytesIO()
    Image.effect_noise((500, 400), 60).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue() + colour.encode()


def metadata(**said: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())


class Tus:
    """A client of the protocol."""

    def __init__(self, client: Client, case: Case) -> None:
        self.client, self.case = client, case

    def send(self, method: str, url: str, body: bytes = b"", **headers: str) -> Any:
        said = {"tus_resumable": "1.0.0", "accept": "application/json", **headers}
        named = {name.replace("_", "-"): value for name, value in said.items()}
        kind = "application/offset+octet-stream"
        return self.client.generic(method, url, body, headers=named, CONTENT_TYPE=kind)

    def begin(self, length: int, path: str, name: str = "家.jpg", modified: str = "1") -> Any:
        said = metadata(path=path, filename=name, modified=modified)
        url = f"/cases/{self.case.pk}/uploads/"
        return self.send("POST", url, upload_length=str(length), upload_metadata=said)

    def patch(self, url: str, at: int, part: bytes, **headers: str) -> Any:
        return self.send("PATCH", url, part, upload_offset=str(at), **headers)

    def whole(self, content: bytes, path: str, **named: str) -> Any:
        begun = self.begin(len(content), path, **named)
        assert begun.status_code == 201, begun.content
        return self.patch(begun["Location"], 0, content)


def test_a_photograph_arrives_in_parts_and_goes_on_where_it_stopped(house: House) -> None:
    client, _, case = house
    tus, content, path = Tus(client, case), photograph(), field_of(case)
    url = tus.begin(len(content), path)["Location"]
    assert tus.patch(url, 0, content[:1000])["Upload-Offset"] == "1000"
    assert not Document.objects.exists()
    head = tus.send("HEAD", url)
    assert (head["Upload-Offset"], head["Upload-Length"], head["Cache-Control"]) == (
        "1000",
        str(len(content)),
        "no-store",
    )
    assert tus.patch(url, 500, content[500:]).status_code == 409
    again = tus.begin(len(content), path)
    assert (again["Location"], again["Upload-Offset"]) == (url, "1000")
    page = client.get(f"/cases/{case.pk}/sections/{section_of(case, path)}/").content.decode()
    assert "途中まで届いています" in page
    assert tus.patch(url, 1000, content[1000:]).status_code == 204
    kept = Document.objects.get(case=case)
    assert (kept.name, kept.media_type, kept.path) == ("家.jpg", "image/jpeg", path)
    assert not UploadPart.objects.exists()
    # The answer to the last part was lost: asked again, it is still one document.
    assert tus.send("HEAD", url)["Upload-Offset"] == str(len(content))
    assert tus.patch(url, len(content), b"").status_code == 204
    assert Document.objects.count() == 1
    verbs = list(Event.objects.filter(verb__startswith="case.").values_list("verb", flat=True))
    assert verbs.count("case.add-document") == 1


def section_of(case: Case, path: str) -> str:
    found = procedures.package(case.procedure).form.field_at(path)
    assert found is not None
    return found[0].id


def test_what_the_server_speaks(house: House) -> None:
    client, _, case = house
    tus = Tus(client, case)
    said = tus.send("OPTIONS", f"/cases/{case.pk}/uploads/")
    assert said["Tus-Version"] == "1.0.0"
    assert said["Tus-Max-Size"] == str(uploads.MAX_BYTES)
    assert set(said["Tus-Extension"].split(",")) == {"creation", "termination", "checksum"}
    other = tus.send("POST", f"/cases/{case.pk}/uploads/", tus_resumable="0.2.2", upload_length="5")
    assert (other.status_code, other["Tus-Version"]) == (412, "1.0.0")
    for length in ("", "-1", "x"):
        assert tus.send("POST", f"/cases/{case.pk}/uploads/", upload_length=length).status_code == 400


def test_a_part_that_was_garbled_is_not_kept(house: House) -> None:
    client, _, case = house
    tus, content = Tus(client, case), photograph()
    url = tus.begin(len(content), field_of(case))["Location"]
    right = "sha256 " + base64.b64encode(hashlib.sha256(content[:100]).digest()).decode()
    assert tus.patch(url, 0, b"z" * 100, upload_checksum=right).status_code == 460
    assert tus.send("HEAD", url)["Upload-Offset"] == "0"
    assert tus.patch(url, 0, content[:100], upload_checksum="md9 AAAA").status_code == 400
    assert tus.patch(url, 0, content[:100], upload_checksum=right)["Upload-Offset"] == "100"


def test_limits_are_the_servers(house: House) -> None:
    client, _, case = house
    tus, path = Tus(client, case), field_of(case)
    assert tus.begin(uploads.MAX_BYTES + 1, path).status_code == 413
    assert tus.begin(0, path).status_code == 422
    assert tus.begin(10, "person.full_name").status_code == 404
    url = tus.begin(10, path)["Location"]
    assert tus.patch(url, 0, b"x" * 11).status_code == 413
    assert tus.send("HEAD", url)["Upload-Offset"] == "0"
    found = procedures.package(case.procedure).form.field_at(path)
    assert found is not None
    for number in range(found[1].at_most - 1):
        assert tus.begin(10, path, modified=str(number + 2)).status_code == 201
    refused = tus.begin(10, path, modified="last")
    assert refused.status_code == 422
    assert "までにしてください" in refused.json()["message"]
    assert tus.send("DELETE", url).status_code == 204
    assert tus.begin(10, path, modified="last").status_code == 201


def test_what_is_no_photograph_is_refused_in_words_and_goes(house: House) -> None:
    client, _, case = house
    refused = Tus(client, case).whole(b"MZ not a picture at all", field_of(case), name="写真.jpg")
    assert refused.status_code == 422
    assert "写真" in refused.json()["message"]
    assert not Upload.objects.exists()
    assert not Document.objects.exists()


def test_another_persons_upload_does_not_exist(house: House, signed_in: SignedIn) -> None:
    client, _, case = house
    url = Tus(client, case).begin(10, field_of(case))["Location"]
    stranger, _ = signed_in()
    other = Tus(stranger, case)
    assert other.begin(10, field_of(case)).status_code == 404
    for answer in (other.send("HEAD", url), other.patch(url, 0, b"x" * 10), other.send("DELETE", url)):
        assert answer.status_code == 404
    assert Upload.objects.get().received == 0
    assert Tus(Client(), case).patch(url, 0, b"x").status_code == 401
    guarded = Client(enforce_csrf_checks=True, HTTP_COOKIE=f"madoguchi={client.session.session_key}")
    assert Tus(guarded, case).patch(url, 0, b"x").status_code == 403
    assert Upload.objects.get().received == 0


def test_what_nobody_goes_on_with_is_forgotten(house: House) -> None:
    client, _, case = house
    tus = Tus(client, case)
    old, new = (tus.begin(10, field_of(case), modified=age)["Location"] for age in ("old", "new"))
    tus.patch(old, 0, b"x" * 5)
    Upload.objects.filter(modified="old").update(
        touched_at=Upload.objects.get(modified="old").touched_at - dt.timedelta(days=2)
    )
    jobs.forget_uploads()
    assert (tus.send("HEAD", old).status_code, tus.send("HEAD", new).status_code) == (404, 200)
    assert not UploadPart.objects.exists()
    events = Event.objects.filter(verb="case.forget-uploads").count()
    jobs.forget_uploads()
    assert Event.objects.filter(verb="case.forget-uploads").count() == events == 1
