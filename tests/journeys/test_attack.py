"""What somebody tries who means harm: crafted posts, odd texts in every field, files that are not what they say, a
second post past the rule, another person's session. Whatever is refused has changed nothing and is said in words.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Document, DocumentContent
from madoguchi.cases.queries import is_journey
from madoguchi.cases.rules import uploads
from madoguchi.cases.tests.conftest import fill_in, published, resident, staff
from madoguchi.desk.tests.staging import (
    CHILD,
    DOG,
    HOUSE,
    Staff,
    account_of,
    applicant,
    client_of,
    handed_in,
    new_resident,
    open_step,
)
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground.errors import Invalid
from madoguchi.messages.models import Letter
from madoguchi.messages.queries import file_of
from madoguchi.people.actions import close_account
from madoguchi.people.models import EmailConfirmation, Identity
from madoguchi.people.queries import confirmation_key
from madoguchi.people.rules import confirmation_code
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.form import UPLOADED, FormField, FormSection, form_of
from madoguchi.procedures.tests.shipped import catalogue, fewest
from tests.journeys.residents import photo

__all__ = ["published", "resident", "staff"]

pytestmark = pytest.mark.django_db

Published = dict[str, Procedure]


def browser_of(who: Actor) -> Client:
    """A browser in which this resident has signed in; an error of ours becomes a 500 as it would outside of tests."""
    client = Client(headers={"accept-language": "ja"}, raise_request_exception=False)
    session = client.session
    session["resident"] = {"person": str(who.id), "level": "card-signature"}
    session.save()
    return client


def drafted(published: Published, code: str, by: Actor) -> Case:
    return actions.open_draft(published[code], by=by)


def state_of(case: Case) -> Mapping[str, Any]:
    """All of a case but when it was last saved."""
    row = Case.objects.filter(pk=case.pk).values().get()
    return {name: value for name, value in row.items() if name not in ("saved_at", "revision")}


# -- crafted posts ----------------------------------------------------------------------------------------------------

CRAFTED: list[dict[str, str]] = [
    {"child.1000000000.full_name": "あ"},
    {"child.999.full_name": "あ"},
    {"child.0.__class__": "x", "child.0.__class__.__mro__": "x", "child.__proto__.x": "x", "__class__": "x"},
    {"child.-1.full_name": "あ", "child.²x.full_name": "あ", "child..full_name": "あ", "child.٣.full_name": "あ"},
    {"person.full_name.x.y.z": "あ", "person": "x", "person.": "x", ".person": "x", "": "x"},
    {"state": "decided", "number": "26-0000-0000-0", "person_id": "1", "case.person": "1", "decision.granted": "yes"},
    {"_do": "remove:²"},
    {"_do": "remove:" + "9" * 5000},
    {"_do": "remove:-1"},
    {"_do": "remove-file:../../etc/passwd"},
    {"_do": "submit"},
    {"_do": "\x00"},
    {"_seen": "../../x", "_do": "next"},
]


@pytest.mark.parametrize("posted", CRAFTED, ids=range(len(CRAFTED)))
def test_a_crafted_post_stores_nothing_that_the_form_does_not_ask(published: Published, posted: dict[str, str]) -> None:
    by = new_resident()
    case, client = drafted(published, "child-allowance-claim", by), browser_of(by)
    before = state_of(case)
    for section in procedures.package(case.procedure).form.sections:
        answer = client.post(f"/cases/{case.pk}/sections/{section.id}/", posted)
        assert answer.status_code < 500, section.id
    assert state_of(case) == before


def test_rows_end_where_the_package_ends_them(published: Published) -> None:
    by = new_resident()
    case, client = drafted(published, "child-allowance-claim", by), browser_of(by)
    section = next(one for one in procedures.package(case.procedure).form.sections if one.each)
    for _ in range(section.at_most + 3):
        client.post(f"/cases/{case.pk}/sections/{section.id}/", {"_do": "add"})
    case.refresh_from_db()
    assert len(case.answers[section.each or ""]) == section.at_most


@pytest.mark.parametrize("body", [b"person.phone=%ED%A0%80%FF%00&%FF=%C0%AF", b"%", b"\xff\xfe\x00", b"a" * 3_000_000])
def test_a_body_that_is_no_text_is_answered_in_words(published: Published, body: bytes) -> None:
    by = new_resident()
    case, client = drafted(published, "dog-registration", by), browser_of(by)
    section = procedures.package(case.procedure).form.sections[0]
    before = state_of(case)["answers"]
    form = "application/x-www-form-urlencoded"
    answer = client.post(f"/cases/{case.pk}/sections/{section.id}/", body, content_type=form)
    assert 200 <= answer.status_code < 500
    assert state_of(case)["answers"] == before


# -- odd texts in every field -----------------------------------------------------------------------------------------

#: Each of them is typed into every type of field.
ODD = [
    "\x00",
    "a\x00b",
    "\ufffd\ud7ff",
    "\u202egnp.exe",
    "🐶🏳️‍🌈",
    "<script>alert(1)</script>",
    "{{ settings.SECRET_KEY }}{% debug %}",
    '#eval("1") #panic("x") $x^2$ *b* @ref #include "/etc/passwd"',
    "=cmd|' /C calc'!A0",
    '\'; DROP TABLE "case"; --',
    "a\r\nBcc: everybody@example.jp",
    "٣٣٣٣٣٣٣٣٣٣",
    "2026-02-30",
    "昭和65年13月",
    "9" * 400,
    "-1",
    "NaN",
    "1e400",
    "あ" * 100_000,
    "%s%(name)s%n",
    "../../../../etc/passwd",
    "yes",
]


def fields_of(case: Case) -> Iterator[tuple[FormSection, FormField, str]]:
    """Section, field and path of everything that text is typed into; of rows the first."""
    for section in procedures.package(case.procedure).form.sections:
        for one in section.fields:
            if one.type not in UPLOADED:
                yield section, one, f"{section.each}.0.{one.name}" if section.each else one.name


def asking() -> list[tuple[str, str]]:
    """Package and section: those that between them ask every type of question, once and in rows; and a life event's."""
    asked = {
        (code, section.id): {
            f"{one.type} in rows" if section.each else one.type for one in section.fields if one.type not in UPLOADED
        }
        for code, package in catalogue().packages.items()
        for section in form_of(package.procedure, catalogue().facts).sections
    }
    return [*fewest(asked), *(one for one in asked if one[0] == "moving")]


