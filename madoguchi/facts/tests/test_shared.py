"""Households and places: what is known is read for all of it, shows in every log, and tells of nobody hidden."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from django.db import ProgrammingError, connection, transaction

from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import forget, permit, state
from madoguchi.facts.models import Source
from madoguchi.facts.queries import NoBasis, all_known, household_of, place_row, readings, shared, usages
from madoguchi.facts.rules import Permit, Purpose
from madoguchi.facts.tests.ledger import recorded
from madoguchi.facts.tests.registers import DAY, imported
from madoguchi.facts.tests.test_confidential import CLERK, FAMILY, FORM, HOUSEHOLD, NAME, me, of
from madoguchi.ground import clock
from madoguchi.people.models import Person

pytestmark = pytest.mark.django_db

TAXED, GRADE = "household.taxed", "dwelling.damage_grade"
CARE = Purpose("look_up", "care-high-cost-refund", "elderly-care", UUID(int=3))
DAMAGE = Purpose("look_up", "disaster-certificate", "taxation", UUID(int=4))
PAYS = Permit(
    reference="x/51", title="第51条", kind="内部利用", purpose="look_up", since=dt.date(2021, 9, 1),
    procedures=("care-high-cost-refund",), facts=(TAXED,), offices=("elderly-care",),
)  # fmt: skip
KEEPS = replace(PAYS, reference="x/90", title="第90条の4", procedures=("disaster-certificate",), facts=(GRADE,),
                offices=("taxation",))  # fmt: skip
HERE = ("大阪府", "大東市")
HOME = "大阪府大東市北条三丁目2番3号"


@pytest.fixture
def family(tmp_path: Path) -> None:
    """0001 花子 and 0002 太郎 with two children; 0009 lives elsewhere."""
    imported(tmp_path, FAMILY)
    permit([PAYS, KEEPS], by=SYSTEM)


def changed(tmp_path: Path, *lines: Mapping[str, str]) -> None:
    """The next file of the register."""
    imported(tmp_path, lines)
    permit([PAYS, KEEPS, HOUSEHOLD], by=SYSTEM)


def says(number: str, value: bool, case: int = 1) -> None:
    state(Person(pk=of(number)), {(TAXED, ""): value}, Source.STAFF, by=SYSTEM, case_id=UUID(int=case))


def taxed(number: str, purpose: Purpose = CARE) -> bool | None:
    found = shared(of(number), [TAXED], purpose, by=SYSTEM)
    return found[TAXED].value if TAXED in found else None


def log(number: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.purpose, one.keys) for one in readings(of(number), most=9)]


# -- a household ------------------------------------------------------------------------------------------------------


def test_what_was_found_for_one_is_known_for_everybody_who_lives_there_and_nobody_else(family: None) -> None:
    says("0001", False)
    assert [taxed(one) for one in ("0001", "0002", "0003", "0009")] == [False, False, False, None]
    assert "home:" in recorded_row("0001")
    assert TAXED not in {one.key for one in all_known(of("0002"), Purpose("view"), by=me("0002"))}, "what 花子 told"


def recorded_row(number: str) -> str:
    kept = all_known(of(number), Purpose("view"), by=me(number))
    return next(one.row for one in kept if one.key == TAXED)


def test_everybody_of_the_household_is_told_the_day_and_neither_procedure_nor_hour(family: None) -> None:
    says("0001", False)
    with clock.travel(dt.datetime(2027, 1, 5, 21, 34, tzinfo=clock.TOKYO)):
        taxed("0002")
    for number in ("0001", "0003", "0004"):
        [one] = readings(of(number), most=9)
        assert (one.keys, one.laws, one.office) == ((TAXED,), ("第51条",), "elderly-care")
        assert (one.procedure, one.day_only, one.at.hour) == ("", True, 0)
        assert "case" not in Event.objects.get(pk=one.id).data
        assert [told.at for told in usages(of(number), since=None, until=None, offset=0, most=9)[1]] == [one.at]
    [own] = readings(of("0002"), most=9)
    assert (own.procedure, own.day_only) == ("care-high-cost-refund", False), "whose case it is"
    assert log("0009") == []


@pytest.mark.parametrize(
    "after",
    [
        [FAMILY[0], FAMILY[1], FAMILY[2]],  # one is gone from the file
        [*FAMILY, {**FAMILY[0], "宛名番号": "0010", "氏名": "見本 梅", "続柄": "その他"}],  # one more moves in
        [FAMILY[0], {**FAMILY[1], "世帯番号": "79"}, *FAMILY[2:]],  # 太郎 has a household of his own
    ],
)
def test_whoever_comes_or_goes_makes_it_another_household(
    family: None, tmp_path: Path, after: list[Mapping[str, str]]
) -> None:
    says("0001", False)
    changed(tmp_path, *after)
    assert [taxed(one) for one in ("0001", "0002", "0003")] == [None, None, None]
    says("0001", True)
    assert taxed("0003") is True


def test_as_it_was_known_on_a_day_is_one_query(family: None, tmp_path: Path) -> None:
    """Of the day before the youngest left; what is known today is of those who are left, and that is nothing."""
    then = clock.now()
    says("0001", False)
    between = clock.now()
    says("0002", True)
    changed(tmp_path, *FAMILY[:3])

    def at(moment: dt.datetime, day: dt.date = DAY - dt.timedelta(days=1)) -> list[bool]:
        found = shared(of("0003"), [TAXED], CARE, by=SYSTEM, day=day, known_at=moment)
        return [one.value for one in found.values()]

    assert (at(then), at(between), at(clock.now())) == ([], [False], [True])
    assert at(clock.now(), clock.today()) == []


def test_without_a_register_it_is_the_persons_alone(family: None) -> None:
    one, other = Person.objects.create(), Person.objects.create()
    state(one, {(TAXED, ""): True}, Source.STAFF, by=SYSTEM)
    assert shared(one.pk, [TAXED], CARE, by=SYSTEM)[TAXED].value is True
    assert shared(other.pk, [TAXED], CARE, by=SYSTEM) == {}
    assert recorded(one.pk)[TAXED].row == ""


def test_it_goes_with_the_record_in_which_it_was_found(family: None) -> None:
    says("0001", False, 9)
    forget(UUID(int=9), by=SYSTEM)
    assert taxed("0002") is None


# -- 支援措置 ---------------------------------------------------------------------------------------------------------


def test_a_household_with_somebody_protected_tells_nothing_and_logs_nothing(family: None, tmp_path: Path) -> None:
    """What was known yesterday would tell by its going who is protected: of nobody of it anything is known, and nobody
    of it is told of a reading but whose case it is."""
    says("0001", False)
    changed(tmp_path, FAMILY[0], FAMILY[1], {**FAMILY[2], "支援措置": "1"}, *FAMILY[3:])
    before = {number: log(number) for number in ("0001", "0003", "0004")}
    assert [taxed(one) for one in ("0001", "0002", "0003")] == [None, None, None]
    assert log("0004") == before["0004"]
    assert log("0003") == before["0003"], "not even of a reading that found nothing"
    says("0002", True)
    assert taxed("0001") is None, "what is found meanwhile is of 太郎's case alone"
    assert taxed("0002") is True
    changed(tmp_path, *FAMILY)
    assert taxed("0001") is False


def test_whoever_has_fled_is_not_in_what_is_known_where_they_lived(family: None, tmp_path: Path) -> None:
    """Nor is where they live now: neither household's facts, nor its log, nor its members name the other."""
    says("0001", True)
    fled = {**FAMILY[0], "世帯番号": "98", "支援措置": "1", "住所": "大阪府大東市住道二丁目2番2号"}
    changed(tmp_path, fled, *FAMILY[1:])
    says("0001", False, 2)
    assert taxed("0002") is None
    assert household_of(of("0002"), [NAME], FORM, by=me("0002")) != []
    assert log("0001") == []
    assert taxed("0001") is None, "not to a law that does not name the protected"
    event = Event.objects.filter(subject_id=of("0001"), verb="facts.read").latest("id")
    assert (event.data["keys"], event.data["withheld"]) == ([], [TAXED])
    permit([replace(PAYS, confidential=True)], by=SYSTEM)
    assert taxed("0001") is False, "their own, by the law that names them"


