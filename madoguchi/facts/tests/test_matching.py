"""Who is the same: by four attributes or not at all, and a character that a system lacks is never equal."""

import datetime as dt
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.facts.rules.matching import (
    ATTRIBUTES,
    ENOUGH,
    Outcome,
    Record,
    compare,
    is_doubtful,
    is_same,
    judge,
    place_of,
)

AGREES, DIFFERS, UNKNOWN = Outcome.AGREES, Outcome.DIFFERS, Outcome.UNKNOWN
HANAKO = {
    "name": "見本 花子",
    "kana": "ミホン ハナコ",
    "born": "1990-04-12",
    "sex": "female",
    "address": "大阪府大東市谷川一丁目1番1号",
}
names = st.text(st.sampled_from("見本花子髙高橋﨑崎斎齋𠮷吉NGUYENひらカター "), min_size=1, max_size=8)
values = st.fixed_dictionaries(
    {},
    optional={
        "name": names,
        "kana": st.text(st.sampled_from("ミホンハナコショシヨー　"), min_size=1, max_size=8),
        "born": st.dates(dt.date(1990, 1, 1), dt.date(1990, 1, 3)).map(str),
        "sex": st.sampled_from(["male", "female", "unknown", "not_applicable"]),
        "address": st.text(st.sampled_from("大東市谷川一二丁目1番2号-の〓 "), max_size=14),
    },
)
records = values.map(Record)


def said(attribute: str, one: str, other: str) -> Outcome:
    return compare(Record({attribute: one}), Record({attribute: other}))[attribute]


@pytest.mark.parametrize(
    ("attribute", "one", "other", "outcome"),
    [
        ("name", "見本 花子", "見本　花子", AGREES),
        ("name", "ＮＧＵＹＥＮ　ＬＡＮ", "Nguyen Lan", AGREES),
        ("name", "髙橋 花子", "高橋 花子", UNKNOWN),
        ("name", "見本 花子", "見本 華子", DIFFERS),
        ("name", "〓橋 花子", "髙橋 花子", UNKNOWN),
        ("name", "●橋 花子", "高橋 花子", UNKNOWN),
        ("name", "?橋 花子", "髙橋 太郎", DIFFERS),
        ("name", "\ufffd橋花子", "髙橋花", DIFFERS),
        ("name", "見本 花子", "", UNKNOWN),
        ("kana", "ﾐﾎﾝ ﾊﾅｺ", "みほん　はなこ", AGREES),
        ("kana", "ｼﾖｳｺ", "ショウコ", UNKNOWN),
        ("kana", "オオノ", "オーノ", DIFFERS),
        ("kana", "ローラ", "ロ－ラ", AGREES),
        ("born", "1990-04-12", "1990-04-12", AGREES),
        ("born", "1990-04-12", "1990-04-13", DIFFERS),
        ("sex", "female", "male", DIFFERS),
        ("sex", "female", "not_applicable", UNKNOWN),
        ("sex", "unknown", "unknown", UNKNOWN),
        ("address", "大阪府大東市谷川一丁目1番1号", "大東市谷川１－１－１", AGREES),
        ("address", "大阪府大東市三箇四丁目２４番１号", "三箇4-24-1", AGREES),
        ("address", "大東市大字龍間二十四番地の三", "龍間24-3", AGREES),
        ("address", "大東市谷川一丁目1番1号 見本ハイツ101", "大東市谷川一丁目1番1号", AGREES),
        ("address", "大東市谷川1-1-1 見本ハイツ101", "大東市谷川1-1-1 見本ハイツ102", UNKNOWN),
        ("address", "大東市谷川1-1-1-101", "大東市谷川1-1-1", UNKNOWN),
        ("address", "大東市谷川1-1-1", "大東市谷川1-1-11", DIFFERS),
        ("address", "大東市谷川1-1-1", "大東市北谷川1-1-1", DIFFERS),
        ("address", "四條畷市谷川1-1-1", "大東市谷川1-1-1", DIFFERS),
        ("address", "大東市〓川1-1-1", "大東市谷川1-1-1", UNKNOWN),
        ("address", "大東市〓川1-1-1", "大東市谷川1-1-2", DIFFERS),
        ("address", "大東市谷川", "大東市谷川", UNKNOWN),
    ],
)
def test_what_two_values_say(attribute: str, one: str, other: str, outcome: Outcome) -> None:
    assert said(attribute, one, other) is outcome
    assert said(attribute, other, one) is outcome


