"""The order of a layer's features by one of their attributes, for the lists beside the map and at the desk."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import OrderBy, TextField
from django.db.models.expressions import RawSQL

from madoguchi.places.rules.layer import Attribute, Audience, Kind, Layer


@dataclass(frozen=True, slots=True)
class Order:
    """By which attribute the features of a layer are listed, from the least or (``down``) from the most; what says
    nothing comes last."""

    by: Attribute
    down: bool = False

    @property
    def written(self) -> str:
        """As an address has it: ``width``, or ``-width`` from the most."""
        return f"-{self.by.key}" if self.down else self.by.key

    @property
    def given(self) -> dict[str, Any]:
        """What ``value`` asks for."""
        return {"by": self.by.key, "codes": list(self.by.codes)}


def order_of(layer: Layer, reader: Audience, written: str) -> Order | None:
    """The order that an address asks for. None for what there is none by, and for what this reader does not see: the
    order would tell it."""
    known = {one.key: one for one in layer.seen_by(reader)}
    by = known.get(written.removeprefix("-"))
    return Order(by, written.startswith("-")) if by is not None else None


#: What is compared: numbers as numbers, what has a list of values as they stand there, and words by the collation that
#: is made for them.
_NUMBER: Final = (
    "CASE WHEN jsonb_typeof({row}.properties->%(by)s) = 'number' THEN ({row}.properties->>%(by)s)::numeric END"
)
_VALUES: Final[Mapping[Kind, str]] = {
    "text": "nullif({row}.properties->>%(by)s, '') COLLATE natural_japanese",
    "number": _NUMBER,
    "integer": _NUMBER,
    "code": "array_position(%(codes)s::text[], {row}.properties->>%(by)s)",
    "yes_no": "{row}.properties->>%(by)s",
    "date": "{row}.properties->>%(by)s",
}


def value(kind: Kind, row: str) -> str:
    """What is compared, as SQL over a ``row`` of features; it asks for ``by`` and ``codes``."""
    return _VALUES[kind].format(row=row)


def in_order(order: Order, row: str) -> OrderBy:
    """The same for a query of Django, whose table is ``row``."""
    sql = value(order.by.kind, row)
    asked = [order.given[name] for name in re.findall(r"%\((\w+)\)s", sql)]
    raw = RawSQL(re.sub(r"%\(\w+\)s", "%s", sql), asked, output_field=TextField())  # noqa: S611 -- our own text
    return OrderBy(raw, descending=order.down, nulls_last=True)
