"""法人番号: the check digit finds every wrong digit, and most exchanges of two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.numbers import is_corporate_number

DIGITS = st.text("0123456789", min_size=12, max_size=12)


def number_of(base: str) -> str:
    [found] = [f"{digit}{base}" for digit in range(1, 10) if is_corporate_number(f"{digit}{base}")]
    return found


@pytest.mark.parametrize("number", ["7000012050002", "8000012010038", "6000020272183"])
def test_numbers_that_are_published(number: str) -> None:
    """国税庁, デジタル庁, 大東市."""
    assert is_corporate_number(number)


@given(DIGITS, st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_found_unless_nine_stands_for_nothing(base: str, place: int, by: int) -> None:
    right, digit = number_of(base), int(base[place])
    wrong = right[: place + 1] + str((digit + by) % 10) + right[place + 2 :]
    weight = 1 + (11 - place) % 2
    same = (weight * ((digit + by) % 10 - digit)) % 9 == 0
    assert is_corporate_number(wrong) is same


NO_NUMBERS = ["", "700001205000", "70000120500022", "0000012050002", "７000012050002", "T700001205000"]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number(text: str) -> None:
    assert not is_corporate_number(text)
