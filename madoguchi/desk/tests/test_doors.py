"""Who may open what at the desk: every address, for everybody who is not meant."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils.crypto import get_random_string

from madoguchi.cases.models import Case
from madoguchi.desk.signin.gate import DOORS, WAY_TO_A_FACTOR
from madoguchi.desk.tests.staging import DOG, Staff, applicant, client_of, handed_in, new_resident, open_step
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground.ids import uuid7
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

#: Always the same, because the processes that share the tests must collect the same ones.
NOBODYS = "01234567-89ab-7cde-8f01-23456789abcd"
SOME = {"<str:number>": "26-0000-0000-0", "<int:pk>": "1"}


def desk_addresses() -> Iterator[tuple[str, str]]:
    """Name and path of every address below /desk/, with something in its places."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str]]:
        for one in resolver.url_patterns:
            here = prefix + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from walk(one, here)
            elif here.startswith("desk/"):
                yield one.name or "", "/" + here

    for name, path in walk(get_resolver(), ""):
        while "<" in path:
            place = path[path.index("<") : path.index(">") + 1]
            path = path.replace(place, SOME.get(place, NOBODYS))
        yield name, path


ADDRESSES = list(desk_addresses())


def test_the_walk_finds_the_desk() -> None:
    assert {"work", "case", "step", "document", "letter", "account_login"} <= {name for name, _ in ADDRESSES}


@pytest.mark.parametrize("method", ["get", "post"])
def test_outsiders_stay_outside(method: str, staff: Staff) -> None:
    """At every address. Nobody who stays outside leaves anything that the next address could meet."""
    visitor, resident = Client(), Client()
    session = resident.session
    session["resident"] = {"person": str(new_resident().id), "level": "card-signature"}
    session.save()
    half = client_of(staff("environment", "environment-clerk"), factor=False)
    for name, path in sorted(ADDRESSES, key=lambda one: one[0] in DOORS):  # doors last: one of them signs out
        for client in (visitor, resident):
            answer = getattr(client, method)(path)
            if name not in DOORS:
                asked = (answer.status_code, answer.headers.get("Location", "").partition("?")[0])
                assert asked == (302, "/desk/account/login/"), path
        if name not in WAY_TO_A_FACTOR:
            answer = getattr(half, method)(path)
            assert (answer.status_code, answer.headers.get("Location")) == (302, "/desk/account/factors/"), path
        assert not Event.objects.filter(verb__startswith="case.").exists(), path


def addresses_of(case: Case) -> list[str]:
    document, letter = uuid7(), uuid7()
    base = f"/desk/cases/{case.number}/"
    return [base, f"{base}documents/{document}/", f"{base}letters/{letter}/", f"{base}steps/{open_step(case).pk}/"]


ROLES = [
    ("environment", "environment-clerk", True),
    ("environment", "environment-head", True),
    ("children", "children-clerk", False),
    ("taxation", "taxation-head", False),
    ("digital-services", "digital-services-head", False),
]


@pytest.mark.parametrize(("section", "post", "theirs"), ROLES, ids=[post for _, post, _ in ROLES])
def test_what_is_not_ones_own_does_not_exist(
    published: dict[str, Procedure], staff: Staff, section: str, post: str, theirs: bool
) -> None:
    case = handed_in(published, DOG)
    client = client_of(staff(section, post))
    page, document, letter, step = addresses_of(case)
    expected = {page: 200 if theirs else 404, document: 404, letter: 404, step: 302 if theirs else 404}
    assert {path: client.get(path).status_code for path in expected} == expected
    before = Case.objects.values().get(pk=case.pk)
    posted = client.post(step, {"_outcome": "accept"}).status_code
    assert posted == (302 if theirs else 404)
    if not theirs:
        assert Case.objects.values().get(pk=case.pk) == before
        assert str(case.number) not in client.get("/desk/").content.decode()
        assert str(case.number) not in client.get("/desk/?view=elsewhere").content.decode()


@pytest.mark.parametrize("number", ["26-1234-5678-9", "x", "../../etc", "２６", "%00", "<b>", "26-4831-0957-6"])
def test_a_number_that_is_nobodys_is_not_found(staff: Staff, number: str) -> None:
    client = client_of(staff("environment", "environment-clerk"))
    answer = client.get(f"/desk/cases/{number}/")
    assert answer.status_code == 404
    read = set(Event.objects.filter(verb="case.read").values_list("outcome", "reason"))
    assert read <= {("refused", "case-unknown")}  # none where the address is none


def test_an_unknown_address_is_not_found(staff: Staff) -> None:
    client = client_of(staff("environment", "environment-clerk"))
    assert client.get(f"/desk/{get_random_string(8)}/").status_code == 404


def test_a_form_without_its_token_changes_nothing(published: dict[str, Procedure], staff: Staff) -> None:
    case = handed_in(published, DOG)
    clerk = staff("environment", "environment-clerk")
    signed_in = client_of(clerk)
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in.cookies
    answer = client.post(f"/desk/cases/{case.number}/steps/{open_step(case).pk}/", {"_outcome": "accept"})
    assert answer.status_code == 403
    assert open_step(case).done_at is None


def test_the_applicant_is_no_clerk(published: dict[str, Procedure]) -> None:
    case = handed_in(published, DOG)
    by: Actor = applicant(case)
    client = Client()
    session = client.session
    session["resident"] = {"person": str(by.id), "level": "card"}
    session.save()
    assert client.get(f"/desk/cases/{case.number}/").status_code == 302
