"""Ids are ordered, reference numbers catch what people mistype, tokens are long."""

from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground import ids
from madoguchi.ground.errors import Invalid

DIGITS = st.text("0123456789", min_size=1, max_size=12)


def test_uuid7_is_ordered_and_of_version_7() -> None:
    made = [ids.uuid7() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {(each.version, each.variant) for each in made} == {(7, RFC_4122)}


def test_uuid7_is_unique_over_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [each for some in pool.map(lambda _: [ids.uuid7() for _ in range(500)], range(8)) for each in some]
    assert len(set(made)) == 4000


def test_uuid7_stays_ordered_when_the_clock_stands_or_goes_back() -> None:
    clockwork = ids._Clockwork()
    full = (1 << 74) - 1
    ticks = [clockwork.tick(ms, full) for ms in (9, 9, 8, 1, 9, 10, 10)]
    assert ticks == sorted(set(ticks))


@given(DIGITS, st.data())
def test_damm_finds_every_wrong_digit(body: str, data: st.DataObject) -> None:
    number = f"{body}{ids.check_digit(body)}"
    assert ids.check_digit(number) == 0
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert ids.check_digit(number[:place] + wrong + number[place + 1 :]) != 0


@given(DIGITS, st.data())
def test_damm_finds_every_swap_of_neighbours(body: str, data: st.DataObject) -> None:
    number = f"{body}{ids.check_digit(body)}"
    i = data.draw(st.integers(0, len(number) - 2))
    swapped = number[:i] + number[i + 1] + number[i] + number[i + 2 :]
    assert swapped == number or ids.check_digit(swapped) != 0


def test_damm_of_the_published_example() -> None:
    assert ids.check_digit("572") == 4


@given(st.integers(2000, 2099))
def test_a_new_reference_is_read_back_however_it_is_typed(year: int) -> None:
    reference = ids.new_reference(year)
    assert reference[:3] == f"{year % 100:02}-"
    full_width = reference.translate({ord(a): ord(a) + 0xFEE0 for a in "0123456789-"})
    for typed in (reference, reference.replace("-", ""), full_width, f" {reference} ", reference.replace("-", "ー")):
        assert ids.parse_reference(typed) == reference


@pytest.mark.parametrize("typed", ["", "26-4831-0957", "26-4831-0957-63", "二六-4831-0957-3", "26_4831_0957_3"])
def test_what_is_no_reference_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        ids.parse_reference(typed)
    assert refusal.value.code == "reference-form"
    assert refusal.value.params == {}


def test_a_mistyped_reference_is_refused() -> None:
    reference = ids.new_reference(2026)
    wrong = reference[:-1] + str((int(reference[-1]) + 1) % 10)
    with pytest.raises(Invalid) as refusal:
        ids.parse_reference(wrong)
    assert refusal.value.code == "reference-check"


def test_tokens() -> None:
    assert len(ids.new_token()) == 43
    assert ids.new_token() != ids.new_token()
    with pytest.raises(ValueError, match="16"):
        ids.new_token(8)
