"""Letters in a batch: foretold, written down letter by letter, and one PDF in which each begins on its own sheet."""

import datetime as dt
import json
import re
import tracemalloc
from io import BytesIO
from typing import Any, cast

import pytest
from django.conf import settings
from django.test import Client
from pypdf import PdfReader

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Batch, Case, Decision, Step
from madoguchi.desk.tests.staging import CHILD, DOG, Staff, applicant, client_of, handed_in, open_step
from madoguchi.desk.tests.test_batches import confirm, worker
from madoguchi.desk.tests.test_talking import browser_of
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed, Stale
from madoguchi.messages.actions import revoke_letter
from madoguchi.messages.models import Letter
from madoguchi.messages.rules import letters
from madoguchi.messages.rules.binding import bind
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


@pytest.fixture
def issued(published: Published, clerk: Actor) -> list[Case]:
    """Three dogs with their letters."""
    found = [handed_in(published, DOG, name=f"見本 {name}", kana="ミホン") for name in ("一郎", "二葉", "三奈")]
    for one in found:
        actions.examine(open_step(one), "accept", by=clerk)
        jobs.perform_open_steps(Event.objects.filter(verb="case.examine").latest("at").pk)
    return found


def preview(client: Client, cases: list[Case], deed: str = "print") -> str:
    return client.post("/desk/batch/", {"deed": deed, "case": [str(one.pk) for one in cases]}).content.decode()


def pages_of(pdf: bytes) -> list[str]:
    return [re.sub(r"\s", "", page.extract_text()) for page in PdfReader(BytesIO(pdf), strict=True).pages]


def whole(client: Client, path: str) -> bytes:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    return b"".join(cast(Any, answer).streaming_content)


def test_letters_are_foretold_written_down_and_fetched(issued: list[Case], clerk: Actor) -> None:
    client = client_of(clerk)
    page = preview(client, issued)
    assert "3通を印刷します。まだ何も変わっていません。" in page
    assert all(one.number in page for one in Letter.objects.all())
    assert not Event.objects.filter(verb="letter.print").exists()
    path, posted = confirm(page)
    client.post(path, posted)
    assert "letters.pdf" not in client.get(path).content.decode()
    worker()
    page = client.get(path).content.decode()
    assert "印刷用のPDF（3通と一覧）" in page
    events = Event.objects.filter(verb="letter.print", outcome="done", channel="batch")
    assert {one.data["letter"] for one in events} == {str(one.pk) for one in Letter.objects.all()}
    assert not Letter.objects.filter(printed_at=None).exists()
    pages = pages_of(whole(client, f"{path}letters.pdf"))
    assert all(name in pages[0] for name in ("見本一郎", "見本二葉", "見本三奈", "3通"))
    assert pages[1::2] == ["", "", ""]
    assert [name in page for name, page in zip(("見本一郎", "見本二葉", "見本三奈"), pages[2::2], strict=True)] == [
        True
    ] * 3
    again = preview(client, issued)
    assert again.count("に印刷ずみ") == 3
    case_page = client.get(f"/desk/cases/{issued[0].number}/").content.decode()
    assert "通知書を印刷用に取り出した" in case_page


def test_what_is_no_longer_valid_is_not_printed(issued: list[Case], clerk: Actor) -> None:
    client = client_of(clerk)
    first, second, third = Letter.objects.order_by("issued_at")
    revoke_letter(first, by=SYSTEM)
    page = preview(client, issued)
    assert "2通を印刷します" in page
    assert "この通知書はすでに取り消されています。" in page
    path, posted = confirm(page)
    client.post(path, posted)
    revoke_letter(second, by=SYSTEM)  # between the preview and the worker
    worker()
    assert set(Letter.objects.filter(printed_at__isnull=False)) == {third}
    assert Event.objects.get(verb="letter.print", outcome="refused").reason == "letter-revoked-already"
    revoke_letter(third, by=SYSTEM)  # between the worker and the printer
    answer = client.get(f"{path}letters.pdf")
    assert answer.status_code == 404


def test_letters_are_fetched_by_who_took_them_out_and_for_a_day(issued: list[Case], clerk: Actor, staff: Staff) -> None:
    client = client_of(clerk)
    path, posted = confirm(preview(client, issued))
    client.post(path, posted)
    worker()
    for other in (staff("environment", "environment-clerk"), staff("children", "children-head")):
        assert client_of(other).get(f"{path}letters.pdf").status_code == 404
    Batch.objects.update(begun_at=clock.now() - dt.timedelta(days=1, minutes=1))
    answer = client.get(f"{path}letters.pdf")
    assert answer.status_code == 409
    assert "1日の間だけ" in answer.content.decode()


def test_only_the_section_of_the_case_prints(issued: list[Case], staff: Staff) -> None:
    step = Step.objects.exclude(letter=None).first()
    assert step is not None
    outsider = staff("children", "children-head")
    with pytest.raises(NotAllowed):
        actions.print_letter(step, by=outsider)
    assert all(str(one.number) not in preview(client_of(outsider), issued) for one in issued)
    assert not Letter.objects.filter(printed_at__isnull=False).exists()
    assert Event.objects.get(verb="letter.print").reason == "not-allowed"


def test_a_case_without_a_letter_says_so(published: Published, clerk: Actor) -> None:
    page = preview(client_of(clerk), [handed_in(published, DOG)])
    assert "発行した通知書がありません。" in page