@pytest.mark.parametrize(("code", "section_id"), asking())
def test_no_text_breaks_a_field(published: Published, code: str, section_id: str) -> None:
    """Never a 500: it is an answer as it was typed, or is refused beside the field; markup stays text."""
    by = new_resident()
    case, client = drafted(published, code, by), browser_of(by)
    fields = {path: one for section, one, path in fields_of(case) if section.id == section_id}
    for text in ODD:
        posted: dict[str, str] = {}
        for path, one in fields.items():
            posted |= {f"{path}.{part}": text for part in one.parts()} or {path: text}
        answer = client.post(f"/cases/{case.pk}/sections/{section_id}/", posted)
        assert answer.status_code < 500, text[:30]
        pages = [client.get(f"/cases/{case.pk}/review/", follow=True)]  # of a life event: what applies comes first
        if answer.status_code == 302:  # else the answer is the section's page
            pages.append(client.get(f"/cases/{case.pk}/sections/{section_id}/"))
        assert {page.status_code for page in pages} == {200}, text[:30]
        assert not [page for page in (answer, *pages) if b"<script>alert(1)" in page.content]
    page = client.get(f"/cases/{case.pk}/sections/{section_id}/")
    assert page.status_code == 200
    case.refresh_from_db()
    assert case.received_at is None


@pytest.mark.parametrize("code", ["care-need-certification", "moving"])
def test_no_text_is_an_address_to_write_to(published: Published, code: str) -> None:
    by = new_resident()
    case, client = drafted(published, code, by), browser_of(by)
    for text in ODD:
        sent = client.post(f"/cases/{case.pk}/submit/", {"email": text[:300]}).status_code
        assert sent in (422, 302) if is_journey(case) else sent == 422
    case.refresh_from_db()
    assert (case.received_at, case.email) == (None, "")


