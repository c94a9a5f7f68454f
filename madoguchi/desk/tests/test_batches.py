"""One deed for many cases: the preview changes nothing and foretells, confirming twice is once, each is an act."""

import re

import pytest

from madoguchi.cases import actions, jobs, queries
from madoguchi.cases.models import Batch, Case, Decision, Step
from madoguchi.desk.tests.staging import CHILD, DOG, Staff, account_of, client_of, handed_in, open_step
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Message
from madoguchi.people.actions import close_account, set_absence
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

Published = dict[str, Procedure]


def worker(times: int = 2) -> None:
    """The job of every batch, as often as a queue that was interrupted would run it."""
    for _ in range(times):
        for event in Event.objects.filter(verb="batch.begin", outcome="done"):
            jobs.carry_out_batch(event.pk)


def confirm(page: str) -> tuple[str, dict[str, list[str]]]:
    """What the preview's form would post."""
    (path,) = re.findall(r'action="(/desk/batch/[0-9a-f-]+/)"', page)
    form = page[page.index(path) : page.index("</form>", page.index(path))]
    posted: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form):
        posted.setdefault(name, []).append(value)
    return path, posted


def written() -> set[str]:
    return set(Event.objects.filter(channel="batch").values_list("verb", flat=True))


@pytest.fixture
def head(staff: Staff) -> Actor:
    return staff("children", "children-head")


@pytest.fixture
def examined(published: Published, staff: Staff, head: Actor) -> list[Case]:
    """Three claims that wait for approval; the second was examined by the head herself."""
    clerk = staff("children", "children-clerk")
    cases = [handed_in(published, CHILD) for _ in range(3)]
    for number, case in enumerate(cases):
        actions.examine(open_step(case), "accept", by=head if number == 1 else clerk)
    return cases


def test_many_are_approved_and_ones_own_work_is_not(examined: list[Case], head: Actor) -> None:
    client = client_of(head)
    before = list(Step.objects.order_by("pk").values())
    keys = [str(one.pk) for one in examined]
    page = client.post("/desk/batch/", {"deed": "approve", "case": [*keys, keys[0], str(uuid7())]}).content.decode()
    assert "2件に行います" in page
    assert "ご自分が審査した案件は決裁できません" in page
    assert all(str(one.number) in page for one in examined)
    assert "次は" in page
    assert list(Step.objects.order_by("pk").values()) == before
    assert not Batch.objects.exists()
    path, posted = confirm(page)
    assert len(posted["step"]) == 2
    first, second = client.post(path, posted), client.post(path, posted)
    assert first.headers["Location"] == second.headers["Location"] == path
    assert "2件のうち0件まで進みました" in client.get(path).content.decode()
    worker()
    assert Batch.objects.count() == 1
    granted = Decision.objects.filter(made_at__isnull=False)
    assert {one.case_id for one in granted} == {examined[0].pk, examined[2].pk}
    done = Event.objects.filter(verb="case.approve", channel="batch")
    assert sorted(done.values_list("outcome", flat=True)) == ["done", "done"]
    page = client.get(path).content.decode()
    assert "2件に行いました" in page
    assert "refresh" not in page


def test_what_became_stale_in_between_is_refused_alone(examined: list[Case], head: Actor, staff: Staff) -> None:
    client = client_of(head)
    keys = [str(one.pk) for one in (examined[0], examined[2])]
    path, posted = confirm(client.post("/desk/batch/", {"deed": "approve", "case": keys}).content.decode())
    client.post(path, posted)
    actions.approve(open_step(examined[0]), "approve", by=staff("children", "children-head"))
    worker()
    page = client.get(path).content.decode()
    assert "1件に行いました" in page
    assert "その段階はすでに終わっていた" in page
    assert queries.became(Batch.objects.get(), head)[0].code == "step-done"
    assert Case.objects.get(pk=examined[2].pk).decided_at is not None