@pytest.mark.usefixtures("as_a_node_collects")
def test_memory_does_not_grow_with_the_letters() -> None:
    """Peak of 8 letters against 64 of the same size: what is kept of each is where its objects begin."""
    data = json.loads((settings.CATALOGUE / "letters" / "sample.json").read_text())
    letter = letters.render(settings.CATALOGUE, "letters/sample.typ", data)

    def peak(count: int) -> tuple[int, int]:
        tracemalloc.start()
        size = sum(len(part) for part in bind((letter for _ in range(count)), duplex=True))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size, held

    few, many = peak(8), peak(64)
    assert many[0] > 7 * few[0]
    assert many[1] < 2 * few[1]


# -- posting ----------------------------------------------------------------------------------------------------------


def test_what_was_printed_is_posted_on_a_day_and_the_applicant_reads_it(issued: list[Case], clerk: Actor) -> None:
    client = client_of(clerk)
    path, posted = confirm(preview(client, issued))
    client.post(path, posted)
    worker()
    page = client.get(path).content.decode()
    assert "発送した日を記録する" in page
    page = preview(client, issued, "post")
    assert "3通の発送を記録します。まだ何も変わっていません。" in page
    path, posted = confirm(page)
    client.post(path, {**posted, "day": [clock.today().isoformat()]})
    assert not Letter.objects.exclude(posted_on=None).exists()
    worker()
    assert set(Letter.objects.values_list("posted_on", flat=True)) == {clock.today()}
    events = Event.objects.filter(verb="letter.post", outcome="done", channel="batch")
    assert [one.data["day"] for one in events] == [clock.today().isoformat()] * 3
    page = preview(client, issued, "post")
    assert page.count("発送した日は、もう記録されています") == 3
    assert "に発送）" in client.get(f"/desk/cases/{issued[0].number}/").content.decode()
    page = browser_of(applicant(issued[0])).get(f"/cases/{issued[0].number}/").content.decode()
    assert "に郵便で発送しました" in page


def test_a_day_that_cannot_be_is_refused_and_a_wrong_one_is_mended(issued: list[Case], clerk: Actor) -> None:
    client, step = client_of(clerk), Step.objects.exclude(letter=None).select_related("case").latest("pk")
    path = f"/desk/cases/{step.case.number}/letters/{step.letter_id}/posted/"
    today = clock.today()
    for day in ("", "2026-02-30", (today + dt.timedelta(days=1)).isoformat(), "2020-01-01", "x" * 5000):
        client.post(path, {"day": day})
    assert not Letter.objects.exclude(posted_on=None).exists()
    reasons = (
        Event.objects.filter(verb="letter.post", outcome="refused").order_by("at").values_list("reason", flat=True)
    )
    assert list(reasons) == ["posted-day", "posted-day", "posted-later", "posted-before-issue", "posted-day"]
    key = str(step.case_id)
    page = client.post("/desk/batch/", {"deed": "post", "case": [key]}).content.decode()
    begin, posted = confirm(page)
    answer = client.post(begin, {**posted, "day": ["soon"]})
    assert (answer.status_code, Batch.objects.count()) == (422, 0)
    with clock.travel(clock.now() + dt.timedelta(days=2)):
        actions.post_letter(step, today + dt.timedelta(days=2), by=clerk)
        letter = actions.post_letter(step, today + dt.timedelta(days=1), by=clerk)
    assert Letter.objects.get(pk=letter.pk).posted_on == today + dt.timedelta(days=1)


def test_only_the_section_of_the_case_says_that_it_was_posted(issued: list[Case], staff: Staff, clerk: Actor) -> None:
    step = Step.objects.exclude(letter=None).select_related("case").latest("pk")
    with pytest.raises(NotAllowed):
        actions.post_letter(step, clock.today(), by=staff("children", "children-head"))
    assert step.letter is not None
    revoke_letter(step.letter, by=SYSTEM)
    with pytest.raises(Stale):
        actions.post_letter(step, clock.today(), by=clerk)
    assert not Letter.objects.exclude(posted_on=None).exists()


# -- deciding many ----------------------------------------------------------------------------------------------------


@pytest.fixture
def drafted(published: Published, staff: Staff) -> list[Case]:
    clerk = staff("children", "children-clerk")
    found = [handed_in(published, CHILD, name=f"見本 {name}", kana="ミホン") for name in ("太郎", "花")]
    for one in found:
        actions.examine(open_step(one), "accept", by=clerk)
    return found


def test_the_letters_to_come_are_seen_before_many_are_approved(drafted: list[Case], staff: Staff) -> None:
    client = client_of(staff("children", "children-head"))
    page = preview(client, drafted, "approve")
    assert 'formaction="/desk/batch/drafts/"' in page
    _, posted = confirm(page)
    answer = client.post("/desk/batch/drafts/", posted)
    pages = pages_of(b"".join(cast(Any, answer).streaming_content))
    names = ("見本太郎", "見本花")
    assert [[name in one for name in names] for one in pages] == [[True, False], [False, True]]
    assert all("案" in one for one in pages)
    outsider = client_of(staff("environment", "environment-head"))
    assert outsider.post("/desk/batch/drafts/", posted).status_code == 404
    assert not Letter.objects.exists()


@pytest.mark.parametrize("lie", ["", "0" * 64, None])
def test_many_are_approved_as_they_were_seen(drafted: list[Case], staff: Staff, lie: str | None) -> None:
    client = client_of(staff("children", "children-head"))
    path, posted = confirm(preview(client, drafted, "approve"))
    if lie is None:
        del posted["draft"]
    else:
        posted["draft"][1] = lie
    client.post(path, posted)
    worker()
    made = set(Decision.objects.filter(made_at__isnull=False).values_list("case_id", flat=True))
    assert made == (set() if lie is None else {Step.objects.get(pk=posted["step"][0]).case_id})
    refused = Event.objects.filter(verb="case.approve", outcome="refused")
    assert {one.reason for one in refused} == {"draft-changed"}
    assert "見ていた決定の案が変わっていた" in client.get(path).content.decode()
