"""The import of a register: what is read is stated once, what cannot be read is named, and nothing is done twice."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import forget_entry, import_register, permit, register
from madoguchi.facts.models import Entry, Import, Level, Source
from madoguchi.facts.queries import NoBasis, read
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules import register as rules
from madoguchi.facts.rules.register import Column, Layout, Line, Unread
from madoguchi.facts.tests.ledger import recorded, rows_of
from madoguchi.facts.tests.registers import DAY, HANAKO, LAYOUT, MATCH, imported, person, written
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Stale
from madoguchi.people.models import Identity, Person

pytestmark = pytest.mark.django_db

LATER = DAY + dt.timedelta(days=7)


@pytest.fixture(autouse=True)
def in_november() -> Any:
    with clock.travel(dt.datetime(2026, 11, 29, 12, tzinfo=clock.TOKYO)) as moment:
        yield moment


def counts(run: Import) -> dict[str, int]:
    names = ("unchanged", "new", "changed", "gone", "linked", "doubtful")
    return {name: n for name in names if (n := getattr(run, name))}


def read_lines(*lines: str, layout: Layout = LAYOUT) -> list[Line | Unread]:
    return list(rules.read(layout, lines))


# -- reading ----------------------------------------------------------------------------------------------------------

HEAD = ",".join(HANAKO) + "\n"


def line_of(**cells: str) -> str:
    return ",".join({**HANAKO, **cells}.values()) + "\n"


def test_a_line_is_read_as_the_layout_says() -> None:
    [one] = read_lines("\ufeff" + HEAD, line_of())
    assert isinstance(one, Line)
    assert (one.at, one.number) == (2, "0001")
    assert {key: told.value for key, told in one.told.items()} == {
        "person.full_name": "見本　花子",
        "person.full_name_kana": "ミホン　ハナコ",
        "person.date_of_birth": "1990-04-12",
        "person.sex": "female",
        "person.registered_address": "大阪府大東市谷川一丁目1番1号",
        "person.household_number": "77",
        "person.relation_to_head": "self",
        "person.confidential": False,
    }
    assert one.told["person.registered_address"].since == dt.date(2020, 4, 1)


@pytest.mark.parametrize(
    ("cells", "column", "why"),
    [
        ({"生年月日": "1990-02-30"}, "生年月日", "カレンダー"),
        ({"生年月日": "平成2年"}, "生年月日", "YYYY-MM-DD"),
        ({"住定日": "2020-04-01"}, "住定日", "YYYYMMDD"),
        ({"性別": "3"}, "性別", "codes"),
        ({"氏名": " 　"}, "氏名", "氏名がありません"),
        ({"氏名": "見本\udc83花子"}, "氏名", "文字コード"),
        ({"氏名": "見" * 301}, "氏名", "長すぎます"),
        ({"氏名": "見本\x00花子"}, "氏名", "使えない文字"),
        ({"宛名番号": ""}, "宛名番号", "番号がない"),
        ({"宛名番号": "12/3"}, "宛名番号", "英数字"),
        ({"氏名": "見本,花子"}, "", "列が12"),
        ({"氏名": '"見本"花子'}, "", "引用符"),
    ],
)
def test_what_cannot_be_read_is_named_by_line_and_column_and_never_by_value(
    cells: dict[str, str], column: str, why: str
) -> None:
    refused, after = read_lines(HEAD, line_of(**cells), line_of(宛名番号="0002"))
    assert isinstance(refused, Unread)
    assert (refused.at, refused.column) == (2, column)
    assert why in refused.why
    assert "見本" not in repr(refused)
    assert isinstance(after, Line), "the next line is read"


@pytest.mark.parametrize(
    ("written", "known"),
    [("0", False), ("0000000000", False), ("９９９９", False), ("", False), ("0009", True), ("77", True), ("90", True)],
)
def test_a_household_number_that_stands_for_none_is_no_value(written: str, known: bool) -> None:
    [one] = read_lines(HEAD, line_of(世帯番号=written))
    assert isinstance(one, Line)
    assert ("person.household_number" in one.told) is known


def test_a_stray_quote_swallows_nobody_who_stands_behind_it() -> None:
    """Two of them would make one row of all that is between, with the number of the first."""
    read = read_lines(
        HEAD,
        line_of(氏名='"見本　花子'),
        line_of(宛名番号="0002"),
        line_of(宛名番号="0003", 住所='大阪府"'),
        line_of(宛名番号="0004", 氏名='"見本　花子"'),
        ",".join([*HANAKO.values()][:-1]) + ',"0\n',
    )
    assert [(one.at, isinstance(one, Line), one.number) for one in read] == [
        (2, False, ""), (3, True, "0002"), (4, True, "0003"), (5, True, "0004"), (6, False, ""),
    ]  # fmt: skip


def test_a_row_over_two_lines_lets_nobody_leave(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO, person("0002"), person("0003")])
    report = imported(tmp_path, [{**HANAKO, "氏名": "見本\n花子"}, person("0002")], LATER)
    assert [(one.at, one.number) for one in report.refused] == [(2, ""), (3, "")]
    assert (report.run.gone, "2行" in report.held_back) == (0, True)


def test_a_number_that_comes_again_is_refused() -> None:
    _, again = read_lines(HEAD, line_of(), line_of(氏名="だれか"))
    assert isinstance(again, Unread)
    assert (again.at, again.column, again.number) == (3, "宛名番号", "0001")


@pytest.mark.parametrize("header", ["", "氏名,カナ\n", HEAD.replace("性別", "氏名"), "���\n"])
def test_a_file_of_another_layout_is_refused_as_a_whole(header: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_lines(header, line_of())
    assert refused.value.code == "register-header"


@pytest.mark.parametrize(
    ("form", "written", "day"),
    [
        ("YYYYMMDD", "１９９００４１２", "1990-04-12"),
        ("EYYYYMMDD", "419900412", "1990-04-12"),
        ("EYYMMDD", "4020412", "1990-04-12"),
        ("EYYMMDD", "5010501", "2019-05-01"),
        ("EYYYYMMDD", "319890107", "1989-01-07"),
        ("YYYY-MM-DD", "1990/4/12", "1990-04-12"),
        *[("YYYYMMDD", unsaid, "") for unsaid in ("", "00000000", "99999999", "19900400", "19909999")],
    ],
)
def test_days_as_registers_write_them(form: rules.Form, written: str, day: str) -> None:
    """What the register does not know whole is not known: a day is never made up."""
    column = rules.Column("生年月日", form)
    [one] = read_lines(HEAD, line_of(生年月日=written), layout=_with(column))
    assert isinstance(one, Line)
    told = one.told.get("person.date_of_birth")
    assert (told.value if told else "") == day


@pytest.mark.parametrize(
    ("form", "written"), [("EYYYYMMDD", "319900412"), ("EYYMMDD", "3660412"), ("EYYMMDD", "9020412")]
)
def test_an_era_that_does_not_hold_the_day_is_refused(form: rules.Form, written: str) -> None:
    [one] = read_lines(HEAD, line_of(生年月日=written), layout=_with(rules.Column("生年月日", form)))
    assert isinstance(one, Unread)


def test_a_character_that_only_one_machine_has_is_a_substitute() -> None:
    [one] = read_lines(HEAD, line_of(氏名="見\ue000 花子"))
    assert isinstance(one, Line)
    assert one.told["person.full_name"].value == "見〓 花子"


@given(st.lists(st.text(max_size=30), max_size=6))
def test_no_file_breaks_the_reader(lines: list[str]) -> None:
    for one in read_lines(HEAD, *lines):
        assert isinstance(one, Line | Unread)
        assert one.at > 1


def _with(column: rules.Column) -> Layout:
    return Layout("residents", "residents", "宛名番号", {**LAYOUT.columns, "person.date_of_birth": column})


def test_a_digest_tells_nothing_without_the_key_and_everything_with_it() -> None:
    [one] = read_lines(HEAD, line_of())
    [other] = read_lines(HEAD, line_of(支援措置="1"))
    assert isinstance(one, Line)
    assert isinstance(other, Line)
    assert one.digest(b"a") == one.digest(b"a")
    assert len({one.digest(b"a"), one.digest(b"b"), other.digest(b"a")}) == 3


# -- taking in --------------------------------------------------------------------------------------------------------


def test_whoever_stands_in_the_register_is_known_with_its_day(tmp_path: Path) -> None:
    report = imported(tmp_path, [HANAKO, person("0002", 氏名="見本　太郎", 続柄="夫", 支援措置="1")])
    assert (report.read, counts(report.run), report.refused) == (2, {"new": 2}, [])
    entry = Entry.objects.get(number="0001")
    known = recorded(entry.person_id)
    address = known["person.registered_address"]
    assert (address.source, address.level, address.as_of) == (Source.REGISTER, Level.REGISTERED, DAY)
    assert address.valid_from == dt.date(2020, 4, 1)
    assert known["person.full_name"].valid_from is None
    assert known["person.household_number"].value == "77"
    assert "person.confidential" not in known, "that somebody is not under protection need not be said"
    assert recorded(Entry.objects.get(number="0002").person_id)["person.confidential"].value is True


def test_the_same_file_twice_changes_nothing_and_says_so(tmp_path: Path) -> None:
    lines = [HANAKO, person("0002", 氏名="見本　太郎")]
    imported(tmp_path, lines)
    persons = set(Person.objects.values_list("pk", flat=True))
    facts = {one: rows_of(one) for one in persons}
    again = imported(tmp_path, lines)
    assert (counts(again.run), again.was_there) == ({"unchanged": 2}, True)
    assert set(Person.objects.values_list("pk", flat=True)) == persons
    assert {one: rows_of(one) for one in persons} == facts


def test_a_changed_line_appends_and_what_was_known_stays(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    entry = Entry.objects.get()
    before = rows_of(entry.person_id)
    moved = {**HANAKO, "住所": "大阪府大東市住道二丁目2番2号", "住定日": "20261103"}
    report = imported(tmp_path, [moved], LATER)
    assert counts(report.run) == {"changed": 1}
    me = Actor("resident", entry.person_id, level="card")
    assert rows_of(entry.person_id) == before + 2, "the address, and that nobody is protected"

    def address(day: dt.date) -> Any:
        [one] = read(entry.person_id, ["person.registered_address"], Purpose("view"), by=me, day=day)
        return one.value

    assert address(dt.date(2026, 11, 2)) == HANAKO["住所"]
    assert address(dt.date(2026, 11, 3)) == moved["住所"]


def test_whoever_is_missing_in_a_whole_file_has_left_and_may_come_back(tmp_path: Path) -> None:
    lines = [HANAKO, person("0002", 氏名="見本　太郎")]
    imported(tmp_path, lines)
    report = imported(tmp_path, lines[:1], LATER)
    assert counts(report.run) == {"unchanged": 1, "gone": 1}
    assert Entry.objects.get(number="0002").gone_since == LATER
    assert counts(imported(tmp_path, lines[:1], LATER).run) == {"unchanged": 1}, "once"
    assert counts(imported(tmp_path, lines, LATER).run) == {"unchanged": 1, "changed": 1}
    assert Entry.objects.get(number="0002").gone_since is None


def test_a_file_of_changes_lets_nobody_leave_but_whom_it_names(tmp_path: Path) -> None:
    layout = Layout("residents", "residents", "宛名番号", LAYOUT.columns, whole=False)
    imported(tmp_path, [HANAKO, person("0002")], layout=layout)
    report = imported(tmp_path, [person("0002", 消除日="20261105")], LATER, layout)
    assert counts(report.run) == {"changed": 1}
    assert list(Entry.objects.order_by("number").values_list("gone_since", flat=True)) == [None, dt.date(2026, 11, 5)]


def test_a_torso_of_a_file_lets_nobody_leave(tmp_path: Path) -> None:
    lines = [person(f"{n:04}", 氏名=f"見本　{n}") for n in range(60)]
    imported(tmp_path, lines)
    report = imported(tmp_path, lines[:30], LATER)
    assert (counts(report.run), "30人" in report.held_back) == ({"unchanged": 30}, True)
    assert not Entry.objects.exclude(gone_since=None).exists()
    whole = import_register(LAYOUT, written(tmp_path, lines[:30]), LATER, by=SYSTEM, many_gone=True)
    assert whole.run.gone == 30


def test_a_line_without_a_number_lets_nobody_leave(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO, person("0002")])
    report = imported(tmp_path, [HANAKO, person("")], LATER)
    assert (report.run.gone, "1行" in report.held_back) == (0, True)
    known_by_number = imported(tmp_path, [HANAKO, person("0002", 生年月日="x")], LATER)
    assert known_by_number.run.gone == 0, "a line that could not be read was there all the same"


def test_what_was_broken_off_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "CHUNK", 10)
    lines = [person(f"{n:04}", 氏名=f"見本　{n}") for n in range(35)]
    lines[3] = person("0003", 性別="x")
    take = register.take

    def dies(run: Import, *rest: Any, **more: Any) -> tuple[Import, list[Unread]]:
        if run.line > 20:
            raise KeyboardInterrupt
        return take(run, *rest, **more)

    monkeypatch.setattr(register, "take", dies)
    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path, lines)
    assert Import.objects.get().ended_at is None
    done = Entry.objects.count()
    assert 0 < done < 34
    monkeypatch.setattr(register, "take", take)
    report = imported(tmp_path, lines)
    assert (counts(report.run), len(report.refused)) == ({"new": 34}, 1)
    assert Import.objects.get().pk == report.run.pk, "the same import"
    assert Event.objects.filter(verb="register.take", outcome="done").count() == 4


def test_what_was_broken_off_under_another_layout_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code that the layout lacked was mended meanwhile: the lines before the break would never be read by it."""
    monkeypatch.setattr(register, "CHUNK", 10)
    lines = [person(f"{n:04}", 氏名=f"見本　{n}", 続柄="夫の父") for n in range(15)]
    take = register.take

    def dies(run: Import, *rest: Any, **more: Any) -> tuple[Import, list[Unread]]:
        if run.line > 0:
            raise KeyboardInterrupt
        return take(run, *rest, **more)

    monkeypatch.setattr(register, "take", dies)
    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path, lines)
    monkeypatch.setattr(register, "take", take)
    before = Import.objects.get()
    assert (before.line, before.ended_at) == (11, None)
    other = replace(LAYOUT, columns={**LAYOUT.columns, "person.relation_to_head": Column("続柄", otherwise="child")})
    report = imported(tmp_path, lines, layout=other)
    assert report.run.pk != before.pk
    assert counts(report.run) == {"new": 5, "changed": 10}, "the first lines are read by it, too"
    assert (report.run.layout, Import.objects.get(pk=before.pk).ended_at) == (other.digest(), None)


