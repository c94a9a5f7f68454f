"""Which way something lies, in one of eight directions of the compass."""

import math
from typing import Final, Literal

Direction = Literal["n", "ne", "e", "se", "s", "sw", "w", "nw"]
_EIGHT: Final[tuple[Direction, ...]] = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
#: As they are said in Japanese.
JAPANESE: Final[dict[Direction, str]] = {
    "n": "北", "ne": "北東", "e": "東", "se": "南東", "s": "南", "sw": "南西", "w": "西", "nw": "北西",
}  # fmt: skip


def direction(east: float, north: float) -> Direction:
    """Of a way of that many metres to the east and to the north in a plane rectangular system.

    Grid north: it differs from true north by less than a degree within a system.
    """
    return _EIGHT[round(math.degrees(math.atan2(east, north)) / 45) % 8]


def rounded(metres: float) -> int:
    """Metres as one says them: to 10, from a kilometre on to 100."""
    return int(round(metres, -2)) if metres >= 1_000 else max(10, int(round(metres, -1)))