@pytest.mark.parametrize(
    ("code", "field", "typed"),
    [
        ("dog-registration", "person.phone", "٠٧٢٨٧٢٢١٨١٩"),
        ("child-allowance-claim", "person.phone", "०७२८७२२१८१९"),
    ],
)
def test_digits_of_other_scripts_are_no_digits(published: Published, code: str, field: str, typed: str) -> None:
    """What goes to a bank or a telephone has ASCII digits; half and full width are understood."""
    by = new_resident()
    case = drafted(published, code, by)
    section = next(one.id for one, _, path in fields_of(case) if path == field)
    read = actions.save_section(case, section, {field: [typed]}, by=by)
    assert field in read.problems
    read = actions.save_section(case, section, {field: ["０７２－８７２－２１８１"]}, by=by)
    assert read.values[field] == "072-872-2181"


def test_what_is_typed_is_no_markup_in_a_letter(published: Published, staff: Staff) -> None:
    by = new_resident()
    case = drafted(published, DOG[0], by)
    answers = answers_of(catalogue().packages[DOG[0]].examples[DOG[1]])
    name = '#panic("x") *b* $1$ @r'
    answers["person"] = {**answers["person"], "full_name": name}
    fill_in(case, answers, by)
    actions.submit(case, by=by)
    case.refresh_from_db()
    actions.examine(open_step(case), "accept", by=staff("environment", "environment-clerk"))
    jobs.perform_open_steps(Event.objects.get(verb="case.examine").pk)
    letter = Letter.objects.get(about=case.pk)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(file_of(letter))).pages)
    assert re.sub(r"\s", "", name) in re.sub(r"\s", "", text)
    receipt = browser_of(by).get(f"/cases/{case.number}/receipt.pdf")
    assert receipt.status_code == 200


# -- files ------------------------------------------------------------------------------------------------------------


def png(width: int, height: int, mode: str = "1") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, "PNG")
    return out.getvalue()


def pdf(action: str = "", *, attached: bool = False) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    page = writer.add_blank_page(100, 100)
    if action:
        does = DictionaryObject(
            {NameObject("/S"): NameObject(action), NameObject("/JS"): TextStringObject("app.alert(1)")}
        )
        page[NameObject("/AA")] = DictionaryObject({NameObject("/O"): does})
    if attached:
        writer.add_attachment("a.exe", b"MZ")
    writer.write(out)
    return out.getvalue()