def test_an_event_has_counts_and_no_person(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO, person("0002", 性別="x")])
    verbs = list(Event.objects.order_by("id").values_list("verb", "outcome"))
    assert verbs == [("facts.permit", "done"), *[(f"register.{one}", "done") for one in ("begin", "take", "end")]]
    taken = Event.objects.get(verb="register.take")
    assert taken.data == {
        "unchanged": 0, "new": 1, "changed": 0, "gone": 0, "linked": 0, "doubtful": 0, "strange": 0,
        "refused": 1, "line": 3,
    }  # fmt: skip
    everything = json.dumps(list(Event.objects.values_list("data", flat=True)), ensure_ascii=False)
    assert "見本" not in everything
    assert "0001" not in everything


@pytest.mark.parametrize("who", [Actor("visitor"), Actor("resident", Person().pk), Actor("staff", Person().pk)])
def test_nobody_but_the_operator_takes_a_register_in(tmp_path: Path, who: Actor) -> None:
    with pytest.raises(NotAllowed):
        import_register(LAYOUT, written(tmp_path, [HANAKO]), DAY, by=who)
    assert not Import.objects.exists()
    assert not Person.objects.exists()
    assert Event.objects.get().outcome == "refused"


def test_without_a_legal_basis_nobody_is_compared_and_nothing_is_taken_in(tmp_path: Path) -> None:
    with pytest.raises(NoBasis):
        import_register(LAYOUT, written(tmp_path, [HANAKO]), DAY, by=SYSTEM)
    assert not Person.objects.exists()
    assert Event.objects.get(verb="register.take").reason == "no-basis"


