"""Which of several sources counts: compared with the rule in plain Python, whatever comes in and in whatever order."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madoguchi.events import Actor
from madoguchi.facts.actions.ledger import append, row_of
from madoguchi.facts.models import Entry, Import, Source
from madoguchi.facts.queries import all_known, known
from madoguchi.facts.rules import Purpose
from madoguchi.ground import clock
from madoguchi.people.models import Person

KEY = "person.registered_address"
RECORDS = (Source.CARD, Source.REGISTER, Source.STAFF, Source.DOCUMENT)
Row = tuple[Source, int, str]
Told = tuple[Source, int, int, str]

pytestmark = pytest.mark.django_db


def kept(told: list[Row], *, stands: bool) -> list[Told]:
    """What is appended: whoever confirms what counts now, or has said it, adds nothing; nor does a card shown again,
    nor somebody who speaks for the person, unless nobody else's word counts."""
    rows: list[Told] = []
    for number, (source, day, value) in enumerate(told):
        last = best(rows, stands=stands)
        again = last is not None and last[3] == value and source in (last[0], Source.SELF)
        before = best([one for one in rows if one[0] == Source.CARD], stands=False)
        shown_again = source == Source.CARD and before is not None and before[3] == value
        overrules = source == Source.PROXY and last is not None and last[0] != Source.PROXY
        if not again and not shown_again and not overrules:
            rows.append((source, day, number, value))
    return rows


def best(rows: list[Told], *, stands: bool) -> Told | None:
    """The word of the nearest day, of one day the later one; a card comes last where its person is in a register."""
    return max(rows, key=lambda one: (not (stands and one[0] == Source.CARD), one[1], one[2]), default=None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(st.tuples(st.sampled_from(list(Source)), st.integers(0, 5), st.sampled_from("ab")), max_size=7),
    stands=st.sampled_from([None, "stands", "gone"]),
)
def test_what_counts_where_sources_differ(db: None, told: list[Row], stands: str | None) -> None:
    person = Person.objects.create()
    by, today = Actor("resident", person.pk, level="card"), clock.today()
    if stands is not None:
        run = Import.objects.create(register="residents", office="residents", day=today, digest="0" * 64, is_whole=True)
        gone = today if stands == "gone" else None
        Entry.objects.create(
            register="residents", number=str(person.pk), person=person, digest=b"", seen=run, gone_since=gone
        )
    for source, day, value in told:
        append([row_of(person.pk, KEY, value)], source, day=today - dt.timedelta(days=5 - day))
    is_there = stands == "stands"
    rows = kept(told, stands=is_there)
    records = best([one for one in rows if one[0] in RECORDS], stands=is_there)
    words = best([one for one in rows if one[0] not in RECORDS], stands=is_there)
    purpose = Purpose("view")

    def answer(sources: tuple[Source, ...] = ()) -> str | None:
        found = known(person.pk, [KEY], purpose, by=by, sources=sources)
        return found[KEY].value if found else None

    counts = best(rows, stands=is_there)
    assert answer() == (counts and counts[3])
    assert answer(RECORDS) == (records and records[3])
    apart = [one.value for one in all_known(person.pk, purpose, by=by)]
    assert apart == [one[3] for one in (records, words) if one is not None]


def test_a_word_never_takes_the_place_of_a_record(db: None) -> None:
    person = Person.objects.create()
    by = Actor("resident", person.pk, level="card")
    append([row_of(person.pk, KEY, "台帳の住所")], Source.REGISTER, day=clock.today() - dt.timedelta(days=400))
    append([row_of(person.pk, KEY, "わたしの言う住所")], Source.SELF)
    append([row_of(person.pk, KEY, "代わりの人の言う住所")], Source.PROXY)
    assert known(person.pk, [KEY], Purpose("view"), by=by, sources=RECORDS)[KEY].value == "台帳の住所"