def claimed(width: int, height: int) -> bytes:
    """A PNG of 60 bytes that says it is as large as that."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", len(head)) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


EVIL = {
    "bomb.png": (png(9000, 9000), "file-too-many-pixels"),
    "larger.png": (claimed(2**31 - 1, 2**31 - 1), "file-broken"),
    "picture.svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "file-type"),
    "page.jpg": (b"<html><script>alert(1)</script>", "file-type"),
    "cut.jpg": (photo()[:300], "file-broken"),
    "gif.gif": (b"GIF89a" + b"\0" * 40, "file-type"),
    "program.exe": (b"MZ" + b"\0" * 100, "file-type"),
    "script.pdf": (pdf("/JavaScript"), "file-active"),
    "launch.pdf": (pdf("/Launch"), "file-active"),
    "attached.pdf": (pdf(attached=True), "file-active"),
    "endless.pdf": (b"%PDF-1.4\n" + b"xref\n" * 500_000, "file-broken"),
    "loop.pdf": (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\n"
        b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF",
        "file-broken",
    ),
}


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.filterwarnings("ignore")
def test_a_file_that_means_harm_is_refused_in_words(name: str) -> None:
    content, code = EVIL[name]
    with pytest.raises(Invalid) as refused:
        uploads.check(name, content, images_only=False)
    assert refused.value.code == code


def test_a_plain_pdf_is_kept_as_it_is() -> None:
    kept = uploads.check("証明書.pdf", pdf(), images_only=False)
    assert (kept.name, kept.content) == ("証明書.pdf", pdf())


def test_nothing_rides_on_a_picture() -> None:
    exif = Image.Exif()
    exif[0x8825], exif[0x010E] = {1: "N", 2: (34.0, 42.0, 0.0)}, "<script>"
    out = io.BytesIO()
    Image.new("RGB", (50, 40)).save(out, "JPEG", exif=exif, comment=b"<script>alert(1)</script>")
    kept = uploads.check("x.jpg", out.getvalue() + b"PK\x03\x04<script>alert(2)</script>", images_only=True)
    assert b"script" not in kept.content
    assert b"PK\x03\x04" not in kept.content
    assert not dict(Image.open(io.BytesIO(kept.content)).getexif())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../../etc/passwd", "passwd.jpg"),
        ("C:\\fakepath\\犬.HEIC", "犬.jpg"),
        ("a\x00.jpg", "写真.jpg"),
        ("\u202egpj.exe", "写真.jpg"),
        ("a\r\nX-Evil: 1.jpg", "写真.jpg"),
        ("😀.jpg", "写真.jpg"),
        ("あ" * 400 + ".jpg", "写真.jpg"),
        ("", "写真.jpg"),
    ],
)
def test_a_name_says_no_more_than_a_name(given: str, kept: str) -> None:
    assert uploads.check(given, photo(), images_only=True).name == kept


def test_a_hundred_files_at_once_are_not_looked_at(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is decoded than could be kept, the first ones stay, the rest is said beside the question."""
    by = new_resident()
    case, client = drafted(published, HOUSE[0], by), browser_of(by)
    form = procedures.package(case.procedure).form
    section, one = next((one, field) for one in form.sections for field in one.fields if field.type in UPLOADED)
    looked: list[str] = []
    real = uploads.check

    def look(name: str, content: bytes, *, images_only: bool) -> uploads.Checked:
        looked.append(name)
        return real(name, content, images_only=images_only)

    monkeypatch.setattr(uploads, "check", look)
    files = [SimpleUploadedFile(f"{n}.jpg", photo(f"#{n:02x}8080"), "image/jpeg") for n in range(60)]
    answer = client.post(f"/cases/{case.pk}/sections/{section.id}/", {one.name: files, "_do": "upload"})
    assert answer.status_code == 422
    assert len(looked) == one.at_most
    assert Document.objects.filter(case=case).count() == one.at_most


def test_a_removed_photograph_of_a_draft_is_gone(published: Published) -> None:
    by = new_resident()
    case, client = drafted(published, HOUSE[0], by), browser_of(by)
    form = procedures.package(case.procedure).form
    section, one = next((one, field) for one in form.sections for field in one.fields if field.type in UPLOADED)
    kept = actions.add_document(case, one.name, "a.jpg", photo(), by=by)
    path = f"/cases/{case.pk}/documents/{kept.pk}/"
    assert "no-store" in client.get(path).headers["Cache-Control"]
    client.post(f"/cases/{case.pk}/sections/{section.id}/", {"_do": f"remove-file:{one.name}:{kept.pk}"})
    assert client.get(path).status_code == 404
    assert not DocumentContent.objects.exists()


# -- sessions ---------------------------------------------------------------------------------------------------------


def confirm(client: Client, address: str) -> EmailConfirmation:
    client.post("/sign-in/email/", {"email": address})
    return EmailConfirmation.objects.filter(address=address).latest("asked_at")


def code_of(asked: EmailConfirmation) -> str:
    return confirmation_code(confirmation_key(), asked.pk)


def test_a_session_that_was_planted_is_not_the_one_that_signs_in(published: Published) -> None:
    client = Client()
    asked = confirm(client, "hanako@example.jp")
    planted = client.cookies["madoguchi"].value
    assert client.post("/sign-in/email/code/", {"code": code_of(asked)}).status_code == 302
    assert client.cookies["madoguchi"].value != planted
    thief = Client()
    thief.cookies["madoguchi"] = planted
    assert thief.get("/cases/").headers["Location"].startswith("/sign-in/")
    signed_in = client.cookies["madoguchi"].value
    client.post("/sign-out/")
    thief.cookies["madoguchi"] = signed_in
    assert thief.get("/cases/").headers["Location"].startswith("/sign-in/")


