"""開示請求 at the desk: one post finds by what stands on the request and hands out; nobody else finds anything."""

import io
import json
import zipfile

import pytest
from django.test import Client

from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.desk.tests.staging import DOG, Staff, client_of, handed_in
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.people.models import Identity, Person
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures.models import Procedure

__all__ = ["published", "staff"]

pytestmark = pytest.mark.django_db

PAGE, FILE = "/desk/disclosure/", "/desk/disclosure/file/"


@pytest.fixture
def officer(staff: Staff) -> Actor:
    return staff("digital-services", "digital-services-manager")


@pytest.fixture
def case(published: dict[str, Procedure]) -> Case:
    """Of 髙橋 花子, born 1990-04-12."""
    case = handed_in(published, DOG, name="髙橋　花子", kana="タカハシ　ハナコ")
    person = Person.objects.get(pk=case.person_id)
    facts.state(
        person, {("person.date_of_birth", ""): "1990-04-12"}, Source.CARD, by=actor_of_person(person.pk, "card")
    )
    return case


def token_in(page: str) -> str:
    return page.partition('name="person" value="')[2].partition('"')[0]


def handed(client: Client, token: str) -> bytes:
    answer = client.post(FILE, {"person": token, "basis": "person", "proof": "card"})
    assert answer.status_code == 200
    return b"".join(answer)


@pytest.mark.parametrize(
    "said",
    [
        {"name": "高橋花子", "born_on": "平成2年4月12日"},
        {"name": "たかはし はなこ", "born_on": "1990/4/12"},
        {"number": "{number}"},
    ],
)
def test_the_person_is_found_as_people_write(case: Case, officer: Actor, said: dict[str, str]) -> None:
    client = client_of(officer)
    answer = client.post(PAGE, {name: text.format(number=case.number) for name, text in said.items()})
    shown = answer.content.decode()
    assert "髙橋　花子（タカハシ　ハナコ）" in shown
    assert str(case.person_id) not in shown
    data = json.loads(zipfile.ZipFile(io.BytesIO(handed(client, token_in(shown)))).read("data.json"))
    assert [one["number"] for one in data["cases"]] == [case.number]


def test_two_events_without_a_word_of_the_request(case: Case, officer: Actor) -> None:
    client = client_of(officer)
    shown = client.post(PAGE, {"name": "高橋花子", "born_on": "1990-04-12"}).content.decode()
    handed(client, token_in(shown))
    sought = Event.objects.get(verb="person.find")
    assert (sought.outcome, sought.data, sought.subject_id) == (
        "done",
        {"sought": ["name", "born_on"], "found": 1},
        None,
    )
    given = Event.objects.get(verb="person.export")
    assert (given.reason, given.subject_id) == ("may-export", case.person_id)
    assert given.data == {"basis": "person", "proof": "card"}


def test_the_person_sees_who_got_it(case: Case, officer: Actor) -> None:
    client = client_of(officer)
    handed(client, token_in(client.post(PAGE, {"number": case.number}).content.decode()))
    resident = Client(headers={"accept-language": "ja"})
    session = resident.session
    session["resident"] = {"person": str(case.person_id), "level": "card"}
    session.save()
    shown = resident.get("/my-data/").content.decode()
    assert "行政サービス向上室（行政サービス向上室課長）" in shown
    assert "保有個人情報の開示を担当する職だから" in shown


@pytest.mark.parametrize(
    "said", [{}, {"name": "高橋花子"}, {"born_on": "1990-04-12"}, {"name": "高橋", "born_on": "x"}]
)
def test_a_name_alone_finds_nobody(case: Case, officer: Actor, said: dict[str, str]) -> None:
    answer = client_of(officer).post(PAGE, said)
    assert answer.status_code == 422
    assert "タカハシ" not in answer.content.decode()
    assert Event.objects.filter(verb="person.find", outcome="refused").count() == 1


def test_part_of_a_name_or_another_day_finds_nobody(case: Case, officer: Actor) -> None:
    client = client_of(officer)
    for said in ({"name": "高橋", "born_on": "1990-04-12"}, {"name": "高橋花子", "born_on": "1990-04-13"}):
        assert "見つかりません。" in client.post(PAGE, said).content.decode()