# -- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        replace(PAYS, offices=()),
        replace(PAYS, offices=("children",)),
        replace(PAYS, procedures=("dog-registration",)),
        replace(PAYS, kind="本人同意"),
        replace(PAYS, until=dt.date(2024, 3, 31)),
    ],
)
def test_only_an_office_that_the_law_names_reads_it_and_the_refusal_is_in_the_log(family: None, wrong: Permit) -> None:
    says("0001", False)
    permit([wrong], by=SYSTEM)
    with pytest.raises(NoBasis):
        taxed("0002")
    [one] = readings(of("0002"), most=9)
    assert (one.done, one.keys) == (False, (TAXED,))
    assert log("0001") == []


@pytest.mark.parametrize(("keys", "row"), [(["person.full_name"], ""), ([TAXED], "home:1"), ([NAME], "0" * 32)])
def test_nothing_but_a_household_or_a_place_is_read_by_that_door(family: None, keys: list[str], row: str) -> None:
    permit([replace(PAYS, facts=())], by=SYSTEM)
    with pytest.raises(ProgrammingError, match="neither a household nor a place"), transaction.atomic():  # noqa: TID251
        shared(of("0001"), keys, CARE, by=SYSTEM, place=row)
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with connection.cursor() as cursor, refused, transaction.atomic():  # noqa: TID251
        cursor.execute("SELECT fact_home(%s, now()::date, now(), now()::date)", [of("0001")])


