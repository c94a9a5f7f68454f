"""代理人 as pages: invited, accepted, used and ended; strangers see nothing."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from madoguchi.cases import actions, jobs
from madoguchi.cases.actions import Wish, telling
from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import somebody
from madoguchi.cases.tests.test_delegating import filled
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Invitation, Source
from madoguchi.facts.queries import given_by
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Message
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_person
from madoguchi.web.tests.conftest import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]

PAGE, CARE = "/my-data/proxies/", "care-need-certification"
ADDRESS = "大阪府大東市曙町4番6号"
FORM = {"_do": "give", "kind": "family", "name": "見本　桃子", "scope": "life:介護・高齢", "months": "12", "shows": "1",
        "letters": "1"}  # fmt: skip


@pytest.fixture
def mother() -> Actor:
    by = somebody("見本　花子", "1940-04-12")
    state(Person(pk=by.who), {("person.registered_address", ""): ADDRESS}, Source.CARD, by=by)
    return by


@pytest.fixture
def daughter() -> Actor:
    return somebody("見本　桃子", "1970-01-01")


def text(client: Client, address: str, status: int = 200) -> str:
    page = client.get(address)
    assert page.status_code == status, page.headers
    return page.content.decode()


def code_on(page: str) -> str:
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page)
    assert found is not None
    return found[0]


def entrusted(mother: Actor, daughter: Actor) -> None:
    wish = Wish(kind="family", procedures=["*"], shows=True, letters=True, months=1, name="見本　桃子")
    actions.accept(actions.give(Person(pk=mother.who), wish, by=mother), by=daughter)


def test_invited_accepted_and_ended(mother: Actor, daughter: Actor) -> None:
    hers, daughters = browser_of(mother), browser_of(daughter)
    shown = hers.post(PAGE, FORM, follow=True).content.decode()
    code = code_on(shown)
    assert f"/proxies/{code}/" in shown
    invitation = Invitation.objects.get()
    assert CARE in invitation.procedures
    assert "dog-registration" not in invitation.procedures
    entered = daughters.post("/proxies/", {"code": code.lower().replace("-", " ")})
    assert entered.headers["Location"] == f"/proxies/{code.replace('-', '')}/"
    offered = text(daughters, f"/proxies/{code}/")
    assert "見本　花子" in offered
    assert not given_by(mother.who), "opening the link accepts nothing"
    done = daughters.post(f"/proxies/{code}/", follow=True).content.decode()
    assert "見本　花子さんの代理人になりました" in done
    shown = text(hers, PAGE)
    assert "見本　桃子" in shown
    assert code not in shown
    [one] = given_by(mother.who)
    assert "すでに終わっています" in text(daughters, f"/proxies/{code}/", 409)
    hers.post(PAGE, {"_do": f"end:{one.id}"})
    assert given_by(mother.who) == []


def test_what_was_typed_wrongly_is_said_beside_it_and_nothing_is_lost(mother: Actor) -> None:
    answer = browser_of(mother).post(PAGE, {**FORM, "kind": "care_manager", "months": "x", "scope": "office:nowhere"})
    page = answer.content.decode()
    assert answer.status_code == 422
    for name in ("office", "months", "procedures"):
        assert f'id="{name}-problem"' in page
    assert 'value="見本　桃子"' in page
    assert not Invitation.objects.exists()


def test_a_stranger_with_the_code_learns_nothing(mother: Actor) -> None:
    code = code_on(browser_of(mother).post(PAGE, FORM, follow=True).content.decode())
    stranger = browser_of(somebody("見知らぬ　人", "1990-01-01"))
    assert "花子" not in text(stranger, f"/proxies/{code}/", 404)
    assert stranger.post(f"/proxies/{code}/").status_code == 404
    assert Client().get(f"/proxies/{code}/").status_code == 302
    weak = browser_of(actor_of_person(somebody("見本　桃子", "1970-01-01").who, "contact"))
    assert "花子" not in text(weak, f"/proxies/{code}/")
    assert weak.post(f"/proxies/{code}/").status_code == 403
    assert weak.post(PAGE, FORM).status_code == 403
    for typed in ("a" * 300, "%00", "..%2f", "<b>"):
        assert stranger.get(f"/proxies/{typed}/").status_code in (404, 429)
    assert not given_by(mother.who)


def test_nobody_ends_or_withdraws_what_is_anothers(mother: Actor, daughter: Actor) -> None:
    entrusted(mother, daughter)
    browser_of(mother).post(PAGE, FORM)
    [one], invitation = given_by(mother.who), Invitation.objects.get(answered_at=None)
    stranger = browser_of(somebody("見知らぬ　人", "1990-01-01"))
    for what in (f"end:{one.id}", f"withdraw:{invitation.pk}", "end:", "withdraw:x\0", "x"):
        assert stranger.post(PAGE, {"_do": what}).status_code == 302
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is None
    assert given_by(mother.who) == [one]


def test_an_agent_chooses_their_principal_and_the_form_knows_the_rest(mother: Actor, daughter: Actor) -> None:
    address = reverse("web:for-another", args=(CARE,))
    assert "代理権の登録あり" not in text(browser_of(daughter), address)
    entrusted(mother, daughter)
    [one] = given_by(mother.who)
    daughters = browser_of(daughter)
    assert "代理権の登録あり" in text(daughters, address)
    assert "代理権の登録あり" not in text(browser_of(actor_of_person(daughter.who, "contact")), address)
    for value in ("by:", "by:x", f"by:{mother.who}", "by:00000000-0000-0000-0000-000000000000"):
        assert daughters.post(address, {"relation": value}).status_code == 422
    assert not Case.objects.exists()
    begun = daughters.post(address, {"relation": f"by:{one.id}"})
    case = Case.objects.get()
    assert begun.headers["Location"] == f"/cases/{case.pk}/"
    assert ADDRESS in text(daughters, reverse("web:section", args=(case.pk, "insured")))
    assert "見本　桃子" in text(browser_of(mother), "/my-data/known/"), "the agent is named as the reader"
    actions.end_delegation(one, by=mother)
    over = text(daughters, reverse("web:section", args=(case.pk, "insured")), 403)
    assert "代理権の登録が終わったため" in over
    assert ADDRESS not in over
    assert str(case.pk) not in text(daughters, "/cases/")


def test_a_life_event_is_offered_for_a_principal(mother: Actor, daughter: Actor) -> None:
    address = reverse("web:for-another", args=("care-begins",))
    assert "いいえ、ほかの方の代わりに申し込む" in text(browser_of(daughter), "/procedures/care-begins/")
    assert "代理人として登録された方です" in text(browser_of(daughter), address)
    entrusted(mother, daughter)
    [one] = given_by(mother.who)
    browser_of(daughter).post(address, {"relation": f"by:{one.id}"})
    assert Case.objects.get().subject_id == mother.who
    assert browser_of(daughter).post(reverse("web:for-another", args=("moving",)), {"relation": "x"}).status_code == 422


def test_a_case_by_proxy_is_the_principals_to_read(mother: Actor, daughter: Actor) -> None:
    entrusted(mother, daughter)
    [one] = given_by(mother.who)
    case = filled(daughter, one)
    actions.submit(case, by=daughter)
    case.refresh_from_db()
    hers = browser_of(mother)
    assert "代理人があなたのために申し込んだもの" in text(hers, "/cases/")
    page = text(hers, f"/by-proxy/{case.number}/")
    assert "見本　桃子" in page
    assert hers.get(f"/cases/{case.number}/").status_code == 404, "not to change"
    assert hers.post(f"/cases/{case.number}/withdraw/").status_code == 404
    weak = browser_of(actor_of_person(mother.who, "contact"))
    assert weak.get(f"/by-proxy/{case.number}/").status_code == 403
    assert str(case.number) not in text(weak, "/cases/")
    for by in (daughter, somebody("見知らぬ　人", "1990-01-01")):
        assert browser_of(by).get(f"/by-proxy/{case.number}/").status_code == 404
    case.refresh_from_db()
    assert case.withdrawn_at is None
    # The end: whoever was the agent reads one line; the principal is told, and finds it.
    assert str(case.number) in text(browser_of(daughter), f"/cases/{case.number}/")
    actions.end_delegation(one, by=mother)
    jobs.tell_principal(Event.objects.get(verb="delegation.end").pk)
    told = telling.tell(case, "decided", event=uuid7(), by=SYSTEM)
    assert "代理権が終わったため、内容は見られません" in text(browser_of(daughter), "/cases/")
    assert "代理権の登録が終わったため" in text(browser_of(daughter), f"/cases/{case.number}/", 403)
    assert 'href="/my-data/proxies/"' in text(hers, f"/inbox/{Message.objects.get(template='delegation-ended').pk}/")
    assert f'href="/by-proxy/{case.number}/"' in text(hers, f"/inbox/{told.pk}/")
