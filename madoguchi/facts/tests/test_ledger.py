"""The ledger: two times, one door, nothing read that no law permits, and no reading that its person does not see."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from madoguchi.events import SYSTEM, Actor, Reason, act
from madoguchi.events.models import Event
from madoguchi.facts.actions import forget, permit, state
from madoguchi.facts.models import Basis, Fact, Level, Source
from madoguchi.facts.queries import Known, NoBasis, count, everything, holders, known, known_rows, read
from madoguchi.facts.queries import readings as shown
from madoguchi.facts.rules import Permit, Purpose
from madoguchi.facts.tests.ledger import as_owner, rows_of
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.people.models import Person

pytestmark = pytest.mark.django_db

ANYONE = Reason("test-anyone", "試験だから", lambda actor, subject: True)
NAME, ADDRESS = "person.full_name", "person.registered_address"
VIEW = Purpose("view")
LOOK_UP = Purpose("look_up", "child-allowance-claim", "children")
INTERNAL = Permit(
    reference="kojin-joho-hogo-ho/第69条第2項第2号",
    title="個人情報の保護に関する法律第69条第2項第2号",
    kind="内部利用",
    purpose="look_up",
    since=dt.date(2023, 4, 1),
    procedures=("child-allowance-claim",),
    facts=(ADDRESS,),
    offices=("children",),
)


@pytest.fixture
def person() -> Person:
    return Person.objects.create()


def resident(person: Person) -> Actor:
    return Actor("resident", person.pk, level="card")


def told(person: Person, source: Source = Source.CARD, **values: str) -> None:
    names = {"name": NAME, "address": ADDRESS}
    state(person, {(names[key], ""): value for key, value in values.items()}, source, by=SYSTEM)


def readings(person: Person) -> list[tuple[str, str, dict[str, Any]]]:
    rows = Event.objects.filter(subject_id=person.pk, verb="facts.read").order_by("id")
    return [(one.outcome, one.reason, one.data) for one in rows]


# -- the door ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "around",
    [
        lambda: list(Fact.objects.all()),
        lambda: Fact.objects.count(),
        lambda: Fact.objects.filter(key=NAME).exists(),
        lambda: Fact.objects.update(value="x"),
        lambda: Fact.objects.create(person_id=UUID(int=9), key=NAME, value="x", source="self"),
        lambda: Fact.objects.all().delete(),
        lambda: list(Person.objects.filter(facts__key=NAME)),
        lambda: Fact.objects.raw("SELECT * FROM fact")[:1],
        lambda: Basis.objects.create(reference="x", title="x", kind="x", purpose="view", since=dt.date(2020, 1, 1)),
        lambda: Basis.objects.update(facts=[]),
        lambda: Basis.objects.all().delete(),
        lambda: connection.cursor().execute("COPY fact TO STDOUT"),
        lambda: connection.cursor().execute("TRUNCATE fact"),
        lambda: connection.cursor().execute("TRUNCATE event CASCADE"),
        lambda: connection.cursor().execute("UPDATE event SET verb = 'x'"),
        lambda: connection.cursor().execute("ALTER TABLE fact DISABLE TRIGGER ALL"),
        lambda: connection.cursor().execute("DROP FUNCTION fact_count"),
        lambda: connection.cursor().execute("CREATE OR REPLACE FUNCTION fact_count(p_person uuid) RETURNS bigint "
                                            "LANGUAGE sql AS $$ SELECT 1 $$"),
    ],
)  # fmt: skip
def test_whoever_goes_around_the_door_is_refused_by_the_database(person: Person, around: Any) -> None:
    told(person, name="見本 花子")
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():  # noqa: TID251
        around()
    assert [one.value for one in read(person.pk, [NAME], VIEW, by=resident(person))] == ["見本 花子"]


def test_who_is_not_web_or_worker_has_no_door_at_all(person: Person) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'fact\\_%%' AND prosecdef")
        assert cursor.fetchone()[0] == 28
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'fact\\_%%' AND prosecdef"
            " AND has_function_privilege('pg_monitor', oid, 'EXECUTE')"
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'fact\\_%%' AND prosecdef"
            " AND NOT has_function_privilege('madoguchi_app', oid, 'EXECUTE') ORDER BY proname"
        )
        own = [
            "fact_dwellings",
            "fact_home",
            "fact_is_confidential",
            "fact_is_hidden",
            "fact_is_represented",
            "fact_members",
            "fact_permitted",
            "fact_says_confidential",
            "fact_speaks_as",
        ]
        assert [one for (one,) in cursor.fetchall()] == own, "what only the door itself asks"


def test_not_even_the_owner_changes_what_was_recorded(person: Person) -> None:
    told(person, name="見本 花子")
    with as_owner(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():  # noqa: TID251
        Fact.objects.update(value="だれか")
    assert known(person.pk, [NAME], VIEW, by=resident(person))[NAME].value == "見本 花子"


def _all_that_is_told(person: Person, guess: str, source: Source, case: UUID) -> list[Any]:
    """What the role of web and worker can see of a statement, and of its end, without a reading."""
    seen: list[Any] = [count(person.pk)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        assert cursor.fetchone() == ("madoguchi_app",)
        row = {"id": str(uuid7()), "person": str(person.pk), "key": NAME, "row": "", "value": guess}
        cursor.execute(
            "SELECT * FROM fact_state(%s, %s, 'stated', %s, '', %s, %s)",
            [json.dumps([row]), source, case, clock.today(), clock.now()],
        )
        seen += [cursor.fetchall(), cursor.rowcount, count(person.pk)]
        cursor.execute("SELECT * FROM fact_forget(%s, NULL)", [case])
        seen += [cursor.fetchall(), cursor.rowcount, count(person.pk)]
    state(person, {(NAME, ""): guess}, source, by=SYSTEM, case_id=case)
    forget(case, by=SYSTEM)
    events = Event.objects.filter(verb__in=("facts.state", "facts.forget")).order_by("-id")[:2]
    return [*seen, *(one.data for one in events)]


@pytest.mark.parametrize("source", [Source.SELF, Source.CARD, Source.PROXY, Source.STAFF])
def test_a_guess_that_is_stated_tells_nobody_whether_it_was_right(person: Person, source: Source) -> None:
    told(person, name="見本 花子")
    case = UUID(int=8)
    right, wrong = (_all_that_is_told(person, guess, source, case) for guess in ("見本 花子", "見本 太郎"))
    assert right == wrong
    assert rows_of(person.pk) == 1
    assert known(person.pk, [NAME], VIEW, by=resident(person))[NAME].value == "見本 花子"


def test_ones_own_facts_are_read_by_right_and_the_reading_is_in_the_log(person: Person) -> None:
    told(person, name="見本 花子", address="大東市曙町4番6号")
    purpose = Purpose("prefill", "dog-registration", case=UUID(int=7))
    found = known(person.pk, [NAME, "person.phone"], purpose, by=resident(person))
    assert {key: (one.value, one.source, one.level) for key, one in found.items()} == {
        NAME: ("見本 花子", Source.CARD, Level.ATTESTED)
    }
    assert readings(person) == [
        (
            "done",
            "own-facts",
            {
                "purpose": "prefill",
                "keys": [NAME, "person.phone"],
                "procedure": "dog-registration",
                "case": str(UUID(int=7)),
            },
        )
    ]
    assert "見本" not in str(readings(person)), "what was read stands in no log"


@pytest.mark.parametrize(
    "who",
    [
        Actor("resident", UUID(int=1), level="card-signature"),
        Actor("staff", UUID(int=2), frozenset({"children-head"}), frozenset({"children"})),
        Actor("partner", UUID(int=3), scopes=frozenset({"cases:read"}), procedures=frozenset({"*"})),
        Actor("visitor"),
        Actor("resident"),
        SYSTEM,
    ],
)
def test_without_a_basis_nobody_else_reads_and_the_refusal_is_in_the_log(person: Person, who: Actor) -> None:
    told(person, name="見本 花子")
    with pytest.raises(NoBasis) as refused:
        known(person.pk, [NAME], LOOK_UP, by=who)
    assert refused.value.keys == (NAME,)
    [(outcome, reason, data)] = readings(person)
    assert (outcome, reason, data["keys"]) == ("refused", "no-basis", [NAME])


def test_a_basis_covers_its_purpose_procedure_office_and_keys_on_its_days_only(person: Person) -> None:
    told(person, name="見本 花子", address="大東市曙町4番6号")
    permit([INTERNAL], by=SYSTEM)
    assert known(person.pk, [ADDRESS], LOOK_UP, by=SYSTEM)[ADDRESS].value == "大東市曙町4番6号"
    assert readings(person)[-1][2]["basis"] == [INTERNAL.reference]
    for purpose, keys in (
        (LOOK_UP, [ADDRESS, NAME]),
        (Purpose("disclosure", "child-allowance-claim", "children"), [ADDRESS]),
        (Purpose("look_up", "dog-registration", "children"), [ADDRESS]),
        (Purpose("look_up", "child-allowance-claim", "taxation"), [ADDRESS]),
    ):
        with pytest.raises(NoBasis):
            known(person.pk, keys, purpose, by=SYSTEM)
        assert readings(person)[-1][0] == "refused"
    with pytest.raises(NoBasis):
        everything(person.pk, LOOK_UP, by=SYSTEM)
    with clock.travel(dt.datetime(2023, 3, 31, 23, 59, tzinfo=clock.TOKYO)), pytest.raises(NoBasis):
        known(person.pk, [ADDRESS], LOOK_UP, by=SYSTEM)


def test_an_item_that_moves_is_a_new_row_from_its_day_of_effect(person: Person) -> None:
    told(person, address="大東市曙町4番6号")
    moved = dt.date(2027, 4, 1)
    before = Permit(**{**_fields(INTERNAL), "until": moved - dt.timedelta(days=1)})
    after = Permit(**{**_fields(INTERNAL), "reference": "kojin-joho-hogo-ho/第70条", "since": moved})
    permit([INTERNAL], by=SYSTEM)
    permit([before, after], by=SYSTEM)
    permit([before, after], by=SYSTEM)
    assert Basis.objects.count() == 3, "what is there already is not added again, what is gone is not deleted"
    for day, reference in ((dt.date(2027, 3, 31), before.reference), (moved, after.reference)):
        with clock.travel(dt.datetime(day.year, day.month, day.day, 12, tzinfo=clock.TOKYO)):
            known(person.pk, [ADDRESS], LOOK_UP, by=SYSTEM)
        assert readings(person)[-1][2]["basis"] == [reference]


def test_where_the_basis_is_consent_it_must_stand(person: Person) -> None:
    told(person, address="大東市曙町4番6号")
    consent = Permit(**{**_fields(INTERNAL), "kind": "本人同意"})
    permit([consent], by=SYSTEM)
    key = ("consent.child-allowance-claim", "")
    for value, is_read in ((None, False), (True, True), (False, False), (True, True)):
        if value is not None:
            state(person, {key: value}, Source.SELF, by=resident(person))
        if is_read:
            assert known(person.pk, [ADDRESS], LOOK_UP, by=SYSTEM)
        else:
            with pytest.raises(NoBasis):
                known(person.pk, [ADDRESS], LOOK_UP, by=SYSTEM)


def test_a_consent_outlives_the_case_in_which_it_was_given_or_taken_back(person: Person) -> None:
    told(person, address="大東市曙町4番6号")
    permit([Permit(**{**_fields(INTERNAL), "kind": "本人同意"})], by=SYSTEM)
    key = ("consent.child-allowance-claim", "")
    state(person, {key: True}, Source.SELF, by=resident(person))
    state(person, {("person.phone", ""): "072-000-0000"}, Source.SELF, by=resident(person), case_id=UUID(int=8))
    forget(UUID(int=8), by=SYSTEM)
    assert rows_of(person.pk) == 2
    assert known(person.pk, [ADDRESS], LOOK_UP, by=SYSTEM)
    state(person, {key: False}, Source.SELF, by=resident(person))
    with pytest.raises(NoBasis):
        known(person.pk, [ADDRESS], LOOK_UP, by=SYSTEM)
    state(person, {key: True}, Source.PROXY, by=SYSTEM)
    with pytest.raises(NoBasis):
        known(person.pk, [ADDRESS], LOOK_UP, by=SYSTEM)
    assert rows_of(person.pk) == 3, "what an agent said overruled nothing and is not there"
    forget(None, person_id=person.pk, by=SYSTEM)
    assert (rows_of(person.pk), count(person.pk)) == (0, 0)


def test_what_an_open_basis_permits_is_shown_whatever_another_hides(person: Person) -> None:
    told(person, name="見本 花子", address="大東市曙町4番6号")
    hidden = Permit(**{**_fields(INTERNAL), "reference": "x/1", "facts": (ADDRESS, NAME), "undisclosed": True})
    permit([INTERNAL, hidden], by=SYSTEM)
    known(person.pk, [ADDRESS, NAME], LOOK_UP, by=SYSTEM)
    [one] = shown(person.pk, most=5)
    assert (one.keys, one.laws) == ((ADDRESS,), (INTERNAL.title,))
    assert readings(person)[-1][2]["undisclosed"] == {"keys": [NAME], "basis": ["x/1"]}
    known(person.pk, [NAME], LOOK_UP, by=SYSTEM)
    assert len(shown(person.pk, most=5)) == 1
    with pytest.raises(NoBasis):
        known(person.pk, [NAME, "person.phone"], LOOK_UP, by=SYSTEM)
    [refused, _] = shown(person.pk, most=5)
    assert (refused.done, refused.keys) == (False, ("person.phone",)), "a refusal is never hidden"


@act("test.look-around", allow=(ANYONE,))
def look_around(person: Person, *, by: Actor) -> None:
    """何かのついでに見る"""
    known(person.pk, [NAME], LOOK_UP, by=by)


def test_an_act_that_ends_by_a_refused_reading_says_what_was_not_read(person: Person) -> None:
    clerk = Actor("staff", UUID(int=2), frozenset({"children-head"}), frozenset({"children"}))
    with pytest.raises(NoBasis):
        look_around(person, by=clerk)
    one = Event.objects.get(verb="test.look-around", outcome="refused")
    assert (one.reason, one.data["keys"], one.data["purpose"]) == ("no-basis", [NAME], "look_up")
    assert one.data["person"] == str(person.pk)


def test_who_is_looked_for_is_found_by_those_who_may_only(person: Person) -> None:
    state(person, {("person.date_of_birth", ""): "1950-04-01"}, Source.REGISTER, by=SYSTEM)
    officer = Actor("staff", UUID(int=2), frozenset({"clerk"}), frozenset({"digital-services"}))
    asked = Purpose("disclosure", office="digital-services")

    def found() -> list[UUID]:
        return holders("person.date_of_birth", "1950-04-01", asked, by=officer, most=5)

    with pytest.raises(NoBasis):
        found()
    disclosure = Permit(
        reference="x/第76条", title="第76条", kind="開示", purpose="disclosure", since=dt.date(2023, 4, 1)
    )
    permit([disclosure], by=SYSTEM)
    assert found() == [person.pk]
    events = list(Event.objects.filter(verb="facts.find").order_by("id").values_list("outcome", "data"))
    assert [outcome for outcome, _ in events] == ["refused", "done"]
    assert "1950" not in str(events)


# -- two times --------------------------------------------------------------------------------------------------------


def test_a_better_source_stays_and_a_correction_is_a_newer_fact(person: Person) -> None:
    told(person, name="見本 花子")
    told(person, Source.SELF, name="見本 花子")
    assert rows_of(person.pk) == 1, "who confirms what the card said adds nothing"
    told(person, Source.SELF, name="見本 華子")
    told(person, Source.CARD, name="見本 華子")
    kept = everything(person.pk, VIEW, by=resident(person))
    assert [(one.value, one.source) for one in kept] == [
        ("見本 華子", Source.CARD),
        ("見本 華子", Source.SELF),
        ("見本 花子", Source.CARD),
    ]


def test_as_known_on_a_day_is_one_question(person: Person) -> None:
    """Moved on 1 December, told on 20 November; found out in January that it was 5 December."""
    at = {day: dt.datetime.fromisoformat(f"{day}T12:00+09:00") for day in ("2026-06-01", "2026-11-20", "2027-01-10")}
    for day, town, since, until in (
        ("2026-06-01", "曙町", None, None),
        ("2026-11-20", "住道", "2026-12-01", None),
        ("2027-01-10", "曙町", "2026-12-01", "2026-12-05"),
    ):
        valid = tuple(dt.date.fromisoformat(one) if one else None for one in (since, until))
        with clock.travel(at[day]):
            state(person, {(ADDRESS, ""): town}, Source.REGISTER, by=SYSTEM, valid=valid)  # type: ignore[arg-type]

    def address(day: str, known_at: dt.datetime) -> str:
        [one] = read(person.pk, [ADDRESS], VIEW, by=resident(person), day=dt.date.fromisoformat(day), known_at=known_at)
        return str(one.value)

    late, meanwhile, early = dt.datetime(2027, 2, 1, tzinfo=dt.UTC), at["2026-11-20"], at["2026-06-01"]
    assert address("2026-11-30", late) == "曙町"
    assert [address("2026-12-03", one) for one in (early, meanwhile, late)] == ["曙町", "住道", "曙町"]
    assert [address("2026-12-05", one) for one in (early, meanwhile, late)] == ["曙町", "住道", "住道"]


days = st.none() | st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 9))


def _holds_for_a_while(told: tuple[dt.date | None, dt.date | None, str]) -> bool:
    since, until, _ = told
    return since is None or until is None or since < until


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(days, days, st.sampled_from("abc")).filter(_holds_for_a_while),
        max_size=6,
    ),
    st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 9)),
    st.integers(0, 6),
)
def test_what_is_known_is_what_was_recorded_last_of_what_holds(
    told: list[tuple[dt.date | None, dt.date | None, str]], day: dt.date, seen: int
) -> None:
    """What is told without days, when there are such with days, speaks of its own day, which is none of these."""
    person, began = Person.objects.create(), dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    expected: str | None = None
    has_days = False
    for number, (since, until, value) in enumerate(told):
        with clock.travel(began + dt.timedelta(hours=number)):
            state(person, {(NAME, ""): value}, Source.REGISTER, by=SYSTEM, valid=(since, until))
        is_undated = since is None and until is None
        holds = (since is None or since <= day) and (until is None or day < until) and not (is_undated and has_days)
        has_days = has_days or not is_undated
        if number <= seen and holds:
            expected = value
    known_at = began + dt.timedelta(hours=seen)
    found = read(person.pk, [NAME], VIEW, by=resident(person), day=day, known_at=known_at)
    assert [one.value for one in found] == ([expected] if expected is not None else [])


def test_a_confirmation_rewrites_neither_the_past_nor_what_is_to_come(person: Person) -> None:
    """Of who has moved and is going to move again: one tap on what is known, then a correction in a form."""
    by = resident(person)
    for town, since in (("曙町", None), ("住道", dt.date(2026, 6, 1)), ("野崎", dt.date(2027, 4, 1))):
        with clock.travel(dt.datetime(2026, 5, 1, 12, tzinfo=clock.TOKYO)):
            state(person, {(ADDRESS, ""): town}, Source.REGISTER, by=SYSTEM, valid=(since, None))

    def towns() -> list[tuple[str, Source]]:
        asked = (dt.date(2026, 5, 31), dt.date(2026, 12, 1), dt.date(2027, 4, 2))
        found = [known_on(person, day) for day in asked]
        return [(str(one.value), one.source) for one in found]

    before = [("曙町", Source.REGISTER), ("住道", Source.REGISTER), ("野崎", Source.REGISTER)]
    assert towns() == before
    with clock.travel(dt.datetime(2026, 11, 1, 12, tzinfo=clock.TOKYO)):
        state(person, {(ADDRESS, ""): "住道"}, Source.SELF, by=by)
        assert towns() == before
        assert rows_of(person.pk) == 3, "the register stays"
        state(person, {(ADDRESS, ""): "諸福"}, Source.SELF, by=by)
    assert towns() == [before[0], ("諸福", Source.SELF), before[2]]


def known_on(person: Person, day: dt.date) -> Known:
    [one] = read(person.pk, [ADDRESS], VIEW, by=resident(person), day=day)
    return one


def test_rows_of_a_group_keep_the_order_in_which_they_were_told(person: Person) -> None:
    case = UUID(int=5)
    for number in (0, 1, 10, 2):
        state(person, {("child.full_name", f"{case}:{number}"): f"子{number}"}, Source.SELF, by=SYSTEM)
    rows = known_rows(person.pk, ["child.full_name"], VIEW, by=resident(person))
    assert [row["child.full_name"].value for row in rows.values()] == ["子0", "子1", "子2", "子10"]


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("fact_holds_for_a_while", {"valid": (dt.date(2026, 1, 2), dt.date(2026, 1, 2))}),
        ("fact_evidence_is_sha256", {"evidence": "abc"}),
    ],
)
def test_what_cannot_be_is_not_recorded(person: Person, name: str, broken: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match=name):
        state(person, {(NAME, ""): "見本"}, Source.DOCUMENT, by=SYSTEM, **broken)


def _fields(one: Permit) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Permit.__dataclass_fields__}