def test_days_to_come_and_older_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        imported(tmp_path, [HANAKO], dt.date(2026, 11, 30))
    imported(tmp_path, [HANAKO], LATER)
    with pytest.raises(Stale):
        imported(tmp_path, [person("0002")], DAY)
    assert Entry.objects.count() == 1


def test_a_second_import_takes_over_and_the_first_is_stopped(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    first = register.begin(LAYOUT, LATER, "a" * 64, "", by=SYSTEM)
    register.begin(LAYOUT, LATER, "b" * 64, "", by=SYSTEM)
    [line] = read_lines(HEAD, line_of(宛名番号="0009"))
    with pytest.raises(Stale):
        register.take(first, [line], by=SYSTEM)
    with pytest.raises(Stale):
        register.end(first, by=SYSTEM)
    assert Entry.objects.count() == 1


def test_a_file_in_the_windows_encoding(tmp_path: Path) -> None:
    layout = Layout("residents", "residents", "宛名番号", LAYOUT.columns, encoding="cp932", delimiter="\t")
    file = tmp_path / "residents.txt"
    rows = ["\t".join(HANAKO), "\t".join(HANAKO.values()), "\t".join(person("0002").values())]
    file.write_bytes("\r\n".join(rows).encode("cp932").replace("0002\t見".encode("cp932"), b"0002\t\x81\x20"))
    permit([MATCH], by=SYSTEM)
    report = import_register(layout, file, DAY, by=SYSTEM)
    assert counts(report.run) == {"new": 1}
    [refused] = report.refused
    assert (refused.at, refused.column) == (3, "氏名")


# -- 支援措置 fails closed ---------------------------------------------------------------------------------------------


def is_protected(number: str) -> bool:
    known = recorded(Entry.objects.get(number=number).person_id)
    return "person.confidential" in known and known["person.confidential"].value is True


def test_a_code_for_protection_that_the_layout_does_not_know_means_protection(tmp_path: Path) -> None:
    report = imported(tmp_path, [HANAKO, person("0002", 支援措置="2"), person("0003", 支援措置="")])
    assert report.refused == []
    assert [is_protected(number) for number in ("0001", "0002", "0003")] == [False, True, False]


@pytest.mark.parametrize("cells", [{"性別": "x"}, {"生年月日": "x"}, {"氏名": ""}])
@pytest.mark.parametrize("flag", ["1", "8"])
def test_a_line_that_cannot_be_read_protects_all_the_same(tmp_path: Path, cells: dict[str, str], flag: str) -> None:
    imported(tmp_path, [HANAKO])
    before = recorded(Entry.objects.get().person_id)
    report = imported(tmp_path, [{**HANAKO, **cells, "支援措置": flag}], LATER)
    assert len(report.refused) == 1
    assert is_protected("0001")
    now = recorded(Entry.objects.get().person_id)
    assert {key for key in now if key not in before or now[key].value != before[key].value} == {"person.confidential"}
    imported(tmp_path, [HANAKO], LATER)
    assert not is_protected("0001"), "the line of before is no old news"


def test_of_two_lines_of_one_number_the_one_that_protects_holds(tmp_path: Path) -> None:
    for day in (DAY, LATER, LATER):
        imported(tmp_path, [HANAKO, person("0001", 支援措置="1")], day)
        assert is_protected("0001")


def test_an_unreadable_line_of_nobody_who_is_there_states_nothing(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO, person("0002", 性別="x", 支援措置="1")])
    assert Entry.objects.count() == 1


