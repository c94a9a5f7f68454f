"""支援措置 (秘匿): of whom it is said, nothing is known to anybody whose law does not say so, and nothing shows it."""

import datetime as dt
import random
import re
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import permit, state
from madoguchi.facts.models import Entry, Fact, Import, Pair, Source
from madoguchi.facts.queries import Member, NoBasis, everything, holders, household_of, known, open_to, readings
from madoguchi.facts.rules import Permit, Purpose
from madoguchi.facts.tests.ledger import as_owner
from madoguchi.facts.tests.registers import DAY, HANAKO, MATCH, imported, person
from madoguchi.facts.tests.test_meeting import signs_in
from madoguchi.ground import clock
from madoguchi.people.models import Person

pytestmark = pytest.mark.django_db

NAME, ADDRESS = "person.full_name", "person.registered_address"
DISCLOSURE = Permit(reference="x/76", title="第76条", kind="開示", purpose="disclosure", since=dt.date(2023, 4, 1))
OPEN = Permit(
    reference="x/76", title="第76条", kind="開示", purpose="disclosure", since=dt.date(2023, 4, 1),
    offices=("residents",), confidential=True,
)  # fmt: skip
HOUSEHOLD = Permit(
    reference="x/12", title="第12条", kind="内部利用", purpose="household", since=dt.date(2021, 9, 1),
    procedures=("change-of-address",), facts=(NAME, "person.date_of_birth"),
)  # fmt: skip
ANY, RESIDENTS = Purpose("disclosure", office="digital-services"), Purpose("disclosure", office="residents")
FORM = Purpose("household", "change-of-address")
CLERK = Actor("staff", UUID(int=7), frozenset({"x"}), frozenset({"digital-services"}))
FAMILY = (
    HANAKO,
    person("0002", 氏名="見本 太郎", 続柄="夫", 性別="1", 生年月日="1988-11-03"),
    person("0003", 氏名="見本 桃子", 続柄="子", 生年月日="2018-05-05"),
    person("0004", 氏名="見本 一郎", 続柄="子", 性別="1", 生年月日="2020-05-05"),
    person("0009", 氏名="谷川 梅子", 世帯番号="78"),
)


def of(number: str) -> UUID:
    return Entry.objects.get(number=number).person_id


def me(number: str, level: str = "card") -> Actor:
    return Actor("resident", of(number), level=level)


def names(members: list[Member]) -> list[str]:
    return [str(one.known[NAME].value) for one in members]


# -- readings ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def protected(tmp_path: Path) -> UUID:
    imported(tmp_path, [person("0001", 支援措置="1")])
    permit([DISCLOSURE, OPEN], by=SYSTEM)
    return of("0001")


def test_a_reader_whose_law_does_not_name_them_finds_nothing_known(protected: UUID) -> None:
    assert known(protected, [NAME, ADDRESS], ANY, by=CLERK) == {}
    assert everything(protected, ANY, by=CLERK) == []
    event = Event.objects.filter(verb="facts.read").order_by("id").first()
    assert event is not None
    assert (event.outcome, sorted(event.data["withheld"]), event.data["keys"]) == ("done", [NAME, ADDRESS], [])
    assert readings(protected, most=9) == [], "what was not read is no reading"


def test_the_law_that_names_them_and_their_own_right_read_all(protected: UUID) -> None:
    assert known(protected, [NAME, ADDRESS], RESIDENTS, by=CLERK)[ADDRESS].value == HANAKO["住所"]
    own = known(protected, [NAME, "person.confidential"], Purpose("view"), by=me("0001"))
    assert own["person.confidential"].value is True


def test_without_any_law_it_is_refused_as_of_anybody(protected: UUID) -> None:
    with pytest.raises(NoBasis):
        known(protected, [NAME], Purpose("look_up", "x", "residents"), by=CLERK)


def test_whoever_is_looked_for_is_not_there(protected: UUID) -> None:
    def found(purpose: Purpose) -> list[UUID]:
        return holders("person.date_of_birth", HANAKO["生年月日"], purpose, by=CLERK, most=9)

    assert (found(ANY), found(RESIDENTS)) == ([], [protected])
    assert not open_to([protected], ANY)
    assert open_to([protected], RESIDENTS) == {protected}


