"""代理権: that one person may speak for another before the city, for what and until when. Pure Python.

A delegation is a fact of the principal (本人): one value under :data:`KEY`, told apart by its row. No form can ask for
it, because no vocabulary knows the key.
"""

import datetime as dt
import hmac
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from madoguchi.ground.numbers import is_corporate_number

#: The key of the fact. Its value is what :meth:`Delegation.value` makes; false from the day on which it was ended.
KEY: Final = "delegation.given"
#: Stands for every procedure, also for those that the city offers later.
ALL: Final = "*"

#: What an agent may be → as whom a package lets them apply (``apply_for_others``), the nearest first. Whoever was asked
#: by the person is their agent, whatever else they are (民法99条, 104条).
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "parent": ("legal_representative",),
    "guardian": ("legal_representative",),
    "family": ("family", "agent"),
    "care_manager": ("care_manager", "agent"),
    "business": ("agent",),
    "agent": ("agent",),
    "member": (),
}
#: Who acts for a business: a delegation of the business's own, to one human being. A business that is somebody's agent
#: acts through those.
MEMBER: Final = "member"
#: Given by law or by a court, and shown by a document only (法定代理).
STATUTORY: Final = frozenset({"parent", "guardian"})
#: Those who act for an office, which is part of the fact.
OF_OFFICE: Final = frozenset({"care_manager", "business"})

#: For how many months the person may give it; a longer one is given anew.
TERMS: Final = (1, 6, 12, 36)
#: After how many months of life nobody has parental authority any more (民法4条).
OF_AGE: Final = 18 * 12
#: Before so many months of life a parent keeps the code of the card.
OWN_WILL: Final = 15 * 12
#: How long an invitation can be accepted.
INVITED_FOR: Final = dt.timedelta(days=7)
#: Open invitations of one person; invitations of one person in a day; standing delegations of one person.
MOST_OPEN: Final = 5
MOST_A_DAY: Final = 10
MOST_STANDING: Final = 20
#: Codes that somebody may try in vain within an hour.
MOST_TRIES: Final = 10

#: By what the office knew that it was given: the person said so at the counter, or a document.
PROOFS: Final[Mapping[str, frozenset[str]]] = {
    "in-person": frozenset({"family", "care_manager", "business", "agent"}),
    "mandate": frozenset({"family", "care_manager", "business", "agent"}),
    "family-register": frozenset({"parent"}),
    "guardianship": frozenset({"guardian"}),
    "office-paper": frozenset({MEMBER}),
}
#: Digits of the numbers by which a business is known: its 介護保険の事業所番号, or its 法人番号.
OF_CARE: Final = 10
CORPORATE: Final = 13

_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing that is taken for something else
_LENGTH: Final = 12


@dataclass(frozen=True, slots=True)
class Delegation:
    """That ``agent`` speaks for ``principal`` in these procedures (codes, or :data:`ALL`), from ``since`` to ``until``
    inclusive (None: until it is ended).

    ``shows``: what the city knows of the principal is shown to the agent in forms; ``letters``: the agent receives the
    letters. ``number`` is the business's, where ``agent`` is one, or acts for one (:data:`MEMBER`). Both names are as
    they were when it was given, because a mandate bears both. ``evidence`` is the SHA-256 (hex) of the document that
    was shown, ``proof`` what that was.
    """

    id: UUID
    principal: UUID
    agent: UUID
    kind: str
    procedures: frozenset[str]
    shows: bool
    letters: bool
    principal_name: str = field(repr=False)
    agent_name: str = field(repr=False)
    office: str = field(repr=False)
    proof: str
    source: str
    evidence: str
    since: dt.date
    until: dt.date | None
    number: str = ""

    @property
    def is_statutory(self) -> bool:
        """法定代理: not given by the principal."""
        return self.kind in STATUTORY

    def covers(self, procedure: str) -> bool:
        """Whether the procedure of this code is one of those that were entrusted."""
        return ALL in self.procedures or procedure in self.procedures

    def holds_on(self, day: dt.date) -> bool:
        """Whether the day is within the term."""
        return self.since <= day and (self.until is None or day <= self.until)

    def value(self) -> dict[str, Any]:
        """The fact's value. Principal, term, source and evidence are columns of the ledger."""
        return {
            "agent": str(self.agent),
            "kind": self.kind,
            "procedures": sorted(self.procedures),
            "shows": self.shows,
            "letters": self.letters,
            "names": [self.principal_name, self.agent_name],
            "office": self.office,
            "proof": self.proof,
            **({"number": self.number} if self.number else {}),
        }


def delegation_of(
    principal: UUID,
    row: str,
    value: Any,
    *,
    source: str,
    evidence: str,
    valid_from: dt.date | None,
    valid_to: dt.date | None,
) -> Delegation | None:
    """A delegation as the ledger has it; None for one that was ended."""
    if not isinstance(value, Mapping):
        return None
    return Delegation(
        id=UUID(row),
        principal=principal,
        agent=UUID(value["agent"]),
        kind=value["kind"],
        procedures=frozenset(value["procedures"]),
        shows=value["shows"],
        letters=value["letters"],
        principal_name=value["names"][0],
        agent_name=value["names"][1],
        office=value["office"],
        proof=value["proof"],
        source=source,
        evidence=evidence,
        since=valid_from or dt.date.min,
        until=valid_to - dt.timedelta(days=1) if valid_to else None,
        number=value.get("number", ""),
    )


def relation_in(kind: str, allowed: Collection[str]) -> str | None:
    """As whom an agent of this kind applies where these may (``apply_for_others``); None where they may not."""
    return next((one for one in KINDS[kind] if one in allowed), None)


def business_number(typed: str) -> str:
    """The number of a business as it is compared: half-width, without hyphens and spaces; empty where it is none."""
    digits = "".join(unicodedata.normalize("NFKC", typed).split()).replace("-", "")
    is_one = re.fullmatch(f"[0-9]{{{OF_CARE}}}", digits) or is_corporate_number(digits)
    return digits if is_one else ""


def last_day(today: dt.date, months: int) -> dt.date:
    """The last day of a term of so many months that begins today (民法143条: the day before its like)."""
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    following = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    end_of_month = (following - dt.timedelta(days=1)).day
    if today.day > end_of_month:  # no such day: the last of the month
        return dt.date(year, month + 1, end_of_month)
    return dt.date(year, month + 1, today.day) - dt.timedelta(days=1)


def invitation_code(key: bytes, invitation: UUID) -> str:
    """What opens an invitation (60 bits), as three groups of four. Derived, so that it is stored nowhere."""
    number = int.from_bytes(hmac.digest(key, b"madoguchi.facts/delegation/" + invitation.bytes, "sha256")[:8], "big")
    signs = "".join(_SIGNS[number >> 5 * place & 31] for place in range(_LENGTH))
    return "-".join(signs[at : at + 4] for at in range(0, _LENGTH, 4))


def plain_code(typed: str) -> str:
    """A code as it is compared: capitals, without spaces and hyphens, O as 0, I and L as 1; empty where it is none."""
    plain = "".join(typed.upper().split()).replace("-", "").translate(str.maketrans("OIL", "011"))
    return plain if len(plain) == _LENGTH and set(plain) <= set(_SIGNS) else ""


def code_mark(key: bytes, code: str) -> str:
    """By what an invitation is found; tells nobody the code."""
    return hmac.digest(key, b"madoguchi.facts/mark/" + plain_code(code).encode(), "sha256").hex()
