"""A question whose statement is written once answers as the ORM does, whatever it was asked before."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from madoguchi.events.composing import among, composed_once

pytestmark = pytest.mark.django_db

#: Any rows serve. By their names, because events know no noun above them.
Account, PostHolding = (apps.get_model("madoguchi_people", name) for name in ("Account", "PostHolding"))
DAY = date(2026, 4, 1)


@composed_once
def holdings(account: UUID, posts: list[str], day: date) -> QuerySet[Any]:
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
