"""Links on other pages that choose some answers beforehand: ``/apply/<code>/?<field>=<value>``. Pure.

Only fields that the package marks (``prefill: link``) are taken; everything else in the address is counted and neither
kept nor repeated, because nobody knows what somebody wrote there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from madoguchi.ground.errors import Invalid
from madoguchi.procedures.rules.form import Form, FormField, read_value

#: Of an address no more is looked at.
MOST_NAMES: Final = 50
LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Linked:
    """``raw`` is what was taken, as a form would post it; ``left`` how many other names or values there were."""

    raw: Mapping[str, list[str]]
    left: int

    def __bool__(self) -> bool:
        return bool(self.raw) or self.left > 0


def linkable(form: Form) -> dict[str, FormField]:
    """The fields that a link may choose, by name."""
    return {one.name: one for section in form.sections for one in section.fields if one.may_be_linked}


def read_link(form: Form, query: Mapping[str, Sequence[str]]) -> Linked:
    """What of an address is taken."""
    known, raw, left = linkable(form), {}, max(len(query) - MOST_NAMES, 0)
    for name, values in list(query.items())[:MOST_NAMES]:
        if name in known and value_of(known[name], values) is not None:
            raw[name] = [str(one) for one in values]
        else:
            left += 1
    return Linked(raw, left)


def value_of(one: FormField, values: Sequence[str]) -> Any:
    """The answer that a link gives to a field; None for one that the field does not have."""
    if not values or len(values) > len(one.options) + 1 or any(len(value) > LONGEST for value in values):
        return None
    if one.type != "choices" and len(values) != 1:
        return None
    try:
        return read_value(one, list(values) if one.type == "choices" else values[0])
    except Invalid:
        return None