def test_a_code_opens_once_for_its_own_request_and_is_not_guessed(published: Published) -> None:
    client, thief = Client(), Client()
    asked = confirm(client, "hanako@example.jp")
    foreign = confirm(thief, "taro@example.jp")
    assert thief.post("/sign-in/email/code/", {"code": code_of(asked)}).status_code == 422
    for guess in ("000000", "１２３４５６", "", "0" * 5000):
        assert thief.post("/sign-in/email/code/", {"code": guess}).status_code in (410, 422)
    assert thief.post("/sign-in/email/code/", {"code": code_of(foreign)}).status_code == 410
    assert client.post("/sign-in/email/code/", {"code": code_of(asked)}).status_code == 302
    again = Client()
    session = again.session
    session["email-confirmation"] = {"id": str(asked.pk), "address": asked.address, "next": "/cases/"}
    session.save()
    assert again.post("/sign-in/email/code/", {"code": code_of(asked)}).status_code == 410
    assert Identity.objects.filter(issuer="mailto:").count() == 1


def test_an_address_does_not_tell_whether_it_is_known(published: Published) -> None:
    known = Client()
    asked = confirm(known, "hanako@example.jp")
    known.post("/sign-in/email/code/", {"code": code_of(asked)})
    answers = []
    for address in ("hanako@example.jp", "nobody@example.jp"):
        answer = Client().post("/sign-in/email/", {"email": address}, follow=True)
        answers.append(re.sub(rb'value="[^"]*"', b"", answer.content).replace(address.encode(), b""))
    assert answers[0] == answers[1]


def test_requests_are_counted_by_who_sends_them_whatever_they_say(published: Published) -> None:
    codes = [
        Client()
        .post("/sign-in/email/", {"email": f"a{n}@example.jp"}, headers={"x-forwarded-for": f"10.0.0.{n}"})
        .status_code
        for n in range(32)
    ]
    assert codes.count(302) == 30
    assert codes[-2:] == [429, 429]


@pytest.mark.parametrize(
    "query", ["code=x&state=y", "error=access_denied&state=y", "state=y", "code=%00&state=%FF&iss=z", ""]
)
def test_a_forged_return_signs_nobody_in(published: Published, query: str) -> None:
    client = Client(raise_request_exception=False)
    answer = client.get(f"/sign-in/card/return/?{query}")
    assert 400 <= answer.status_code < 500
    assert client.get("/cases/").headers["Location"].startswith("/sign-in/")
    assert not Identity.objects.exists()
    assert Event.objects.filter(verb="person.sign_in", outcome="refused").count() == 1


# -- at the desk ------------------------------------------------------------------------------------------------------


def test_nobody_approves_their_own_work_by_any_post(published: Published, staff: Staff) -> None:
    """Not with a second post, not with another outcome, not in place of the examination that was sent back."""
    case = handed_in(published, CHILD)
    both, other = staff("children", "children-head"), staff("children", "children-clerk")
    actions.examine(open_step(case), "accept", by=both)
    examined = case.steps.get(kind="examine")
    client = client_of(both)
    approve = f"/desk/cases/{case.number}/steps/{open_step(case).pk}/"
    before = state_of(case)
    for posted in (
        {"_outcome": "approve"},
        {"_outcome": "accept"},
        {"_outcome": "done"},
        {"_outcome": ["approve"] * 2},
    ):
        assert client.post(approve, posted).status_code in (403, 422)
        assert client.post(f"/desk/cases/{case.number}/steps/{examined.pk}/", posted).status_code == 409
    assert state_of(case) == before
    actions.approve(open_step(case), "send_back", by=staff("children", "children-head"), note="もう一度")
    actions.examine(open_step(case), "accept", by=other)
    again = f"/desk/cases/{case.number}/steps/{open_step(case).pk}/"
    before = state_of(case)
    assert client.post(again, {"_outcome": "approve"}).status_code == 403
    assert client_of(other).post(again, {"_outcome": "approve"}).status_code == 403
    assert state_of(case) == before


