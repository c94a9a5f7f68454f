"""Which person a written request means: by 受付番号, by e-mail address, or by date of birth with name or reading.

Never by a name alone: whoever may look in all sections must already know whom they look for.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count

from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.facts.queries import holders, known, open_to
from madoguchi.facts.rules import Purpose, PurposeCode
from madoguchi.ground.errors import Invalid, NotFound, Problem
from madoguchi.ground.ids import parse_reference
from madoguchi.ground.kana import search_key
from madoguchi.people.models import Identity
from madoguchi.people.rules import NOBODY, normalise_address

_NAMES: Final = ("person.full_name", "person.full_name_kana")
_SHOWN: Final = (*_NAMES, "person.date_of_birth", "person.registered_address")
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Sought:
    """What stands on the request; each may be empty, ``name`` is a name or its reading."""

    name: str = ""
    born_on: dt.date | None = None
    number: str = ""
    email: str = ""

    def named(self) -> list[str]:
        """By what is looked, without what is looked for."""
        return [one for one in ("name", "born_on", "number", "email") if getattr(self, one)]


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person as a clerk compares them with the request. ``cases`` is how many were handed in."""

    id: UUID
    name: str
    kana: str
    born_on: str
    address: str
    email: str
    cases: int
    signs_in: bool


def find(sought: Sought, *, by: Actor, purpose: PurposeCode = "disclosure") -> list[FoundPerson]:
    """Those who are meant, at most ``MOST``, for this purpose. Raises Invalid where less is said than it takes.

    For acts only, which ask who looks.
    """
    if sought.number:
        keys = _by_number(sought.number)
    elif sought.email:
        address = normalise_address(sought.email)
        keys = list(Identity.objects.filter(issuer="mailto:", subject=address).values_list("person_id", flat=True))
    elif sought.name and sought.born_on:
        keys = _by_name(sought.name, sought.born_on, by, purpose_of(by, purpose))
    else:
        problem = Problem("sought-too-little", "受付番号か、メールアドレスか、氏名と生年月日の両方を入力してください。")
        raise Invalid(problem.code, problem.message, fields={"name": problem})
    return _found(keys, by, purpose_of(by, purpose))


def of_id(person: UUID, *, by: Actor, purpose: PurposeCode = "disclosure") -> list[FoundPerson]:
    """One who was found before."""
    return _found([person], by, purpose_of(by, purpose))


def _by_number(typed: str) -> list[UUID]:
    number = parse_reference(typed)
    return list(Case.objects.filter(number=number).exclude(person_id=NOBODY).values_list("person_id", flat=True))


def _by_name(name: str, born_on: dt.date, by: Actor, purpose: Purpose) -> list[UUID]:
    """Everybody of that day is compared, and may read so: of 120,000 people four or five share one, seldom twenty."""
    wanted = search_key(name)
    born = holders("person.date_of_birth", born_on.isoformat(), purpose, by=by, most=200)
    return [
        one
        for one in born
        if any(search_key(str(fact.value)) == wanted for fact in known(one, _NAMES, purpose, by=by).values())
    ][:MOST]


def purpose_of(by: Actor, code: PurposeCode) -> Purpose:
    """For what a member of staff looks somebody up, who is in no case."""
    return Purpose(code, office=min(by.sections, default=""))


def must_be_there(person: UUID, by: Actor, *, purpose: PurposeCode = "disclosure") -> None:
    """For acts about somebody who was found. Raises NotFound where staff may not know of them (支援措置)."""
    if person not in open_to([person], purpose_of(by, purpose)):
        raise NotFound("person-unknown", "さがした結果が古くなりました。もう一度さがしてください。")


def _found(found: list[UUID], by: Actor, purpose: Purpose) -> list[FoundPerson]:
    there = open_to(found, purpose)  # whoever is under 支援措置 is not there, by whatever they were looked for
    keys = [one for one in dict.fromkeys(found) if one in there]
    cases = dict(
        Case.objects.filter(person__in=keys, received_at__isnull=False)
        .values("person")
        .annotate(n=Count("pk"))
        .values_list("person", "n")
    )
    identities: dict[UUID, list[Identity]] = {}
    for one in Identity.objects.filter(person__in=keys):
        identities.setdefault(one.person_id, []).append(one)
    result = []
    for key in keys:
        told = {name: str(one.value) for name, one in known(key, _SHOWN, purpose, by=by).items()}
        mine = identities.get(key, [])
        result.append(
            FoundPerson(
                key,
                told.get("person.full_name", ""),
                told.get("person.full_name_kana", ""),
                told.get("person.date_of_birth", ""),
                told.get("person.registered_address", ""),
                next((one.subject for one in mine if one.issuer == "mailto:"), ""),
                cases.get(key, 0),
                bool(mine),
            )
        )
    return result
