"""決裁: seals in order, 代決 while the holder is away, 後閲, never one's own work. A denial changes nothing."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.cases import actions, jobs, queries
from madoguchi.cases.models import Approval, Case, Decision, Step
from madoguchi.cases.rules.sealing import turn
from madoguchi.cases.tests.conftest import Staff
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.tests.together import at_once
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Refused, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import end_absence, recognise, set_absence
from madoguchi.people.models import Absence, Account, PostHolding
from madoguchi.people.queries import actor_of_account, actor_of_person
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue

POSTS = ("chief", "deputy", "head", "director")


# -- the rule ---------------------------------------------------------------------------------------------------------


@given(
    st.permutations(POSTS).flatmap(lambda posts: st.integers(1, 4).map(lambda n: (posts[:n], posts[n:]))),
    st.dictionaries(st.sampled_from(POSTS), st.frozensets(st.integers(1, 5).map(lambda n: UUID(int=n)), min_size=1)),
)
def test_seals_go_forward_and_nobody_has_two(ways: tuple[list[str], list[str]], there: dict[str, Any]) -> None:
    way, in_absence = ways
    sealed: list[str] = []
    gone: set[UUID] = set()
    for _ in range(len(way) + 1):
        now = turn(way, in_absence, sealed, {post: accounts - gone for post, accounts in there.items()})
        assert now.seat in way
        assert now.decides == (now.seat == way[-1])
        assert not now.stands_in or (now.decides and now.post in in_absence and not there.get(now.seat, set()) - gone)
        assert not now.accounts & gone
        assert all(way.index(one) > max(map(way.index, sealed), default=-1) for one in (now.seat, *now.passed))
        if not now.accounts:
            assert now.decides  # it waits for whoever decides, never on the way
            break
        sealed.append(now.seat)
        gone.add(min(now.accounts))
        if now.decides:
            break
    else:
        pytest.fail("the way never ends")


# -- real rows --------------------------------------------------------------------------------------------------------


def claim(published: dict[str, Procedure]) -> Case:
    """A claim for child allowance of a person of its own, received today."""
    code = "child-allowance-claim"
    by = actor_of_person(recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM).pk, "card")
    case = actions.open_draft(published[code], by=by)
    answer(case, answers_of(catalogue().packages[code].examples["two-children-granted"]), by)
    return actions.submit(case, by=by)


def approval_of(case: Case) -> Step:
    return case.steps.get(kind="approve", done_at=None)


def rows(case: Case) -> tuple[Any, ...]:
    tables = (Case.objects.filter(pk=case.pk), case.steps.order_by("token"), Approval.objects.order_by("at"))
    return *(list(one.values()) for one in tables), list(Decision.objects.filter(case=case).values())


def refused(case: Case, code: str, *args: Any, by: Actor, **said: Any) -> None:
    """Sealing is refused with this code, leaves one event of that and changes nothing."""
    before, events = rows(case), Event.objects.count()
    with pytest.raises(Refused) as why:
        actions.approve(approval_of(case), *args, by=by, **said)
    assert why.value.code == code
    assert rows(case) == before
    assert Event.objects.count() == events + 1
    assert Event.objects.latest("at").outcome == "refused"


def mine(by: Actor) -> int:
    return queries.counts(by)["mine"]


@pytest.fixture
def office(staff: Staff) -> dict[str, Actor]:
    posts = ("clerk", "chief", "deputy", "head")
    return {post: staff("children", f"children-{post}") for post in posts}


@pytest.fixture
def examined(published: dict[str, Procedure], office: dict[str, Actor]) -> Case:
    case = claim(published)
    actions.examine(case.steps.get(done_at=None), "accept", by=office["clerk"])
    return case


def away(by: Actor, office: dict[str, Actor], days: int = 2) -> Absence:
    account, cover = (Account.objects.get(pk=one.who) for one in (by, office["clerk"]))
    absence = set_absence(account, cover, clock.today(), clock.today() + dt.timedelta(days=days), by=by)
    jobs.seat_after(Event.objects.filter(verb="account.set_absence").latest("at").pk)
    return absence


@pytest.mark.django_db
def test_the_seals_are_given_in_order_and_the_last_decides(examined: Case, office: dict[str, Actor]) -> None:
    chief, deputy, head = office["chief"], office["deputy"], office["head"]
    for now, by in enumerate((chief, deputy, head)):
        assert [mine(one) for one in (chief, deputy, head)] == [int(n == now) for n in range(3)]
        for other in {chief, deputy, head} - {by}:
            code = "sealed-already" if other in (chief, deputy, head)[:now] else "not-your-turn"
            refused(examined, code, "approve", by=other)
        refused(examined, "not-allowed", "approve", by=office["clerk"])
        assert Case.objects.get(pk=examined.pk).decided_at is None
        actions.approve(approval_of(examined), "approve", by=by, note="確かめました。")
    done = examined.steps.get(kind="approve")
    assert (done.outcome, done.account_id, done.note) == ("approve", head.who, "確かめました。")
    given_ = [(one.post, one.account_id, one.stood_in, one.note) for one in done.approvals.order_by("at")]
    assert given_ == [
        ("children-chief", chief.who, "", "確かめました。"),
        ("children-deputy", deputy.who, "", "確かめました。"),
        ("children-head", head.who, "", ""),
    ]
    assert Decision.objects.get(case=examined).made_by_id == head.who
    told = Event.objects.filter(verb="case.approve", outcome="done").order_by("at")
    assert [one.data["outcome"] for one in told] == ["seal", "seal", "approve"]
    assert "確かめました" not in str([one.data for one in told])


@pytest.mark.django_db
def test_whoever_has_examined_has_no_seal_in_any_post(
    published: dict[str, Procedure], office: dict[str, Actor]
) -> None:
    case = claim(published)
    actions.examine(case.steps.get(done_at=None), "accept", by=office["chief"])
    refused(case, "own-work", "approve", by=office["chief"])
    refused(case, "own-work", "send_back", by=office["chief"], note="もう一度")
    assert [mine(office[post]) for post in ("chief", "deputy", "head")] == [0, 1, 0]  # the chief's seat is passed over
    PostHolding.objects.create(
        account_id=office["chief"].who, post="children-head", section="children", since=clock.today()
    )
    actions.approve(approval_of(case), "approve", by=office["deputy"])
    refused(case, "own-work", "approve", by=office["chief"])
    actions.approve(approval_of(case), "approve", by=office["head"])
    assert not Approval.objects.filter(account_id=office["chief"].who).exists()


@pytest.mark.django_db
def test_one_who_has_sealed_does_not_seal_again_in_another_post(examined: Case, office: dict[str, Actor]) -> None:
    chief = office["chief"]
    actions.approve(approval_of(examined), "approve", by=chief)
    PostHolding.objects.filter(account_id=office["deputy"].who).update(account_id=chief.who)
    jobs.seat_anew()
    refused(examined, "sealed-already", "approve", by=today(chief))
    assert mine(office["head"]) == 1
    actions.approve(approval_of(examined), "approve", by=office["head"])
    assert Event.objects.filter(verb="case.approve").latest("at").data["passed"] == ["children-deputy"]


def today(by: Actor) -> Actor:
    """The same, with the posts held by now."""
    return actor_of_account(Account.objects.get(pk=by.who))


@pytest.mark.django_db
def test_sent_back_from_anywhere_the_seals_begin_anew(examined: Case, office: dict[str, Actor]) -> None:
    actions.approve(approval_of(examined), "approve", by=office["chief"])
    refused(examined, "note-missing", "send_back", by=office["deputy"], note=" ")
    actions.approve(approval_of(examined), "send_back", by=office["deputy"], note="口座の名義を確かめてください。")
    assert mine(office["clerk"]) == 1
    actions.examine(examined.steps.get(done_at=None), "accept", by=office["clerk"])
    assert not approval_of(examined).approvals.exists()
    assert [mine(office[post]) for post in ("chief", "deputy", "head")] == [1, 0, 0]
    found = queries.box(examined)
    assert found is not None
    assert [one.state for one in found[1]] == ["now", "ahead", "ahead"]


@pytest.mark.django_db
def test_the_deputy_decides_while_the_head_is_away_and_the_head_looks_at_it_afterwards(
    examined: Case, office: dict[str, Actor], staff: Staff
) -> None:
    chief, deputy, head = office["chief"], office["deputy"], office["head"]
    actions.approve(approval_of(examined), "approve", by=chief)
    absence = away(head, office)
    assert [mine(one) for one in (deputy, head)] == [1, 0]
    refused(examined, "not-your-turn", "approve", by=head)
    refused(examined, "because-missing", "approve", by=deputy)
    actions.approve(approval_of(examined), "approve", by=deputy, because="課長が出張で不在のため")
    (one,) = Approval.objects.exclude(stood_in="")
    assert (one.post, one.stood_in, one.account_id) == ("children-head", "children-deputy", deputy.who)
    event = Event.objects.filter(verb="case.approve").latest("at")
    assert (event.data["outcome"], event.data["stood_in"]) == ("stand-in", "children-deputy")
    assert "出張" not in str(event.data)
    step = examined.steps.get(kind="approve")
    assert (queries.counts(head)["review"], queries.counts(deputy)["review"]) == (1, 0)
    for nobody in (deputy, chief, staff("taxation", "taxation-head")):
        with pytest.raises(NotAllowed):
            actions.review_afterwards(step, by=nobody)
    assert Approval.objects.get(pk=one.pk).reviewed_at is None
    end_absence(Account.objects.get(pk=head.who), absence.pk, by=head)
    actions.review_afterwards(step, by=head)
    with pytest.raises(Stale):
        actions.review_afterwards(step, by=head)
    assert queries.counts(head)["review"] == 0
    assert Approval.objects.get(pk=one.pk).reviewed_by_id == head.who


@pytest.mark.django_db
def test_nobody_decides_for_another_without_need_or_where_the_package_does_not_let_them(
    published: dict[str, Procedure], office: dict[str, Actor], examined: Case
) -> None:
    actions.approve(approval_of(examined), "approve", by=office["chief"])
    actions.approve(approval_of(examined), "approve", by=office["deputy"], because="忙しいため")
    assert Approval.objects.filter(stood_in="").count() == 2  # the deputy's own seal: the head is there and decides
    away(office["head"], office)
    refused(examined, "sealed-already", "approve", by=office["deputy"], because="不在のため")
    Step.objects.filter(pk=approval_of(examined).pk).update(in_absence=[])
    jobs.seat_anew()
    assert approval_of(examined).posts == ["children-head"]  # it waits for the head
    with clock.travel(clock.today() + dt.timedelta(days=3)):
        jobs.seat_anew()
        actions.approve(approval_of(examined), "approve", by=office["head"])


@pytest.mark.django_db
def test_a_refusal_goes_to_the_department(
    published: dict[str, Procedure], office: dict[str, Actor], staff: Staff
) -> None:
    director = staff("welfare-children", "welfare-children-director")
    case = claim(published)
    actions.examine(case.steps.get(done_at=None), "refuse", by=office["clerk"], reasons=["要件に当たらないため。"])
    assert approval_of(case).route[-1] == "welfare-children-director"
    for post in ("chief", "deputy", "head"):
        actions.approve(approval_of(case), "approve", by=office[post])
    assert Case.objects.get(pk=case.pk).decided_at is None
    actions.read(queries.staff_case(str(case.number), director), by=director)
    actions.approve(approval_of(case), "approve", by=director)
    assert Decision.objects.get(case=case).made_by_id == director.who


@pytest.mark.django_db(transaction=True)
def test_two_of_one_post_seal_once(
    published: dict[str, Procedure], office: dict[str, Actor], examined: Case, staff: Staff
) -> None:
    second = staff("children", "children-chief")
    step = approval_of(examined)
    results = at_once(
        *[
            lambda by=by: actions.approve(Step.objects.get(pk=step.pk), "approve", by=by)
            for by in (office["chief"], second)
        ]
    )
    assert sorted(type(one).__name__ for one in results) == ["Case", "Stale"]
    assert Approval.objects.count() == 1


@pytest.mark.django_db
def test_what_is_typed_for_a_seal_is_kept_within_bounds(examined: Case, office: dict[str, Actor]) -> None:
    actions.approve(approval_of(examined), "approve", by=office["chief"])
    away(office["head"], office)
    for words in ("あ" * 2001, "\x00"):
        before = rows(examined)
        with pytest.raises(Invalid):
            actions.approve(approval_of(examined), "approve", by=office["deputy"], because=words)
        assert rows(examined) == before