def test_it_ends_when_the_register_says_so_and_nobody_says_it_of_themselves(protected: UUID, tmp_path: Path) -> None:
    state_it = {("person.confidential", ""): False}
    state(Person(pk=protected), state_it, Source.SELF, by=me("0001"))
    assert known(protected, [NAME], ANY, by=CLERK) == {}
    imported(tmp_path, [HANAKO], DAY)
    permit([DISCLOSURE, OPEN], by=SYSTEM)
    assert known(protected, [NAME], ANY, by=CLERK)[NAME].value == HANAKO["氏名"]


# -- who is not linked yet --------------------------------------------------------------------------------------------


def met(protected: UUID, **card: Any) -> UUID:
    """Somebody signs in by card whom the entry does not fit beyond doubt."""
    one = signs_in(**card)
    assert one.pk != protected
    permit([MATCH, DISCLOSURE, OPEN], by=SYSTEM)
    return one.pk


def test_whoever_waits_to_be_joined_with_a_protected_entry_is_protected(protected: UUID) -> None:
    permit([MATCH], by=SYSTEM)
    one = met(protected, address="大阪府大東市三箇1番1号")
    pair = Pair.objects.get(person=one)
    assert known(one, [NAME, ADDRESS], ANY, by=CLERK) == {}
    assert known(one, [NAME], RESIDENTS, by=CLERK)[NAME].value == "見本 花子"
    assert (one in open_to([one], ANY), one in open_to([one], RESIDENTS)) == (False, True)
    Pair.objects.filter(pk=pair.pk).update(decided_at=clock.now(), is_same=False)
    assert known(one, [NAME], ANY, by=CLERK)[NAME].value == "見本 花子", "somebody else after all"


@pytest.mark.parametrize("name", ["見本 花子", "見本花子", "見本　花子 "])
def test_whoever_has_the_name_and_birthday_of_a_protected_entry_is_not_found(protected: UUID, name: str) -> None:
    """Who signs in by mail and types both is compared with nobody, and nobody knows that it is they."""
    one = Person.objects.create()
    told = {(NAME, ""): name, ("person.date_of_birth", ""): HANAKO["生年月日"], (ADDRESS, ""): "大東市三箇1番1号"}
    state(one, told, Source.SELF, by=Actor("resident", one.pk, level="contact"))

    def found(purpose: Purpose) -> set[UUID]:
        there = holders("person.date_of_birth", HANAKO["生年月日"], purpose, by=CLERK, most=9)
        assert set(there) == open_to([one.pk, protected], purpose)
        return set(there)

    assert (found(ANY), found(RESIDENTS)) == (set(), {protected, one.pk})


def test_whoever_only_shares_the_birthday_is_found(protected: UUID) -> None:
    one = Person.objects.create()
    told = {(NAME, ""): "谷川 梅子", ("person.date_of_birth", ""): HANAKO["生年月日"]}
    state(one, told, Source.SELF, by=Actor("resident", one.pk, level="contact"))
    assert holders("person.date_of_birth", HANAKO["生年月日"], ANY, by=CLERK, most=9) == [one.pk]


# -- asked of all at once ---------------------------------------------------------------------------------------------

#: The rule as it was asked row by row before it became one question of all (migration 0012).
ROW_BY_ROW = import_module("madoguchi.facts.migrations.0012_who_is_protected_is_one_question").ROW_BY_ROW
RULES = {
    "fact_says_confidential": "fact_said_confidential",
    "fact_is_confidential": "fact_confidential",
    "fact_is_hidden": "fact_hidden",
}


