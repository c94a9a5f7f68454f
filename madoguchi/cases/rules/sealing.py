"""Whose seal an approval (決裁) waits for: the posts on its way in order, 代決 in absence. Pure.

1. The way is what organisation.yaml says: posts that see it first, and last the one that decides.
2. A post that nobody can fill now (vacant, all away, or only by those who have worked on the case) is passed over.
3. Where that is the deciding post, the first of those named for its absence decides instead; it is not asked before.
4. Nobody has a part in it twice: who has examined the case or has sealed it already cannot seal it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

Able = Mapping[str, frozenset[UUID]]
"""Post → the accounts that hold it, are there today, and had no part in the case."""


class Turn(NamedTuple):
    """``seat`` is the post of the way whose seal is next, ``post`` who gives it, ``accounts`` those who can now.

    ``passed``: the posts right before that were passed over. Without ``accounts`` it waits for somebody to be there.
    """

    seat: str
    post: str
    accounts: frozenset[UUID]
    passed: tuple[str, ...] = ()
    decides: bool = False

    @property
    def stands_in(self) -> bool:
        """Whether this is 代決."""
        return self.seat != self.post


def turn(way: Sequence[str], in_absence: Sequence[str], sealed: Collection[str], able: Able) -> Turn:
    """Whose seal is next on ``way`` (at least one post), after those of ``sealed``."""
    *before, last = way
    deciding = next((post for post in (last, *in_absence) if able.get(post)), last)
    deciders = able.get(deciding, frozenset())
    passed: list[str] = []
    for seat in before[max((at + 1 for at, post in enumerate(before) if post in sealed), default=0) :]:
        # Who can decide does so, and need not see it in another post before.
        accounts = able.get(seat, frozenset()) - deciders
        if accounts:
            return Turn(seat, seat, accounts, tuple(passed))
        if seat != deciding:
            passed.append(seat)
    return Turn(last, deciding, deciders, tuple(passed), decides=True)
