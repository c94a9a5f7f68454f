"""Numbers that check themselves."""

import re
from typing import Final

WRONG_CORPORATE_NUMBER: Final = "法人番号の数字が正しくありません。13桁をもう一度お確かめください。"


def is_corporate_number(number: str) -> bool:
    """Whether thirteen digits may be a 法人番号: the first checks the twelve behind it (法人番号の指定等に関する省令).

    From the right, digits count once and twice in turn; what is left of the sum, divided by nine, and the check digit
    make nine.
    """
    if not re.fullmatch("[1-9][0-9]{12}", number):
        return False
    weighed = sum(int(one) * (1 + place % 2) for place, one in enumerate(reversed(number[1:])))
    return int(number[0]) == 9 - weighed % 9
