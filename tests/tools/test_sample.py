"""A small sample city: it holds what real cases leave behind, the log is whole, and nothing follows from its past."""

import re
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from madoguchi.cases import jobs
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Step
from madoguchi.cases.queries.worklist import Filters
from madoguchi.events import actions as log
from madoguchi.events import queries as events
from madoguchi.events.models import Event
from madoguchi.facts.tests.ledger import as_owner, recorded
from madoguchi.ground.errors import Stale
from madoguchi.ground.ids import parse_reference
from madoguchi.people.models import Account, Person
from madoguchi.people.queries import actor_of_account, actor_of_person
from madoguchi.procedures.tests.shipped import fewest, publish, steps_of
from madoguchi.site import demo
from madoguchi.site.demo import Story
from madoguchi.site.sample import fill

pytestmark = pytest.mark.django_db(transaction=True)


def telling_stories() -> Iterator[Story]:
    """Of the demo's stories those of few procedures that have all its kinds of step, and of those that go alike one.

    The start of the demo plays them all (test_starting).
    """
    stories = list(demo._stories())
    chosen = fewest({one.procedure: steps_of(one.procedure) for one in stories})
    told: set[tuple[object, ...]] = set()
    for one in stories:
        way = (one.procedure, one.cast, one.told is None, *(deed for _, deed in one.told or ()))
        if one.procedure in {*chosen, "child-allowance-claim"} and way not in told:
            told.add(way)
            yield one


def test_a_sample_city(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO = True
    settings.DATA_PACK, settings.SAMPLE_PARCELS = None, 1_000
    some = list(telling_stories())
    monkeypatch.setattr(demo, "_stories", lambda: some)
    publish(*{one.procedure for one in some})
    told: list[tuple[str, int, int]] = []
    made = fill(300, 250, 12_000, progress=lambda *heard: told.append(heard))

    # As many as were asked for, and said while it was made.
    casts = Case.objects.filter(email__startswith="mihon-")
    assert (made.residents, made.cases, casts.count()) == (300, 250, 250)
    assert Event.objects.count() >= 12_000 * 0.97
    assert ("住民", 300, 300) in told
    assert told[-2:] == [("手続", 250, 250), ("索引", 1, 1)]

    # Each cast is a case like any other: its own person, number, promise, steps and history.
    numbers = list(casts.values_list("number", flat=True))
    assert len(set(numbers)) == 250
    assert all(parse_reference(str(one)) == one for one in numbers)
    with as_owner():
        assert not casts.filter(person__facts=None).exists()
    assert casts.filter(state="closed").count() > 150
    assert not casts.filter(state="closed", decision=None).exists()
    assert not Step.objects.filter(case__in=casts, case__state="closed", done_at=None).exists()
    moves = casts.filter(procedure__code__in=("change-of-address", "moving-out"))
    stayed = casts.filter(state="closed").exclude(person__in=moves.values("person"))
    ended = stayed.select_related("procedure").order_by("received_at")[0]
    by = actor_of_person(ended.person_id, "card")
    assert cases.own_case(str(ended.number), by) == ended
    assert cases.standing(ended).turn == "nobody"
    said = ended.answers["person"]
    names = {key: one.value for key, one in recorded(ended.person_id).items()}
    assert said["full_name"] == names["person.full_name"]
    assert said["registered_address"] == names["person.registered_address"]
    assert not re.search("見本 花子|谷口", str(ended.answers))
    assert [one.event.verb for one in cases.history(ended) if one.event.verb == "case.submit"] == ["case.submit"]

    # The desk finds them by their own name, not by their mould's.
    clerk = actor_of_account(Account.objects.get(username="children-clerk"))
    one = casts.filter(procedure__code="child-allowance-claim", state="closed").order_by("received_at")[0]
    by_name = cases.listing("ended", clerk, Filters(words=one.answers["person"]["full_name"]), limit=500)
    assert one in [line.case for line in by_name]
    assert {line.applicant for line in by_name} == {one.applicant}

    # It all happened long ago: no job follows, no period is over that nobody dealt with, and the log can be proven.
    before = ProcrastinateJob.objects.count()
    assert log.relay() == 0
    assert ProcrastinateJob.objects.count() == before
    fired = jobs.fire_due()
    assert fired <= 10
    while log.seal():
        pass
    assert events.verify().first is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'event'")
        assert {"event_order", "event_subject", "event_verb"} <= {name for (name,) in cursor.fetchall()}

    # The same city is not poured in twice.
    people = Person.objects.count()
    with pytest.raises(Stale):
        fill(300, 250, 0, progress=lambda *_: None)
    assert Person.objects.count() == people


def test_real_residents_are_never_joined(settings: LazySettings) -> None:
    settings.DEMO = False
    with pytest.raises(RuntimeError):
        fill(10, 10, 0, progress=lambda *_: None)
    assert Person.objects.count() == 0
