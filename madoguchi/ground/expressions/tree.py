"""The tree of an expression: what parsing makes, and what evaluation and compilation to SQL walk.

Our own few nodes instead of sqlglot's hundreds, so that what is not listed here does not exist in the language.
`at` is the offset in the text that an error points to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

Value: TypeAlias = bool | int | Decimal | str | date | None
"""What an expression may hold or yield. None is SQL's NULL: not known."""


class ExpressionError(ValueError):
    """What is wrong with an expression, where, and what to write instead (Japanese, for who writes the catalogue).

    Never holds a value that a person gave: only the expression's own text and the kinds of values.
    """

    def __init__(self, problem: str, instead: str, *, text: str, at: int) -> None:
        super().__init__(problem, instead)
        self.problem = problem
        self.instead = instead
        self.text = text
        self.at = at

    @property
    def line(self) -> int:
        """From 1, within the expression."""
        return self.text.count("\n", 0, self.at) + 1

    @property
    def column(self) -> int:
        """From 1, within the line."""
        return self.at - (self.text.rfind("\n", 0, self.at) + 1) + 1

    def __str__(self) -> str:
        line = f"{self.line}行目の" if "\n" in self.text else ""
        return f"{line}{self.column}文字目: {self.problem} → {self.instead}"


@dataclass(frozen=True, slots=True)
class Literal:
    at: int
    value: Value


@dataclass(frozen=True, slots=True)
class Name:
    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Not:
    at: int
    operand: Node


@dataclass(frozen=True, slots=True)
class Junction:
    """`and` (all) or `or` of two and more conditions."""

    at: int
    every: bool
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    at: int
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between:
    at: int
    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class In:
    at: int
    operand: Node
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    at: int
    operand: Node


@dataclass(frozen=True, slots=True)
class Negative:
    at: int
    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic:
    at: int
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function of single values: age_on, age_at_fiscal_year_end, days_between, next_month, round_down,
    coalesce."""

    at: int
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """count, sum, min, max, any or all over rows. `rows` are the names that may be the rows, nearest first:
    of `any(child.age < person.limit)` these are `child` and `person`; which of them holds rows, the scope says.
    """

    at: int
    function: str
    argument: Node
    rows: tuple[str, ...]


Node: TypeAlias = (
    Literal | Name | Not | Junction | Comparison | Between | In | IsNull | Negative | Arithmetic | Call | Aggregate
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Literal() | Name():
            return ()
        case Not() | IsNull() | Negative():
            return (node.operand,)
        case Junction():
            return node.operands
        case Comparison() | Arithmetic():
            return (node.left, node.right)
        case Between():
            return (node.operand, node.low, node.high)
        case In():
            return (node.operand, *node.options)
        case Call():
            return node.arguments
        case Aggregate():
            return (node.argument,)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk(child)


def names(node: Node) -> Iterator[str]:
    """The names it mentions, in the order of the text, repeated as often as they occur."""
    return (each.name for each in walk(node) if isinstance(each, Name))
