"""For what facts may be read, and how an article of a law says so."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID

from madoguchi.events.rules import Reason

OWN: Final = Reason(
    "own-facts", "ご本人の情報だから", lambda actor, person: actor.kind == "resident" and actor.id == person.pk
)
#: Asked by the ledger's door itself, key by key.
BY_BASIS: Final = Reason("basis", "法令の定めによる", lambda actor, _: actor.kind != "visitor")

PurposeCode = Literal[
    "prefill",
    "confirm",
    "view",
    "look_up",
    "disclosure",
    "match",
    "household",
    "sign",
    "counter",
    "represent",
    "delegate",
    "notify",
]
"""What for: a form that shows it, whoever confirms a part, its person, a step of a flow, a disclosure, whether somebody
is who stands in a register, a form that shows who lives with its person, whether who signed is who signed in, a form
that a clerk fills in before them, a form that an agent fills in for its person, a delegation that is recorded at the
counter, a notice to those who live somewhere."""
#: All of them.
PURPOSES: Final[tuple[str, ...]] = get_args(PurposeCode)
BasisKind = Literal["内部利用", "番号法", "特定公的給付", "条例", "本人同意", "開示", "委任", "法定代理"]
#: As the ledger's door knows those of which it asks more: a consent that stands, a delegation that stands.
IN_THE_DOOR: Final[Mapping[BasisKind, str]] = {"本人同意": "consent", "委任": "mandate", "法定代理": "statutory"}

#: What the facts with these beginnings are about, where it is nobody: they are known through a person, in a row that
#: names the household or the place, and read for all of it.
SHARED: Final[Mapping[str, Literal["household", "place"]]] = {"household": "household", "dwelling": "place"}


def shared_by(key: str) -> Literal["household", "place"] | None:
    """What a fact is about, where it is a household or a place."""
    return SHARED.get(key.partition(".")[0])


def consent_to(procedure: str) -> str:
    """The key of the fact that somebody consents to being looked up in this procedure; false once it is withdrawn."""
    return f"consent.{procedure}"


def consent_to_company(company: str) -> str:
    """The key of the fact that somebody consents to a company being told of a life event, which is the fact's row."""
    return f"consent.company.{company}"


@dataclass(frozen=True, slots=True)
class Purpose:
    """For what somebody reads: the kind of use, and in which procedure, for which section and about which case."""

    code: PurposeCode
    procedure: str = ""
    office: str = ""
    case: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A row of the register of legal bases; empty ``procedures``, ``facts`` and ``offices`` mean all.

    ``confidential``: it holds of persons under 支援措置 (秘匿), too; by any other they are not there.
    """

    reference: str
    title: str
    kind: BasisKind
    purpose: PurposeCode
    since: dt.date
    until: dt.date | None = None
    procedures: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    undisclosed: bool = False
    confidential: bool = False