@pytest.mark.parametrize(
    ("section", "post"),
    [
        ("environment", "environment-head"),
        ("digital-services", "digital-services-head"),
        ("residents", "residents-clerk"),
    ],
)
def test_no_other_post_finds_or_hands_out(case: Case, officer: Actor, staff: Staff, section: str, post: str) -> None:
    token = token_in(client_of(officer).post(PAGE, {"number": case.number}).content.decode())
    other = client_of(staff(section, post))
    there, nowhere = (other.post(PAGE, {"number": one}) for one in (case.number, "26-0000-0000-0"))
    assert (there.status_code, nowhere.status_code) == (403, 403)
    assert other.get(PAGE).status_code == 403
    assert other.post(FILE, {"person": token, "basis": "person", "proof": "card"}).status_code == 403
    assert "開示請求" not in other.get("/desk/").content.decode()
    assert not Event.objects.filter(verb="person.export").exclude(outcome="refused").exists()


def test_a_token_is_for_whoever_looked(case: Case, officer: Actor, staff: Staff) -> None:
    token = token_in(client_of(officer).post(PAGE, {"number": case.number}).content.decode())
    colleague = client_of(staff("digital-services", "digital-services-manager"))
    for forged in (token, "", "x", str(case.person_id)):
        answer = colleague.post(FILE, {"person": forged, "basis": "person", "proof": "card"})
        assert answer.status_code == 404
    assert Event.objects.filter(verb="person.export").values_list("outcome", flat=True).distinct().get() == "refused"


@pytest.mark.parametrize("lacking", ["basis", "proof"])
def test_without_basis_or_proof_nothing_is_handed_out(case: Case, officer: Actor, lacking: str) -> None:
    client = client_of(officer)
    said = {"basis": "person", "proof": "card", lacking: "curiosity"}
    answer = client.post(
        FILE, {**said, "person": token_in(client.post(PAGE, {"number": case.number}).content.decode())}
    )
    assert answer.status_code == 422
    assert "髙橋" in answer.content.decode(), "who was found is still there"
    event = Event.objects.get(verb="person.export")
    assert (event.outcome, event.data) == ("refused", {"fields": [lacking]})


# -- 支援措置 (秘匿) ---------------------------------------------------------------------------------------------------


@pytest.fixture
def protected(case: Case) -> Case:
    """花子, of whom the register says that she is protected."""
    facts.state(Person.objects.get(pk=case.person_id), {("person.confidential", ""): True}, Source.REGISTER, by=SYSTEM)
    return case


def test_whoever_is_protected_is_not_there(protected: Case, officer: Actor) -> None:
    """By name, number or address the answer is that of nobody, whoever it is that asks in their name."""
    client = client_of(officer)
    address = "hanako@example.jp"
    Identity.objects.create(person_id=protected.person_id, issuer="mailto:", subject=address, level="contact")
    for said, nobodys in (
        ({"number": str(protected.number)}, {"number": "26-4831-0957-6"}),
        ({"name": "高橋花子", "born_on": "1990-04-12"}, {"name": "谷川梅子", "born_on": "1990-04-12"}),
        ({"email": address}, {"email": "nobody@example.jp"}),
    ):
        answers = [client.post(PAGE, one).content.decode() for one in (said, nobodys)]
        for one, answer in zip((said, nobodys), answers, strict=True):
            assert "見つかりません。" in answer
            assert "花子" not in answer.replace(one.get("name", "-"), "")


def test_a_token_from_before_hands_out_nothing(case: Case, officer: Actor) -> None:
    client = client_of(officer)
    token = token_in(client.post(PAGE, {"number": case.number}).content.decode())
    facts.state(Person.objects.get(pk=case.person_id), {("person.confidential", ""): True}, Source.REGISTER, by=SYSTEM)
    assert client.post(FILE, {"person": token, "basis": "representative", "proof": "card"}).status_code == 404
    assert Event.objects.filter(verb="person.export").get().outcome == "refused"


def test_the_section_that_keeps_the_register_finds_and_hands_out(protected: Case, staff: Staff) -> None:
    client = client_of(staff("residents", "residents-head"))
    shown = client.post(PAGE, {"name": "高橋花子", "born_on": "1990-04-12"}).content.decode()
    assert "髙橋　花子" in shown
    data = json.loads(zipfile.ZipFile(io.BytesIO(handed(client, token_in(shown)))).read("data.json"))
    assert [one["number"] for one in data["cases"]] == [protected.number]
