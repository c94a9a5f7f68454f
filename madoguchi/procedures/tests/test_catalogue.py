"""The shipped decision tables against the law, counted a second time by other means."""

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from madoguchi.places.rules.recording import VERDICTS
from madoguchi.procedures.rules import tables
from madoguchi.procedures.tests.shipped import catalogue

PACKAGES = catalogue().packages
CHILD = PACKAGES["child-allowance-claim"].tables
DISASTER = PACKAGES["disaster-certificate"].tables
DOG = PACKAGES["dog-registration"].tables

# -- 児童手当法 6条・8条 ----------------------------------------------------------------------------------------------

_births = st.dates(dt.date(2002, 1, 1), dt.date(2026, 3, 31))
_children = st.lists(
    st.fixed_dictionaries(
        {
            "date_of_birth": _births,
            "in_facility": st.booleans(),
            "cares_for_adult": st.booleans(),
            "pays_for_adult": st.booleans(),
        }
    ),
    min_size=1,
    max_size=6,
)


def _last_day(birth: dt.date, years: int) -> dt.date:
    """31 March after the day on which the age is reached (the day before the birthday)."""
    year = birth.year + years
    try:
        birthday = birth.replace(year=year)
    except ValueError:
        birthday = dt.date(year, 3, 1)  # born on 29 February
    reached = birthday - dt.timedelta(days=1)
    march = dt.date(reached.year, 3, 31)
    return march if reached <= march else march.replace(year=reached.year + 1)


def _monthly(children: list[dict[str, Any]], first: dt.date) -> int:
    """第6条, child by child, for the month that begins on ``first``."""
    counted = sorted(
        (
            child
            for child in children
            if (first <= _last_day(child["date_of_birth"], 18) and not child["in_facility"])
            or (
                _last_day(child["date_of_birth"], 18) < first <= _last_day(child["date_of_birth"], 22)
                and child["cares_for_adult"]
                and child["pays_for_adult"]
            )
        ),
        key=lambda child: child["date_of_birth"],
    )
    total = 0
    for rank, child in enumerate(counted, 1):
        birth = child["date_of_birth"]
        if first > _last_day(birth, 18):
            continue
        months = (first.year - birth.year) * 12 + first.month - birth.month
        total += 30_000 if rank >= 3 else 15_000 if months <= 36 else 10_000
    return total


@given(_children, st.dates(dt.date(2026, 4, 1), dt.date(2027, 4, 30)))
def test_the_amount_is_what_the_law_says(children: list[dict[str, Any]], on: dt.date) -> None:
    first = dt.date(on.year + on.month // 12, on.month % 12 + 1, 1)
    verdict = tables.judge(CHILD["amount"], {"child": children, "verdict": {"pay_from": first}})
    # Of twins either may be the third: the sum is the same only where the order does not matter.
    births = [child["date_of_birth"] for child in children]
    if len(set(births)) == len(births):
        assert verdict.values["monthly"] == _monthly(children, first)
    assert verdict.granted is (verdict.values["monthly"] > 0)


@given(_births, st.integers(0, 40), st.sampled_from(["birth", "moved_in", "left_public_service", "other"]))
def test_payment_begins_with_the_month_after_claim_or_event(event: dt.date, days: int, reason: str) -> None:
    received = event + dt.timedelta(days=days)
    counts = event if days <= 15 and reason != "other" else received
    first = dt.date(counts.year + counts.month // 12, counts.month % 12 + 1, 1)
    scope = {"claim_reason": reason, "reason_on": event, "received_on": received}
    assert tables.judge(CHILD["start"], scope).values["pay_from"] == first


# -- 被害認定 ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 100))
def test_the_grade_follows_the_damage_ratio(ratio: int) -> None:
    steps = [(50, "total"), (40, "major_half"), (30, "medium_half"), (20, "half"), (10, "semi_half"), (0, "partial")]
    expected = next(grade for least, grade in steps if ratio >= least)
    scope = {"finding": {"damage_ratio": ratio, "surveyed_on": "2026-06-25"}}
    values = tables.judge(DISASTER["grade"], scope).values
    assert (values["grade"], values["surveyed"]) == (expected, True)


@given(
    st.sampled_from(["self", "survey"]),
    st.booleans(),
    st.sampled_from([None, "below_floor", "above_floor"]),
    st.sampled_from(VERDICTS),
)
def test_only_slight_damage_goes_without_a_survey(assessment: str, leaning: bool, depth: str | None, zone: str) -> None:
    """Of damage by water only outside of the landslide zones, and where that is sure."""
    scope = {
        "assessment": assessment,
        "leaning": leaning,
        "flood_depth": depth,
        "disaster_kind": "flood" if depth else "earthquake",
        "dwelling_place": {"landslide": {"verdict": zone}},
    }
    survey = tables.judge(DISASTER["route"], scope).values["survey"]
    in_doubt = depth is not None and zone != "does_not"
    assert survey is (assessment == "survey" or leaning or depth == "above_floor" or in_doubt)


# -- 犬の登録 ---------------------------------------------------------------------------------------------------------


@given(st.sampled_from(["first", "elsewhere"]), st.sampled_from(["registered", "not_registered", "none"]))
def test_a_tag_is_given_exactly_where_no_chip_is_registered(before: str, microchip: str) -> None:
    verdict = tables.judge(DOG["route"], {"registered_before": before, "microchip": microchip})
    assert verdict.granted is (before == "first")
    assert verdict.values["tag"] is (before == "first" and microchip != "registered")