def test_an_office_reads_members_by_the_row_that_names_it_and_no_other(family: None) -> None:
    """A right of residents for one procedure, beside an office's for another, opens nothing to the office."""
    elsewhere = replace(HOUSEHOLD, reference="x/13", procedures=("moving",), offices=("residents",), facts=(NAME,))
    permit([HOUSEHOLD, elsewhere], by=SYSTEM)
    office = replace(FORM, office="residents")
    with pytest.raises(NoBasis):
        household_of(of("0001"), [NAME], office, by=CLERK)
    assert len(household_of(of("0001"), [NAME], replace(office, procedure="moving"), by=CLERK)) == 3
    with pytest.raises(NoBasis):
        household_of(of("0001"), [NAME, "person.date_of_birth"], replace(office, procedure="moving"), by=CLERK)
    assert len(household_of(of("0001"), [NAME], FORM, by=me("0001"))) == 3, "the right of residents is theirs"


def test_what_is_open_to_protected_persons_comes_from_that_row_too(family: None, tmp_path: Path) -> None:
    changed(tmp_path, FAMILY[0], {**FAMILY[1], "支援措置": "1"}, *FAMILY[2:])
    of_residents = replace(HOUSEHOLD, confidential=True)
    permit([of_residents, replace(HOUSEHOLD, reference="x/14", offices=("residents",))], by=SYSTEM)
    assert household_of(of("0001"), [NAME], replace(FORM, office="residents"), by=CLERK) == []


# -- a place ----------------------------------------------------------------------------------------------------------


def graded(person: UUID, address: str = HOME, day: str = "2026-06-18", case: int = 5) -> None:
    told = {(GRADE, place_row(address, HERE, [day])): "half"}
    state(Person(pk=person), told, Source.STAFF, by=SYSTEM, case_id=UUID(int=case))


def grade(person: UUID, address: str = HOME, day: str = "2026-06-18") -> str | None:
    found = shared(person, [GRADE], DAMAGE, by=SYSTEM, place=place_row(address, HERE, [day]))
    return found[GRADE].value if GRADE in found else None


@pytest.mark.parametrize(
    ("address", "day", "known"),
    [
        ("北条３－２－３", "2026-06-18", "half"),
        ("大東市北条3丁目2-3", "2026-06-18", "half"),
        ("大阪府 大東市 北条三丁目二番三号", "2026-06-18", "half"),
        ("大阪府大東市北条三丁目2番3号 みほん荘101", "2026-06-18", None),
        ("大阪府大東市北条三丁目2番4号", "2026-06-18", None),
        ("大阪府東大阪市北条三丁目2番3号", "2026-06-18", None),
        ("北条三丁目", "2026-06-18", None),
        (HOME, "2026-06-19", None),
    ],
)
def test_a_dwelling_is_found_again_however_its_address_is_written(
    family: None, address: str, day: str, known: str | None
) -> None:
    graded(of("0001"))
    assert (grade(of("0009"), address, day) if place_row(address, HERE) else None) == known


def test_an_address_without_a_lot_is_no_place(family: None) -> None:
    assert [place_row(one, HERE) for one in ("", "大阪府大東市", "駅の前", "大東市役所")] == [""] * 4
    assert place_row(HOME, HERE).startswith("place:")
    assert place_row(HOME, HERE) != place_row(HOME, HERE, ["2026-06-18"])


def test_whoever_it_was_graded_for_sees_that_it_was_read_and_for_nobody_by_name(family: None) -> None:
    graded(of("0001"))
    assert grade(of("0009")) == "half"
    [one] = readings(of("0001"), most=9)
    assert (one.keys, one.office, one.procedure, one.day_only) == ((GRADE,), "taxation", "", True)
    assert log("0002") == []
    own = {one.key: one.value for one in all_known(of("0001"), Purpose("view"), by=me("0001"))}
    assert own[GRADE] == "half", "a fact about them, which they may have corrected"


def test_a_dwelling_of_somebody_protected_is_as_if_nobody_had_asked(family: None, tmp_path: Path) -> None:
    graded(of("0001"))
    changed(tmp_path, {**FAMILY[0], "支援措置": "1"}, *FAMILY[1:])
    before = Event.objects.filter(subject_id=of("0001")).count()
    assert grade(of("0009")) is None
    assert Event.objects.filter(subject_id=of("0001")).count() == before
    graded(of("0009"), case=6)
    assert grade(of("0002")) == "half", "what another found stands beside it"


def test_a_correction_is_a_newer_fact_of_the_same_place(family: None) -> None:
    graded(of("0001"))
    between = clock.now()
    row = place_row(HOME, HERE, ["2026-06-18"])
    state(Person(pk=of("0001")), {(GRADE, row): "total"}, Source.STAFF, by=SYSTEM, case_id=UUID(int=5))
    assert grade(of("0009")) == "total"
    before = shared(of("0009"), [GRADE], DAMAGE, by=SYSTEM, place=row, known_at=between)
    assert before[GRADE].value == "half"


def test_what_somebody_has_only_said_of_a_place_is_nobodys_record(family: None) -> None:
    by = Actor("resident", of("0001"), level="card")
    state(Person(pk=of("0001")), {(GRADE, place_row(HOME, HERE)): "total"}, Source.SELF, by=by)
    assert shared(of("0009"), [GRADE], DAMAGE, by=SYSTEM, place=place_row(HOME, HERE)) == {}
