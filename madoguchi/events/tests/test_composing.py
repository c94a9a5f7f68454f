"""A question whose statement is written once answers as the ORM does, whatever it was asked before."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import DataError, connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from madoguchi.events.composing import Asked, among, asked_together, composed_once, statement

pytestmark = pytest.mark.django_db

#: Any rows serve. By their names, because events know no noun above them.
Account, PostHolding = (apps.get_model("madoguchi_people", name) for name in ("Account", "PostHolding"))
DAY = date(2026, 4, 1)


@composed_once
def holdings(account: UUID, posts: Sequence[str], day: date) -> QuerySet[Any]:
    rows: QuerySet[Any] = PostHolding.objects.filter(among("post", posts), account=account, since__lte=day)
    return rows.select_related("account").order_by("post")


@composed_once
def names(accounts: list[UUID]) -> QuerySet[Any, tuple[UUID, str]]:
    rows: QuerySet[Any] = Account.objects.filter(among("pk", accounts)).order_by("username")
    return rows.values_list("pk", "display_name")


def test_each_question_is_answered_with_its_own_values() -> None:
    one, other = (Account.objects.create(username=name, display_name=name.title()) for name in ("one", "other"))
    for account, post in ((one, "clerk"), (one, "head"), (other, "clerk")):
        PostHolding.objects.create(account=account, post=post, section="children", since=DAY)

    def posts(account: UUID, wanted: list[str], day: date) -> list[tuple[str, str]]:
        with CaptureQueriesContext(connection) as asked:
            found = [(one.account.display_name, one.post) for one in holdings(account, wanted, day)]
        assert len(asked) == bool(wanted), "what is selected with a row is not asked for again"
        return found

    assert posts(one.pk, ["clerk", "head"], DAY) == [("One", "clerk"), ("One", "head")]
    assert posts(other.pk, ["clerk", "head"], DAY) == [("Other", "clerk")]
    assert posts(one.pk, ["head"], DAY) == [("One", "head")]
    assert posts(one.pk, [], DAY) == []
    assert posts(one.pk, ["head"], DAY - timedelta(days=1)) == []
    assert posts(uuid4(), ["head"], DAY) == []
    assert names([other.pk, one.pk]) == [(one.pk, "One"), (other.pk, "Other")]
    assert names([]) == []
    assert names([other.pk]) == [(other.pk, "Other")]


def test_what_would_be_asked_with_the_first_value_for_ever_is_refused() -> None:
    @composed_once
    def shouted(name: str) -> QuerySet[Any]:
        rows: QuerySet[Any] = Account.objects.filter(username=name.upper())
        return rows

    with pytest.raises(TypeError, match="not every value"):
        shouted("one")


def test_what_is_asked_together_is_answered_as_if_asked_alone() -> None:
    one, other = (Account.objects.create(username=name, display_name=name.title()) for name in ("one", "other"))
    PostHolding.objects.create(account=one, post="clerk", section="children", since=DAY)
    counted = statement.of("SELECT count(*) FROM staff_account WHERE username = ANY(%s)", [["one", "nobody"]])
    asked = [holdings.of(one.pk, ["clerk"], DAY), names.of([one.pk, other.pk]), names.of([]), counted]
    alone = [question.rows() for question in asked]
    assert list(map(len, alone)) == [1, 2, 0, 1]
    with asked_together(*asked), CaptureQueriesContext(connection) as trips:
        assert [question.rows() for question in asked] == alone
        assert names([one.pk, other.pk]) == alone[1], "by its values, however it is called"
        assert not trips, "what came back is asked for again"
        assert names([other.pk]) == [(other.pk, "Other")], "another value is another question"
        assert len(trips) == 1
    Account.objects.filter(pk=one.pk).update(display_name="Another")
    assert names([one.pk]) == [(one.pk, "Another")], "what was asked together is forgotten with its page"


def test_they_go_to_the_server_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []
    connection.ensure_connection()
    raw = type(connection.connection)
    plain = raw.wait

    def wait(self: Any, *args: Any, **kwargs: Any) -> Any:
        waits.append(1)
        return plain(self, *args, **kwargs)

    asked = [statement.of("SELECT %s::int", [number]) for number in range(12)]
    monkeypatch.setattr(raw, "wait", wait)
    for one in asked:
        one.rows()
    alone = len(waits)
    with asked_together(*asked):
        assert [one.rows() for one in asked] == [[(number,)] for number in range(12)]
    assert alone >= 12
    assert len(waits) - alone <= 14, "each was sent without waiting for the answer to the one before"


@pytest.mark.django_db(transaction=True)
def test_a_fault_of_one_is_the_fault_of_the_page_and_the_connection_lives() -> None:
    good, bad = statement.of("SELECT 1", ()), statement.of("SELECT 1 / %s", [0])
    with pytest.raises(DataError), asked_together(good, bad, good):
        raise AssertionError("the page goes on without its answers")
    assert good.rows() == [(1,)]


def test_questions_are_the_same_by_their_values() -> None:
    key = uuid4()
    one = statement.of("SELECT %(a)s", {"a": [key, "x"]})
    assert one == Asked(statement, ["SELECT %(a)s", {"a": [key, "x"]}])
    assert one != statement.of("SELECT %(a)s", {"a": [key, "y"]})
    assert holdings.of(key, ("x",), DAY) == holdings.of(key, ["x"], DAY)
    assert statement.of("SELECT %s", b"ab").values == ["SELECT %s", b"ab"], "bytes are one value"


def test_what_the_orm_sees_to_be_empty_is_not_sent() -> None:
    @composed_once
    def none(name: str) -> QuerySet[Any]:
        rows: QuerySet[Any] = Account.objects.filter(username=name, pk__in=[])
        return rows

    with CaptureQueriesContext(connection) as trips, asked_together(none.of("one")):
        assert none("one") == none("other") == []
    assert not trips