def peopled(chance: random.Random, count: int) -> None:
    """Persons of few names and birthdays, of whom anybody says now this, now that, for any days, in any order."""
    people = Person.objects.bulk_create(Person() for _ in range(count))
    days = [None, *(DAY + dt.timedelta(days=at) for at in range(4))]

    def fact(person: Person, key: str, value: object) -> Fact:
        since, until = chance.choice(days), chance.choice(days)
        if since and until and since >= until:
            until = None
        known_at = dt.datetime(2026, 10, 1, chance.randrange(6), tzinfo=clock.TOKYO)  # some at the same moment
        return Fact(
            person=person,
            key=key,
            row=chance.choice(["", "", "", "case:0"]),
            value=value,
            source=chance.choice([Source.SELF, Source.REGISTER, Source.STAFF]),
            valid_from=since,
            valid_to=until,
            recorded_at=known_at,
        )

    facts = []
    for one in people:
        facts += [fact(one, "person.confidential", chance.random() < 0.4) for _ in range(chance.randrange(4))]
        facts += [fact(one, "person.date_of_birth", f"1990-04-{chance.randrange(10, 30)}") for _ in range(2)]
        facts += [fact(one, NAME, chance.choice(["見本 花子", "見本　花子", "谷川 梅子"])) for _ in range(2)]
        facts.append(fact(one, "person.full_name_kana", chance.choice(["ミホン ハナコ", "タニガワ ウメコ"])))
    with as_owner():
        Fact.objects.bulk_create(facts)
    seen = Import.objects.create(register="residents", office="x", day=DAY, digest="0" * 64, is_whole=True)
    entries = Entry.objects.bulk_create(
        Entry(register="residents", number=str(at), person=one, digest=b"", seen=seen)
        for at, one in enumerate(people)
        if chance.random() < 0.3
    )
    Pair.objects.bulk_create(
        Pair(
            entry=chance.choice(entries),
            person=one,
            comparison={},
            **({"decided_at": clock.now(), "is_same": False} if chance.random() < 0.5 else {}),
        )
        for one in people
        if chance.random() < 0.3
    )


def test_asked_of_all_at_once_the_answer_is_what_it_was_row_by_row() -> None:
    """On every day and of everybody: as it was asked before, as it is asked of one, and as it is asked of all."""
    peopled(random.Random(7), 60)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(re.sub(r"\bfact_(says|is)_", r"pg_temp.was_\1_", ROW_BY_ROW))
        for rule, of_all in RULES.items():
            cursor.execute(
                f"""
                SELECT pg_temp.{rule.replace("fact_", "was_", 1)}(p.id, day), {rule}(p.id, day),
                       p.id IN (SELECT person FROM {of_all}(day)), count(*)
                FROM person p, unnest(%s::date[]) AS day GROUP BY 1, 2, 3
                """,
                [[DAY + dt.timedelta(days=at) for at in (0, 2, 4)]],
            )
            found = {(was, one, among): count for was, one, among, count in cursor.fetchall()}
            assert found.keys() == {(True, True, True), (False, False, False)}
            assert min(found.values()) > 20, "both answers are there in number"


# -- households -------------------------------------------------------------------------------------------------------


@pytest.fixture
def family(tmp_path: Path) -> None:
    imported(tmp_path, FAMILY)
    permit([HOUSEHOLD], by=SYSTEM)


def test_who_lives_with_somebody_is_read_through_the_door(family: None) -> None:
    found = household_of(of("0001"), [NAME, "person.date_of_birth"], FORM, by=me("0001"))
    assert names(found) == ["見本 太郎", "見本 桃子", "見本 一郎"]
    assert [one.is_child for one in found] == [False, True, True]
    events = Event.objects.filter(verb="facts.read")
    assert set(events.values_list("subject_id", flat=True)) == {of("0002"), of("0003"), of("0004")}
    [reading] = readings(of("0002"), most=9)
    assert (reading.purpose, reading.laws) == ("household", ("第12条",))


def test_who_lives_with_somebody_is_told_the_day_and_neither_procedure_nor_hour(family: None) -> None:
    """Else opening a form tells the household which procedure somebody prepares."""
    with clock.travel(dt.datetime(2026, 11, 29, 21, 34, 56, tzinfo=clock.TOKYO)):
        household_of(of("0001"), [NAME], FORM, by=me("0001"))
    [reading] = readings(of("0002"), most=9)
    assert (reading.procedure, reading.day_only) == ("", True)
    assert reading.at == dt.datetime(2026, 11, 29, tzinfo=clock.TOKYO)
    assert Event.objects.get(subject_id=of("0002")).data["procedure"] == "change-of-address", "the log knows"


