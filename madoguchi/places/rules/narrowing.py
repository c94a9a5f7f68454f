"""What a clerk narrows the table of a layer by, as the tree of a filter (CQL2): a value of a list, words within a
text, a number or a day from and to. It sees what the reader sees of a layer, and nothing else."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Final

from madoguchi.ground.errors import Invalid, Problem
from madoguchi.places.rules.cql import Day, Node, Op, Property
from madoguchi.places.rules.layer import Attribute, Audience, Layer

#: Asked for where a feature says nothing.
NOTHING: Final = "-"
#: Kinds that are asked for from and to.
RANGES: Final = ("number", "integer", "date")


def names(layer: Layer, reader: Audience) -> Iterator[tuple[Attribute, tuple[str, ...]]]:
    """By which attributes, and under which names a form asks for each: one, or two from and to."""
    for one in layer.seen_by(reader):
        name = f"p-{one.key}"
        yield one, (f"{name}-from", f"{name}-to") if one.kind in RANGES else (name,)


def tree(layer: Layer, reader: Audience, said: Mapping[str, str]) -> Node | None:
    """The filter that a form means; None where nothing was filled in. Raises Invalid naming the attributes that cannot
    be compared with what was written."""
    parts: list[Node] = []
    wrong: dict[str, Problem] = {}
    for one, asked in names(layer, reader):
        for place, name in enumerate(asked):
            try:
                parts += _part(one, said.get(name, "").strip(), place)
            except ValueError:
                wrong[one.key] = Problem(
                    "filter-value", "日付で書いてください。" if one.kind == "date" else "数で書いてください。"
                )
    if wrong:
        raise Invalid("filter-values", "絞りこむ条件を読めません。", fields=wrong)
    return Op("and", tuple(parts)) if len(parts) > 1 else parts[0] if parts else None


def _part(one: Attribute, said: str, place: int) -> Iterator[Node]:
    """One condition; ``place`` is 0 for from, 1 for to. Raises ValueError."""
    if not said:
        return
    this = Property(one.key)
    if one.kind in RANGES:
        value: Node = Day(dt.date.fromisoformat(said).isoformat()) if one.kind == "date" else _number(said)
        yield Op("<=" if place else ">=", (this, value))
    elif said == NOTHING and one.kind in ("code", "yes_no"):
        yield Op("isNull", (this,))
    elif one.kind == "yes_no":
        yield Op("=", (this, said == "true"))
    elif one.kind == "code":
        yield Op("=", (this, said))
    else:
        words = said.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        yield Op("like", (Op("casei", (this,)), f"%{words}%"))


def _number(said: str) -> float:
    value = float(said)
    if value - value != 0:
        raise ValueError(said)
    return value