def test_what_a_card_flags_is_unknown_whatever_stands_there() -> None:
    """氏名代替文字位置: the certificate writes another character where it has not the person's own."""
    card = Record({"name": "高橋 花子"}, {"name": {0}})
    for register, outcome in (("髙橋 花子", UNKNOWN), ("高橋 花子", UNKNOWN), ("髙橋 太郎", DIFFERS)):
        assert compare(card, Record({"name": register}))["name"] is outcome


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("谷川一丁目１番１号", ("谷川", "1-1-1", "")),
        ("三箇四丁目24番1号", ("三箇", "4-24-1", "")),
        ("二本松町十二番地", ("二本松町", "12", "")),
        ("諸福八丁目3番地の2 見本荘", ("諸福", "8-3-2", "見本荘")),
        ("大字龍間", ("龍間", "", "")),
        ("", ("", "", "")),
    ],
)
def test_an_address_is_town_numbers_and_building(written: str, place: tuple[str, str, str]) -> None:
    assert place_of(written) == place


@given(records, records)
def test_either_order_says_the_same(one: Record, other: Record) -> None:
    assert compare(one, other) == compare(other, one)


@given(values, values)
def test_nothing_links_on_fewer_than_four(one: dict[str, str], other: dict[str, str]) -> None:
    said = compare(Record(one), Record(other))
    if is_same(said):
        assert len(one.keys() & other.keys()) >= ENOUGH
        assert list(said.values()).count(AGREES) >= ENOUGH
        assert DIFFERS not in said.values()


@given(st.sampled_from(sorted(ATTRIBUTES)), st.sampled_from("〓●■?\ufffd"), st.data())
def test_a_substitute_character_never_agrees(attribute: str, mark: str, data: st.DataObject) -> None:
    """Not even with itself: two systems that lack a character need not lack the same one."""
    text = HANAKO[attribute]
    at = data.draw(st.integers(0, len(text) - 1))
    marked = text[:at] + mark + text[at + 1 :]
    for other in (text, marked):
        assert said(attribute, marked, other) is not AGREES
    if attribute != "kana":  # which no card says: the other four must all agree
        assert not is_same(compare(Record(HANAKO), Record({**HANAKO, "kana": "", attribute: marked})))


@given(names, st.integers(0, 7), names)
def test_a_wildcard_hides_no_other_difference(one: str, at: int, other: str) -> None:
    marked = one[: at % len(one)] + "〓" + one[at % len(one) + 1 :]
    if other.strip() and len(marked.replace(" ", "")) != len(other.replace(" ", "")):
        assert said("name", marked, other) is DIFFERS


NUMBERS = "〇一二三四五六七八九"


@given(st.integers(1, 9), st.integers(1, 99), st.integers(1, 30), st.sampled_from(["谷川", "三箇", "諸福", "泉町"]))
def test_however_an_address_is_written_it_is_the_same(chome: int, block: int, house: int, town: str) -> None:
    tens = f"{NUMBERS[block // 10] if block // 10 > 1 else ''}十" if block >= 10 else ""
    kanji = tens + (NUMBERS[block % 10] if block % 10 else "")
    forms = [
        f"大阪府大東市{town}{NUMBERS[chome]}丁目{block}番{house}号",
        f"大東市{town}{chome}丁目{kanji}番{house}号",
        f"{town}{chome}-{block}-{house}",
        f"大東市{town}{chome}－{block}－{house}　見本ハイツ",
    ]
    assert {said("address", one, other) for one in forms for other in forms} == {AGREES}


def test_a_person_looks_where_it_is_neither_clear_nor_nothing() -> None:
    def outcome(**said: Outcome) -> tuple[bool, bool]:
        comparison = dict.fromkeys(ATTRIBUTES, UNKNOWN) | said
        return is_same(comparison), is_doubtful(comparison)

    four = dict.fromkeys(("name", "born", "sex", "address"), AGREES)
    assert outcome(**four) == (True, True)
    assert outcome(**{**four, "kana": DIFFERS}) == (False, True)
    assert outcome(**{**four, "name": UNKNOWN}) == (False, True)
    assert outcome(born=AGREES, address=AGREES, name=DIFFERS, sex=AGREES) == (False, True)  # twins
    assert outcome(born=AGREES, name=AGREES, address=DIFFERS) == (False, True)  # has moved
    assert outcome(born=AGREES, sex=AGREES, name=DIFFERS, address=DIFFERS) == (False, False)
    assert outcome(name=AGREES, address=AGREES) == (False, False)
    assert outcome(name=AGREES, sex=AGREES, address=AGREES, born=DIFFERS) == (False, True)


def test_two_who_fit_are_both_doubtful_and_a_clear_one_wins_over_a_likeness() -> None:
    me, twin = Record(HANAKO), Record({**HANAKO, "name": "見本 桃子", "kana": "ミホン モモコ"})
    one, two = UUID(int=1), UUID(int=2)
    assert judge(me, {one: me, two: twin}).same == one
    both = judge(me, {one: me, two: me})
    assert (both.same, set(both.near)) == (None, {one, two})
    assert judge(me, {two: Record({"born": "1990-04-13"})}) == judge(me, {})