# -- a number that stands before somebody else ------------------------------------------------------------------------

OTHER = {"氏名": "谷川 梅子", "カナ": "タニガワ ウメコ", "生年月日": "1950-01-02"}


@pytest.mark.parametrize(
    "cells",
    [
        OTHER,
        {**OTHER, "住所": "大阪府大東市三箇1番1号", "性別": "1"},
        {**OTHER, "生年月日": "1990-04-12", "性別": "1", "住所": "大阪府大東市三箇1番1号"},
        {"氏名": "大阪府大東市谷川一丁目1番1号", "カナ": "2", "住所": "見本　花子", "生年月日": ""},
    ],
)
def test_a_number_that_stands_before_somebody_else_is_refused(tmp_path: Path, cells: dict[str, str]) -> None:
    imported(tmp_path, [HANAKO])
    entry = Entry.objects.get()
    before = recorded(entry.person_id)
    report = imported(tmp_path, [{**HANAKO, **cells}], LATER)
    [refused] = report.refused
    assert (refused.at, refused.why) == (2, "この番号は、前と別の人の行のようです")
    assert (counts(report.run), report.run.strange) == ({}, 1)
    assert {key: one.value for key, one in recorded(entry.person_id).items()} == {
        key: one.value for key, one in before.items()
    }
    after = Entry.objects.get()
    assert (bytes(after.digest), after.gone_since) == (bytes(entry.digest), None)
    assert Event.objects.filter(verb="facts.read").count() == 0, "nobody has read anything"
    assert counts(imported(tmp_path, [HANAKO], LATER).run) == {"unchanged": 1}


