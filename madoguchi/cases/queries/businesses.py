"""What the city has recorded of a business that an answer names by its number: offered beside the question."""

from collections.abc import Mapping
from typing import Any

from madoguchi.events import Actor
from madoguchi.facts.models import Source
from madoguchi.facts.queries import Known, NoBasis, known
from madoguchi.facts.rules import Purpose
from madoguchi.people.queries import business_of
from madoguchi.procedures.rules.form import FormSection


def known_of_businesses(
    section: FormSection, answers: Mapping[str, Any], purpose: Purpose, *, by: Actor
) -> dict[str, Known]:
    """By name of the field. Only what an office has recorded, never what somebody else has typed; nothing where no law
    permits it (the log says so)."""
    wanted: dict[str, dict[str, str]] = {}
    for one in section.fields if section.each is None else ():
        fact, number = one.business
        if fact and isinstance(said := answers.get(number), str):
            wanted.setdefault(said, {})[fact] = one.name
    found: dict[str, Known] = {}
    for number, names in wanted.items():
        business = business_of(number)
        if business is None:
            continue
        try:
            held = known(business, names, purpose, by=by, sources=[Source.STAFF, Source.REGISTER])
        except NoBasis:
            continue
        found |= {names[key]: one for key, one in held.items()}
    return found
