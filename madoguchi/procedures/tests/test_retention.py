"""Keeping periods end on the day on which a 文書管理規程 says they end."""

from datetime import date

import pytest
from pydantic import ValidationError

from madoguchi.procedures.rules.format.retention import Keep, Retention


@pytest.mark.parametrize(
    ("keep", "ended_on", "until"),
    [
        ({"years": 5}, date(2026, 11, 27), date(2032, 3, 31)),
        ({"years": 5}, date(2026, 3, 31), date(2031, 3, 31)),
        ({"years": 5}, date(2026, 4, 1), date(2032, 3, 31)),
        ({"years": 1, "from": "closed"}, date(2024, 2, 29), date(2025, 2, 28)),
        ({"months": 6, "from": "closed"}, date(2026, 8, 31), date(2027, 2, 28)),
        ({"months": 3, "from": "closed"}, date(2026, 11, 30), date(2027, 2, 28)),
    ],
)
def test_until(keep: dict[str, object], ended_on: date, until: date) -> None:
    assert Keep.model_validate(keep).until(ended_on) == until


def test_a_period_lasts_and_an_outcome_without_one_is_kept_as_long_as_what_was_granted() -> None:
    with pytest.raises(ValidationError):
        Keep.model_validate({})
    one = Retention.model_validate({"granted": {"years": 5}, "refused": {"years": 3}, "basis": "x"})
    assert (one.of("withdrawn").years, one.of("refused").years) == (5, 3)