def test_many_are_sealed_in_order_and_none_is_decided_for_another(
    published: Published, head: Actor, staff: Staff
) -> None:
    clerk, chief, deputy = (staff("children", f"children-{post}") for post in ("clerk", "chief", "deputy"))
    cases = [handed_in(published, CHILD) for _ in range(2)]
    for case in cases:
        actions.examine(open_step(case), "accept", by=clerk)
    keys = [str(one.pk) for one in cases]
    early = client_of(deputy).post("/desk/batch/", {"deed": "approve", "case": keys}).content.decode()
    assert "いまは「子ども室係長」が承認する番です" in early
    path, posted = confirm(client_of(chief).post("/desk/batch/", {"deed": "approve", "case": keys}).content.decode())
    client_of(chief).post(path, posted)
    worker()
    assert not Decision.objects.filter(made_at__isnull=False).exists()
    assert {one.posts[0] for one in Step.objects.filter(kind="approve")} == {"children-deputy"}
    set_absence(account_of(head), account_of(clerk), clock.today(), clock.today(), by=head)
    page = client_of(deputy).post("/desk/batch/", {"deed": "approve", "case": keys}).content.decode()
    assert "代決には理由が要ります" in page
    assert 'action="/desk/batch/' not in page or not confirm(page)[1].get("step")


def test_a_batch_does_only_what_its_member_may_do_when_it_runs(examined: list[Case], head: Actor, staff: Staff) -> None:
    path, posted = confirm(
        client_of(head).post("/desk/batch/", {"deed": "approve", "case": str(examined[0].pk)}).content.decode()
    )
    client_of(head).post(path, posted)
    for outsider in (staff("children", "children-clerk"), staff("environment", "environment-head")):
        assert client_of(outsider).get(path).status_code == 404
        assert client_of(outsider).post(path, posted).status_code == 403
    close_account(account_of(head), by=Actor("system"))
    worker()
    assert not Decision.objects.filter(made_at__isnull=False).exists()
    assert written() == set()


def test_steps_are_given_out_and_reminders_sent_once(published: Published, staff: Staff) -> None:
    clerk, head = staff("environment", "environment-clerk"), staff("environment", "environment-head")
    cases = [handed_in(published, DOG) for _ in range(2)]
    client = client_of(head)
    given = {"deed": "assign", "case": [str(one.pk) for one in cases], "to": str(clerk.who)}
    page = client.post("/desk/batch/", given).content.decode()
    assert "見本 職員さんの担当になります。" in page
    path, posted = confirm(page)
    client.post(path, posted)
    worker()
    assert {one.case.pk for one in queries.listing("taken", clerk)} == {one.pk for one in cases}
    actions.examine(open_step(cases[0]), "return", by=clerk, corrections={"breed": "犬種を直してください。"})
    client = client_of(clerk)
    page = client.post("/desk/batch/", {"deed": "remind", "view": "section", "all": "1"}).content.decode()
    assert "1件に行います" in page
    assert "この操作ができる段階が、いまありません。" in page
    for _ in range(2):
        path, posted = confirm(
            client.post("/desk/batch/", {"deed": "remind", "case": str(cases[0].pk)}).content.decode()
        )
        client.post(path, posted)
        worker()
    assert Message.objects.filter(about=cases[0].pk, template="returned").count() == 1
    assert "1日のうちにもう一度送ろうとした" in client.get(path).content.decode()


def test_only_what_a_table_grants_is_accepted_among_many(published: Published, staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    case = handed_in(published, DOG)
    (foreseen,) = queries.foresee("accept", [case.pk], clerk)
    assert foreseen.refusal is not None
    assert foreseen.refusal.code.startswith("batch-")
    before = Step.objects.values().get(pk=open_step(case).pk)
    batch = actions.begin_batch(uuid7(), "accept", [open_step(case).pk], by=clerk)
    actions.carry_out(batch)
    assert Step.objects.values().get(pk=open_step(case).pk) == before
    assert Event.objects.get(verb="case.examine").reason == foreseen.refusal.code


@pytest.mark.parametrize(
    "posted", [{}, {"deed": "burn", "case": "x"}, {"deed": "claim"}, {"deed": "claim", "case": "x"}]
)
def test_nothing_chosen_is_said(staff: Staff, posted: dict[str, str]) -> None:
    assert client_of(staff("environment", "environment-clerk")).post("/desk/batch/", posted).status_code == 422