@pytest.mark.parametrize(
    "cells",
    [
        {"氏名": "谷川　花子", "カナ": "タニガワ　ハナコ", "住所": "大阪府大東市三箇1番1号"},
        {"生年月日": "1990-04-13", "性別": "1"},
        {"氏名": "見本花子", "生年月日": "1990-04-21", "住所": "大阪府大東市三箇1番1号"},
        {"氏名": "谷川　花子", "カナ": "", "性別": ""},
    ],
)
def test_whoever_marries_moves_or_was_written_wrongly_is_still_the_same(tmp_path: Path, cells: dict[str, str]) -> None:
    imported(tmp_path, [HANAKO])
    report = imported(tmp_path, [{**HANAKO, **cells}], LATER)
    assert (report.refused, counts(report.run)) == ([], {"changed": 1})


def test_a_file_with_shifted_columns_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "CHUNK", 10)
    lines = [person(f"{n:04}", 氏名=f"見本　{n}", カナ=f"ミホン　{n}") for n in range(40)]
    imported(tmp_path, lines)
    facts = {one: rows_of(one) for one in Person.objects.values_list("pk", flat=True)}
    shifted = [{**one, **OTHER} for one in lines]
    with pytest.raises(Invalid, match="列がずれて"):
        imported(tmp_path, shifted, LATER)
    with pytest.raises(Invalid):
        imported(tmp_path, shifted, LATER)
    assert {one: rows_of(one) for one in facts} == facts
    assert Import.objects.get(ended_at=None).line == 21, "it stays where it was stopped"
    assert not Entry.objects.exclude(gone_since=None).exists()
    assert counts(imported(tmp_path, lines, LATER).run) == {"unchanged": 40}