def test_what_waits_for_the_applicant_is_nothing_for_the_office(published: Published, staff: Staff) -> None:
    case = handed_in(published, DOG)
    clerk = staff("environment", "environment-clerk")
    actions.examine(open_step(case), "return", by=clerk, corrections={"person.phone": "番号を確かめてください。"})
    correction = case.steps.get(kind="correction", done_at=None)
    before = state_of(case)
    for posted in ({"_outcome": "done"}, {"_outcome": "accept"}, {}):
        path = f"/desk/cases/{case.number}/steps/{correction.pk}/"
        assert client_of(clerk).post(path, posted).status_code in (403, 422)
    assert state_of(case) == before
    assert case.steps.get(kind="correction").done_at is None


def test_a_step_of_another_case_is_not_reached_through_ones_own(published: Published, staff: Staff) -> None:
    mine, other = handed_in(published, DOG), handed_in(published, CHILD)
    client = client_of(staff("environment", "environment-clerk"))
    before = state_of(other)
    path = f"/desk/cases/{mine.number}/steps/{open_step(other).pk}/"
    assert client.post(path, {"_outcome": "accept"}).status_code == 404
    assert state_of(other) == before


def test_only_what_was_asked_for_can_be_corrected(published: Published, staff: Staff) -> None:
    case = handed_in(published, DOG)
    clerk = staff("environment", "environment-clerk")
    actions.examine(open_step(case), "return", by=clerk, corrections={"person.phone": "番号を確かめてください。"})
    client, before = browser_of(applicant(case)), Case.objects.get(pk=case.pk).answers
    for section, _, path in fields_of(case):
        posted = {path: "改ざん", f"{path}.text": "改ざん", "person.phone": "072-000-1111"}
        assert client.post(f"/cases/{case.number}/sections/{section.id}/", posted).status_code < 500
        client.post(f"/cases/{case.number}/sections/{section.id}/", {"_do": "add"})
    after = Case.objects.get(pk=case.pk).answers
    assert {**after, "person": {**after["person"], "phone": ""}} == {
        **before,
        "person": {**before["person"], "phone": ""},
    }


def test_what_was_sent_can_no_longer_be_changed(published: Published) -> None:
    case = handed_in(published, DOG)
    client, before = browser_of(applicant(case)), state_of(case)
    for section in procedures.package(case.procedure).form.sections:
        for todo in ("next", "add", "remove:0", "autosave", "upload"):
            posted = {"person.phone": "072-000-1111", "_do": todo}
            assert client.post(f"/cases/{case.number}/sections/{section.id}/", posted).status_code in (302, 409)
    assert client.post(f"/cases/{case.number}/submit/", {"email": "other@example.jp"}).status_code == 302
    assert state_of(case) == before


def test_a_closed_account_is_out_at_once(published: Published, staff: Staff) -> None:
    case, clerk = handed_in(published, DOG), staff("environment", "environment-clerk")
    client = client_of(clerk)
    assert client.get(f"/desk/cases/{case.number}/").status_code == 200
    close_account(account_of(clerk), by=SYSTEM)
    answer = client.get(f"/desk/cases/{case.number}/")
    assert answer.headers["Location"].startswith("/desk/account/login/")


def test_who_tries_numbers_at_the_desk_leaves_a_trace(published: Published, staff: Staff) -> None:
    case, curious = handed_in(published, DOG), staff("children", "children-clerk")
    assert client_of(curious).get(f"/desk/cases/{case.number}/").status_code == 404
    event = Event.objects.get(verb="case.read")
    assert (event.outcome, event.actor_id, event.data) == ("refused", curious.id, {})


def test_a_form_without_its_token_leaves_one_event(published: Published) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/sign-in/email/", {"email": "hanako@example.jp"}).status_code == 403
    assert Event.objects.get(verb="request.read").reason == "form-foreign"
    assert not EmailConfirmation.objects.exists()
