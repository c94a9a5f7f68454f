"""Addresses of the whole city are understood; the floor is held by our own set (tests/bench/addresses.yaml)."""

from pathlib import Path

import pytest
from django.conf import settings

from madoguchi.procedures import queries as procedures
from tests.bench.geocoding import by_hand, by_rule, evaluate, real


def test_spellings_by_hand_and_by_rule_are_understood_in_every_town() -> None:
    hand, nothing = by_hand()
    hits = evaluate(procedures.gazetteer(), hand)
    assert len(hand) >= 180
    assert hits.rate(hits.first) >= 0.97, hits.missed
    assert hits.rate(hits.shown) >= 0.99, hits.missed
    rules = list(by_rule(procedures.city().towns))
    assert len({town for one in rules for town in one.towns}) == 124
    made = evaluate(procedures.gazetteer(), rules)
    assert made.rate(made.first) >= 0.99, made.missed
    assert [text for text in nothing if procedures.gazetteer().find(text)] == []


def test_every_town_is_found_by_its_reading() -> None:
    towns = procedures.city().towns
    assert all(one.kana for one in towns)
    for one in towns:
        found = procedures.gazetteer().find(f"{one.kana}{int(one.id[4:]) or ''}")
        assert one.id in {candidate.town for candidate in found}, one.name


def test_an_address_is_written_as_the_city_writes_it() -> None:
    assert procedures.address_of("谷川1-1-1 大東市役所") == "谷川一丁目1番1"
    assert procedures.address_of("寺川3-5") == ""
    assert procedures.town_of("〒574-0074 大東市谷川１ー１ー１") == "0025001"
    assert procedures.town_of("大東市寺川") == ""


@pytest.mark.skipif(settings.DATA_PACK is None, reason="needs the data pack (MADOGUCHI_DATA)")
def test_shelters_stand_in_the_town_that_their_address_names() -> None:
    """Addresses and points that others wrote down: one of 72 stands outside of its town by its own register."""
    right, of, missed = real(procedures.gazetteer(), Path(str(settings.DATA_PACK)))
    assert of >= 70
    assert right >= of - 1, missed
