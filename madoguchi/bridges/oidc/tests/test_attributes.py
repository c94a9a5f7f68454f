"""The spellings of attributes that are understood, and those that are left out."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.bridges.oidc.attributes import (
    UnreadableError,
    address_from,
    birth_date_from,
    name_from,
    read,
    sex_from,
)
from madoguchi.facts.rules.matching import Outcome, compare, record_of
from madoguchi.ground.errors import Refused


@pytest.mark.parametrize(
    "text", ["1980-02-17", "19800217", "319800217", "１９８０－０２－１７", " 1980-02-17 ", 19800217]
)
def test_dates_of_birth(text: object) -> None:
    assert birth_date_from(text) == dt.date(1980, 2, 17)


@pytest.mark.parametrize(
    "text",
    [
        "1980-02",
        "1980-02-00",
        "0000-00-00",
        "1980-02-30",
        "419800217",  # 平成 did not hold 1980
        "019800217",  # era unknown
        "31980-02-17",
        "1980/02/17",
        "昭和55年2月17日",
        "S550217",
        "3550217",  # the year of the era, not of the calendar
        "198002",
        "1980",
        "19800200",
        "19809999",
        "319800200",
        "٢٠٠٠-٠١-٠١",
        "1980-0217",
        "2999-01-01",
        "529990101",
        198002,
        "",
        None,
        True,
        19.8,
        ["19800217"],
    ],
)
def test_dates_that_cannot_be_read_with_certainty(text: object) -> None:
    with pytest.raises(UnreadableError):
        birth_date_from(text)


@given(st.dates(dt.date(1873, 1, 1), dt.date(2026, 1, 1)))
def test_every_date_is_read_in_every_spelling(day: dt.date) -> None:
    eras = [dt.date(1912, 7, 30), dt.date(1926, 12, 25), dt.date(1989, 1, 8), dt.date(2019, 5, 1)]
    era = 1 + sum(day >= first for first in eras)
    for text in (day.isoformat(), f"{day:%Y%m%d}".zfill(8), f"{era}{day:%Y%m%d}"):
        assert birth_date_from(text) == day


@pytest.mark.parametrize(
    ("value", "sex"),
    [
        ("1", "male"),
        (2, "female"),
        ("９", "not-applicable"),
        (0, "unknown"),
        ("male", "male"),
        ("Female", "female"),
        ("男", "male"),
        ("女性", "female"),
    ],
)
def test_sexes(value: object, sex: str) -> None:
    assert sex_from(value) == sex


@pytest.mark.parametrize("value", ["3", "12", "M", "", True, 1.0, None, {}, ["1"]])
def test_sexes_unknown_to_the_code_list(value: object) -> None:
    with pytest.raises(UnreadableError):
        sex_from(value)


def test_addresses() -> None:
    assert address_from("大阪府大東市谷川一丁目1番1号") == "大阪府大東市谷川一丁目1番1号"
    assert address_from({"formatted": "大阪府大東市\n谷川一丁目"}) == "大阪府大東市　谷川一丁目"
    assert (
        address_from({"region": "大阪府", "locality": "大東市", "street_address": "谷川一丁目"})
        == "大阪府大東市谷川一丁目"
    )
    assert address_from("　大阪府大東市谷川１－１－１\r\n　〓〓マンション１０１　") == (
        "大阪府大東市谷川１－１－１　〓〓マンション１０１"
    )
    unread: tuple[object, ...] = (
        {"country": "JP"},
        {"formatted": ["大阪府"]},
        {"formatted": "x" * 401},
        {},
        [],
        5,
        "　",
    )
    for one in unread:
        with pytest.raises((UnreadableError, Refused)):
            address_from(one)
        assert "address" not in read({"address": one})[0]


def test_names_keep_their_characters() -> None:
    assert name_from("髙﨑  花子") == "髙﨑 花子"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("見本　花子", "見本 花子"),
        ("見本 花子", "見本 花子"),
        (" 見本\u00a0　花子　", "見本 花子"),
        ("渡〓　花子", "渡〓 花子"),
        ("渡●　花子", "渡● 花子"),
        ("葛\U000e0100飾　花子", "葛\U000e0100飾 花子"),
        ("𠮷田　花子", "𠮷田 花子"),
        ("NOZAKI　LINH", "NOZAKI LINH"),
        ("ｻﾝﾌﾟﾙ 花子", "ｻﾝﾌﾟﾙ 花子"),
    ],
)
def test_names_in_either_width_and_with_substitutes(written: str, name: str) -> None:
    assert name_from(written) == name


def test_a_substitute_character_never_makes_two_names_agree() -> None:
    one, other = (record_of({"person.full_name": name_from(text)}) for text in ("渡〓　花子", "渡邉　花子"))
    assert compare(one, other)["name"] is Outcome.UNKNOWN


def test_what_was_not_handed_over_is_neither_read_nor_unreadable() -> None:
    assert read({"sub": "x", "name": None, "address": ""}) == ({}, frozenset())


def test_what_lies_to_the_reader_is_left_out() -> None:
    found, unreadable = read({"name": "花子\u202e", "address": 5, "birthdate": "1990-04-12"})
    assert found == {"birth_date": dt.date(1990, 4, 12)}
    assert unreadable == {"full_name", "address"}