def test_whoever_is_protected_under_the_number_of_another_is_protected(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    imported(tmp_path, [{**HANAKO, **OTHER, "支援措置": "1"}], LATER)
    assert is_protected("0001")


# -- many new numbers -------------------------------------------------------------------------------------------------


def test_numbers_that_are_suddenly_written_otherwise_stop_the_import_before_it_begins(tmp_path: Path) -> None:
    lines = [person(f"{n:04}", 氏名=f"見本　{n}") for n in range(1, 31)]
    imported(tmp_path, lines)
    stripped = [{**one, "宛名番号": one["宛名番号"].lstrip("0")} for one in lines]
    with pytest.raises(Invalid, match="--many-new") as refused:
        imported(tmp_path, stripped, LATER)
    assert refused.value.code == "register-many-new"
    assert (Import.objects.count(), Entry.objects.count()) == (1, 30)
    done = import_register(LAYOUT, written(tmp_path, stripped), LATER, by=SYSTEM, many_new=True)
    assert done.run.new == 30


@pytest.mark.parametrize(("there", "new"), [(5, 20), (500, 25)])
def test_few_new_numbers_are_taken_in(tmp_path: Path, there: int, new: int) -> None:
    lines = [person(f"{n:04}", 氏名=f"見本　{n}", 生年月日="") for n in range(there + new)]
    assert imported(tmp_path, lines[:there]).run.new == there
    assert imported(tmp_path, lines, LATER).run.new == new


def test_a_first_import_that_was_broken_off_is_still_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "CHUNK", 10)
    end = register.end

    def dies(run: Import, **more: Any) -> Import:
        raise KeyboardInterrupt

    monkeypatch.setattr(register, "end", dies)
    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path, [HANAKO])
    monkeypatch.setattr(register, "end", end)
    lines = [person(f"{n:04}", 氏名=f"見本　{n}") for n in range(1, 41)]
    assert imported(tmp_path, lines, LATER).run.new == 40 - 1


