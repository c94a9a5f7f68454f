"""Publishing: once is enough, a version never changes, and what runs keeps its own while a newer one is offered."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError

from madoguchi.events import SYSTEM
from madoguchi.ground import clock
from madoguchi.procedures import actions, queries
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.flow import compile_flow
from madoguchi.procedures.rules.format import Procedure as Text
from madoguchi.procedures.rules.load import Package
from madoguchi.procedures.tests.builders import EXAMINE, NOTIFY, procedure

pytestmark = pytest.mark.django_db


def package(flow: list[Any] | None = None, **more: Any) -> Package:
    text: Text = procedure(flow or [EXAMINE, NOTIFY], **more)
    return Package(Path("dog-registration"), text, compile_flow(text), {}, {}, {}, {})


def publish(one: Package) -> Procedure:
    return actions.publish(one, {}, by=SYSTEM)


def test_the_same_package_is_published_once() -> None:
    first = publish(package())
    assert publish(package()).pk == first.pk
    assert Procedure.objects.count() == 1


def test_a_correction_of_the_same_day_is_the_next_revision() -> None:
    first, second = publish(package()), publish(package(title="犬の登録（訂正）"))
    assert (first.version, first.revision, second.revision) == (second.version, 1, 2)
    with clock.travel(date(2026, 5, 1)):
        current = queries.current("dog-registration")
    assert current is not None
    assert current.pk == second.pk


def test_going_back_to_an_earlier_text_is_a_revision_too() -> None:
    first, _, third = publish(package()), publish(package(title="誤り")), publish(package())
    assert (third.revision, third.digest) == (3, first.digest)
    actions.withdraw(third, by=SYSTEM)
    assert publish(package()).revision == 4


def test_a_newer_version_waits_for_its_day_and_leaves_the_older_one_as_it_was() -> None:
    old = publish(package(version="2026-04-01"))
    new = publish(package([NOTIFY], version="2027-04-01"))
    with clock.travel(date(2027, 3, 31)):
        before = queries.current("dog-registration")
    with clock.travel(date(2027, 4, 1)):
        after = queries.current("dog-registration")
    assert before is not None
    assert after is not None
    assert (before.pk, after.pk) == (old.pk, new.pk)
    assert [node.id for node in queries.package(old).graph.steps] == ["examine", "examine-correction", "notify-decided"]


def test_what_comes_out_of_the_database_is_what_was_published() -> None:
    one = package()
    published = queries.package(publish(one))
    assert published.procedure == one.procedure
    assert published.graph.as_json() == one.graph.as_json()
    assert json.dumps(published.graph.as_json()) == json.dumps(one.graph.as_json())


@pytest.mark.parametrize("field", ["digest", "code", "identity"])
def test_a_published_version_never_changes(field: str) -> None:
    row = publish(package())
    with pytest.raises(IntegrityError, match="never changes"):
        Procedure.objects.filter(pk=row.pk).update(**{field: "x"})


def test_a_withdrawn_version_is_not_offered() -> None:
    row = publish(replace(package(), folder=Path("x")))
    actions.withdraw(row, by=SYSTEM)
    with clock.travel(date(2026, 5, 1)):
        assert queries.current("dog-registration") is None