def test_a_child_of_the_head_is_nobody_elses_child(family: None) -> None:
    assert not any(one.is_child for one in household_of(of("0003"), [NAME], FORM, by=me("0003")))
    assert [one.is_child for one in household_of(of("0002"), [NAME], FORM, by=me("0002"))] == [False, True, True]


@pytest.mark.parametrize(
    "who",
    [Actor("staff", UUID(int=7), frozenset({"residents-head"}), frozenset({"residents"})), SYSTEM, Actor("visitor")],
)
def test_a_right_of_residents_is_nobody_elses(family: None, who: Actor) -> None:
    for purpose in (FORM, Purpose("household", "change-of-address", "residents")):
        with pytest.raises(NoBasis):
            household_of(of("0001"), [NAME], purpose, by=who)
    assert set(Event.objects.filter(verb="facts.read").values_list("outcome", flat=True)) == {"refused"}


def test_for_another_or_by_mail_nobody_is_there(family: None) -> None:
    with pytest.raises(NoBasis):
        household_of(of("0001"), [NAME], FORM, by=me("0009"))
    assert household_of(of("0001"), [NAME], FORM, by=me("0001", "contact")) == []
    assert not Event.objects.filter(verb="facts.read", outcome="done").exists()


def test_who_moves_or_leaves_is_not_there(family: None, tmp_path: Path) -> None:
    moved = [FAMILY[0], {**FAMILY[1], "世帯番号": "79"}, {**FAMILY[2], "消除日": "20261020"}, *FAMILY[3:]]
    imported(tmp_path, moved)
    permit([HOUSEHOLD], by=SYSTEM)
    assert names(household_of(of("0001"), [NAME], FORM, by=me("0001"))) == ["見本 一郎"]
    assert household_of(of("0003"), [NAME], FORM, by=me("0003")) == []


@pytest.mark.parametrize(("many", "seen"), [(20, 19), (21, 0)])
def test_more_than_twenty_of_one_number_are_no_household(tmp_path: Path, many: int, seen: int) -> None:
    """A home for the aged, or a number that a system writes where it has none."""
    imported(tmp_path, [person(f"{n:04}", 氏名=f"見本 {n}") for n in range(1, many + 1)])
    permit([HOUSEHOLD], by=SYSTEM)
    assert len(household_of(of("0001"), [NAME], FORM, by=me("0001"))) == seen


def test_a_household_in_which_one_becomes_protected_is_nobodys(tmp_path: Path) -> None:
    """Not the others without them: whoever saw three yesterday and sees two today has been told."""
    imported(tmp_path, FAMILY[:3])
    permit([HOUSEHOLD], by=SYSTEM)
    assert names(household_of(of("0001"), [NAME], FORM, by=me("0001"))) == ["見本 太郎", "見本 桃子"]
    before = Event.objects.filter(verb="facts.read").count()
    imported(tmp_path, [FAMILY[0], FAMILY[1], {**FAMILY[2], "支援措置": "1"}])
    permit([HOUSEHOLD], by=SYSTEM)
    for number in ("0001", "0002", "0003"):
        assert household_of(of(number), [NAME], FORM, by=me(number)) == []
    assert Event.objects.filter(verb="facts.read").count() == before, "a reading would tell the others, too"


def test_no_law_of_residents_opens_what_is_protected(tmp_path: Path) -> None:
    """Not even one that a city has written so by mistake: an office must be named."""
    imported(tmp_path, [FAMILY[0], {**FAMILY[1], "支援措置": "1"}])
    wrong = Permit(**{**{name: getattr(HOUSEHOLD, name) for name in Permit.__dataclass_fields__}, "confidential": True})
    permit([wrong], by=SYSTEM)
    assert household_of(of("0001"), [NAME], FORM, by=me("0001")) == []
    office = Permit(
        **{**{name: getattr(wrong, name) for name in Permit.__dataclass_fields__}, "offices": ("residents",)}
    )
    permit([office], by=SYSTEM)
    there = household_of(of("0001"), [NAME], Purpose("household", "change-of-address", "residents"), by=CLERK)
    assert names(there) == ["見本 太郎"]