# -- who has left -----------------------------------------------------------------------------------------------------

KEPT: Final = replace(LAYOUT, kept_years=150)


@pytest.mark.parametrize(
    ("today", "before"),
    [
        (dt.date(2176, 11, 1), dt.date(2026, 11, 1)),
        (dt.date(2176, 2, 29), dt.date(2026, 2, 28)),  # no such day in 2026
        (dt.date(100, 1, 1), None),
    ],
)
def test_how_long_whoever_has_left_is_kept(today: dt.date, before: dt.date | None) -> None:
    """住民基本台帳法施行令34条: a hundred and fifty years."""
    assert KEPT.left_before(today) == before
    assert LAYOUT.left_before(today) is None
    assert KEPT.digest() == LAYOUT.digest(), "how the file is read has not changed"


@pytest.mark.parametrize(("day", "is_gone"), [(dt.date(2176, 10, 20), False), (dt.date(2176, 10, 21), True)])
def test_with_the_end_of_that_time_goes_all_that_is_known_and_one_event_stays(
    tmp_path: Path, day: dt.date, is_gone: bool
) -> None:
    imported(tmp_path, [{**HANAKO, "消除日": "20261020"}, person("0002", 氏名="見本 太郎")])
    left, there = (Entry.objects.get(number=one).person for one in ("0001", "0002"))
    before = {one.pk: rows_of(one.pk) for one in (left, there)}
    with clock.travel(dt.datetime(day.year, day.month, day.day, 12, tzinfo=clock.TOKYO)):
        for one in (left, there):
            forget_entry(one, KEPT, by=SYSTEM)
    assert rows_of(left.pk) == (0 if is_gone else before[left.pk])
    assert Entry.objects.filter(person=left).exists() is not is_gone
    assert (rows_of(there.pk), Entry.objects.filter(person=there).count()) == (before[there.pk], 1)
    event = Event.objects.filter(verb="register.forget", subject_id=left.pk).get()
    assert ("gone" in event.data, "already_done" in event.data) == (is_gone, not is_gone)
    assert "2026" not in str(event.data), "not even when they left"


@pytest.mark.parametrize("how", ["signs in", "another register"])
def test_of_whoever_the_city_still_deals_with_nothing_goes_that_is_needed(tmp_path: Path, how: str) -> None:
    imported(tmp_path, [{**HANAKO, "消除日": "20261020"}])
    one = Entry.objects.get()
    if how == "signs in":
        Identity.objects.create(person=one.person, issuer="https://x", subject="1", level="card")
    else:
        run = Import.objects.create(register="other", office="x", day=DAY, digest="0" * 64, is_whole=True)
        Entry.objects.create(register="other", number="1", person=one.person, digest=b"", seen=run)
    before = rows_of(one.person_id)
    with clock.travel(dt.datetime(2177, 1, 1, 12, tzinfo=clock.TOKYO)):
        forget_entry(one.person, KEPT, by=SYSTEM)
    assert rows_of(one.person_id) == before
    assert Entry.objects.filter(register="residents").exists() is (how == "signs in")
