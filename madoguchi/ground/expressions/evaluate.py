"""Tree → Python function, once. Nothing is evaluated as code: each node becomes a small closure over its parts.

SQL's three-valued logic throughout: what is not known (None) makes a comparison None, and `and`, `or`, `not`
decide where they can. Differences of type are errors here, because a catalogue should not depend on conversions.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from functools import partial
from typing import Any, Final, TypeAlias

from madoguchi.ground.expressions import tree
from madoguchi.ground.expressions.tree import ExpressionError, Node, Value
from madoguchi.ground.wareki import age_at_fiscal_year_end, age_on

Scope: TypeAlias = Mapping[str, Any]
Evaluator: TypeAlias = Callable[[Scope], Any]

QUOTIENT_PLACES: Final = 10
"""A quotient is cut off (切捨て) after this many decimals, exactly and in SQL alike."""

_EXACT: Final = Context(prec=400, traps=[Inexact, InvalidOperation, Overflow])
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_KINDS: Final[Mapping[type, str]] = {int: "数", Decimal: "数", str: "文字", date: "日付", bool: "はい・いいえ"}
_PLAIN: Final = frozenset({*_KINDS, type(None)})
_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_tree(node: Node, text: str) -> Evaluator:
    """The function from a scope to the value. It raises ExpressionError where kinds of values do not fit."""
    return _Compiler(text).compile(node)


class _Compiler:
    def __init__(self, text: str) -> None:
        self.text = text

    def error(self, at: int, problem: str, instead: str) -> ExpressionError:
        return ExpressionError(problem, instead, text=self.text, at=at)

    def compile(self, node: Node) -> Evaluator:
        match node:
            case tree.Literal(value=value):
                return lambda scope: value
            case tree.Name():
                return self.name(node)
            case tree.Not():
                return self.negation(node)
            case tree.Junction():
                return self.junction(node)
            case tree.Comparison():
                return self.comparison(node)
            case tree.Between():
                return self.between(node)
            case tree.In():
                return self.membership(node)
            case tree.IsNull():
                inner = self.raw(node.operand)
                return lambda scope: inner(scope) is None
            case tree.Negative():
                return self.negative(node)
            case tree.Arithmetic():
                return self.arithmetic(node)
            case tree.Call():
                return self.call(node)
            case tree.Aggregate():
                return self.aggregate(node)

    # --- names ------------------------------------------------------------------------------------------------------

    def name(self, node: tree.Name) -> Evaluator:
        find = _finder(node.name)
        plain = self.plain

        def name(scope: Scope) -> Value:
            value = find(scope)
            return value if type(value) in _PLAIN else plain(node, value)

        return name

    def raw(self, node: Node) -> Evaluator:
        """A value of any kind, rows and structures included: one may ask whether they are there."""
        if not isinstance(node, tree.Name):
            return self.compile(node)
        find = _finder(node.name)

        def raw(scope: Scope) -> Any:
            value = find(scope)
            return self.plain(node, value) if value is _ROWS else value

        return raw

    def plain(self, node: tree.Name, value: Any) -> Value:
        """Values of other types that stand for a plain one; the rest cannot be calculated with."""
        if isinstance(value, float):
            value = Decimal(repr(value))
        if isinstance(value, Decimal) and value.is_finite():
            return Decimal(value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return int(value)
        if value is _ROWS or isinstance(value, Sequence):
            row = node.name.partition(".")[0]
            raise self.error(
                node.at,
                f"「{node.name}」は行の集まりの中にあります",
                f"any({row}.… = …)、all(…)、count({row}) のどれかで書きます",
            )
        if isinstance(value, datetime):
            raise self.error(node.at, f"「{node.name}」は日時です", "日付（日本の暦の日）にしてから渡します")
        raise self.error(node.at, f"「{node.name}」は一つの値ではありません", f"中の項目（{node.name}.…）を書きます")

    # --- conditions -------------------------------------------------------------------------------------------------

    def truth(self, node: Node) -> Evaluator:
        """A node where a condition must stand: True, False or None."""
        inner = self.compile(node)
        error = self.error

        def truth(scope: Scope) -> bool | None:
            value = inner(scope)
            if value is True or value is False or value is None:
                return value
            raise error(node.at, f"条件のところに{_kind(value)}があります", "= や < で比べる式を書きます")

        # What can only be a condition needs no check.
        conditions = tree.Not | tree.Junction | tree.Comparison | tree.Between | tree.In | tree.IsNull
        return inner if isinstance(node, conditions) else truth

    def negation(self, node: tree.Not) -> Evaluator:
        inner = self.truth(node.operand)

        def negation(scope: Scope) -> bool | None:
            value = inner(scope)
            return None if value is None else not value

        return negation

    def junction(self, node: tree.Junction) -> Evaluator:
        every = node.every
        operands = tuple(self.truth(operand) for operand in node.operands)

        if len(operands) != 2:
            return lambda scope: _join((operand(scope) for operand in operands), every=every)
        first, second = operands
        decisive = not every

        def pair(scope: Scope) -> Any:
            value = first(scope)
            if value is decisive:
                return decisive
            other = second(scope)
            if other is decisive:
                return decisive
            return None if value is None or other is None else every

        return pair

    def comparison(self, node: tree.Comparison) -> Evaluator:
        left, right = self.compile(node.left), self.compile(node.right)
        alike = partial(self.alike, node.left, node.right)
        if node.operator in {"=", "<>"}:
            wanted = node.operator == "="

            def equality(scope: Scope) -> bool | None:
                a, b = left(scope), right(scope)
                if a is None or b is None:
                    return None
                if type(a) is not type(b):
                    a, b = alike(a, b)
                return (a == b) is wanted

            return equality
        compare = _ORDERED[node.operator]
        ordered = partial(self.ordered, node.left, node.right)

        def order(scope: Scope) -> bool | None:
            a, b = left(scope), right(scope)
            if a is None or b is None:
                return None
            if type(a) is not int or type(b) is not int:
                a, b = ordered(a, b)
            return compare(a, b)

        return order

    def alike(self, left: Node, right: Node, a: Value, b: Value) -> tuple[Value, Value]:
        """Two known values made comparable: numbers with numbers, ISO text with dates; the rest is an error."""
        kind_a, kind_b = _KINDS[type(a)], _KINDS[type(b)]
        if kind_a == kind_b:
            return a, b
        if isinstance(a, date):
            return a, self.date(right, b)
        if isinstance(b, date):
            return self.date(left, a), b
        raise self.error(
            right.at,
            f"{kind_a}と{kind_b}は比べられません",
            "文字は 'apart'、数は 3、はい・いいえは true か false、日付は '2024-10-01' と書きます",
        )

    def ordered(self, left: Node, right: Node, a: Value, b: Value) -> tuple[Any, Any]:
        """The same for < and >, which words and truth values do not have."""
        a, b = self.alike(left, right, a, b)
        if isinstance(a, str) and isinstance(b, str):
            return self.date(left, a), self.date(right, b)
        if isinstance(a, bool):
            raise self.error(left.at, "はい・いいえに大小はありません", "= true か = false と書きます")
        return a, b

    def date(self, node: Node, value: Value) -> date:
        """A date, also from the text in which answers hold one."""
        if isinstance(value, date):
            return value
        if isinstance(value, str) and _ISO_DATE.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                raise self.error(
                    node.at, "カレンダーにない日付です", "'2024-10-01' のように実際にある日を書きます"
                ) from None
        raise self.error(node.at, f"日付のところに{_kind(value)}があります", "日付の項目か '2024-10-01' を書きます")

    def between(self, node: tree.Between) -> Evaluator:
        low = self.comparison(tree.Comparison(node.at, ">=", node.operand, node.low))
        high = self.comparison(tree.Comparison(node.at, "<=", node.operand, node.high))
        return lambda scope: _join((low(scope), high(scope)), every=True)

    def membership(self, node: tree.In) -> Evaluator:
        values = [option.value for option in node.options if isinstance(option, tree.Literal)]
        if len(values) == len(node.options) and all(type(value) is str for value in values):
            return self.membership_of_words(node, frozenset(values))
        options = [self.comparison(tree.Comparison(node.at, "=", node.operand, option)) for option in node.options]
        return lambda scope: _join((option(scope) for option in options), every=False)

    def membership_of_words(self, node: tree.In, words: frozenset[Any]) -> Evaluator:
        """The everyday case, a choice among codes, at the cost of one look into a set."""
        inner = self.compile(node.operand)
        options = [self.comparison(tree.Comparison(node.at, "=", node.operand, option)) for option in node.options]

        def membership(scope: Scope) -> bool | None:
            value = inner(scope)
            if type(value) is str:
                return value in words
            return _join((option(scope) for option in options), every=False)

        return membership

    # --- numbers ----------------------------------------------------------------------------------------------------

    def number(self, node: Node, value: Value) -> int | Decimal:
        if type(value) is int or type(value) is Decimal:
            return value
        instead = "日付の差は days_between(…) で求めます" if isinstance(value, date) else "数の項目か数を書きます"
        raise self.error(node.at, f"計算のところに{_kind(value)}があります", instead)

    def negative(self, node: tree.Negative) -> Evaluator:
        inner = self.compile(node.operand)

        def negative(scope: Scope) -> int | Decimal | None:
            value = inner(scope)
            if value is None:
                return None
            value = self.number(node.operand, value)
            return value.copy_negate() if isinstance(value, Decimal) else -value  # `-` would round to 28 digits

        return negative

    def arithmetic(self, node: tree.Arithmetic) -> Evaluator:
        left, right = self.compile(node.left), self.compile(node.right)
        whole, exact = _ARITHMETIC[node.operator]

        def arithmetic(scope: Scope) -> Any:
            a, b = left(scope), right(scope)
            if a is None or b is None:
                return None
            if type(a) is int and type(b) is int:
                return whole(a, b)
            return self.exactly(node, exact, self.number(node.left, a), self.number(node.right, b))

        return arithmetic

    def exactly(self, node: Node, exact: Callable[[Any, Any], Any], a: int | Decimal, b: int | Decimal) -> Any:
        """One calculation without rounding; numbers so long that it would be rounded are refused."""
        try:
            return exact(a, b)
        except DecimalException:
            problem = "数が大きすぎるか細かすぎて計算できません"
            raise self.error(node.at, problem, "桁の少ない数で計算します") from None

    # --- functions --------------------------------------------------------------------------------------------------

    def call(self, node: tree.Call) -> Evaluator:
        arguments = tuple(self.compile(argument) for argument in node.arguments)
        if node.function == "coalesce":

            def coalesce(scope: Scope) -> Value:
                return next((value for argument in arguments if (value := argument(scope)) is not None), None)

            return coalesce
        if node.function == "next_month":
            (only,), (only_node,) = arguments, node.arguments

            def next_month(scope: Scope) -> date | None:
                day = only(scope)
                return None if day is None else _next_month(self.date(only_node, day))

            return next_month
        first, second = arguments
        first_node, second_node = node.arguments
        if node.function == "round_down":

            def round_down(scope: Scope) -> Any:
                a, b = first(scope), second(scope)
                if a is None or b is None:
                    return None
                return self.exactly(node, _cut_off, self.number(first_node, a), self.number(second_node, b))

            return round_down
        function = _OF_TWO_DATES[node.function]

        def of_two_dates(scope: Scope) -> int | None:
            a, b = first(scope), second(scope)
            if a is None or b is None:
                return None
            return function(self.date(first_node, a), self.date(second_node, b))

        return of_two_dates

    def aggregate(self, node: tree.Aggregate) -> Evaluator:
        finders = tuple((name, _finder(name)) for name in node.rows)

        def rows(scope: Scope) -> tuple[str, Sequence[Any]]:
            """The rows meant: the one name that holds some. Where none does, there are no rows yet."""
            found = [(name, value) for name, find in finders if isinstance(value := find(scope), list | tuple)]
            if len(found) > 1:
                raise self.error(node.at, "二種類の行をいちどに数えています", "行の種類ごとに分けて書きます")
            if not found and node.function == "count" and finders[0][1](scope) not in (None, _ROWS):
                raise self.error(node.at, f"「{node.rows[0]}」は行の集まりではありません", "行の名前を書きます")
            return found[0] if found else ("", ())

        if node.function == "count":
            return lambda scope: len(rows(scope)[1])
        each = (self.truth if node.function in {"any", "all"} else self.compile)(node.argument)

        def values(scope: Scope) -> Iterator[Any]:
            name, found = rows(scope)
            bound = dict(scope)
            for row in found:
                _bind(bound, name, row)
                yield each(bound)

        if node.function in {"any", "all"}:
            every = node.function == "all"
            return lambda scope: _join(values(scope), every=every)
        if node.function == "sum":

            def total(scope: Scope) -> Any:
                whole, exact = 0, None
                for value in values(scope):
                    if type(value) is int:
                        whole += value
                    elif value is not None:
                        exact = self.exactly(node, _EXACT.add, exact or 0, self.number(node.argument, value))
                return whole if exact is None else self.exactly(node, _EXACT.add, exact, whole)

            return total
        better = operator.lt if node.function == "min" else operator.gt

        def extreme(scope: Scope) -> Value:
            best: Value = None
            for value in values(scope):
                if value is None:
                    continue
                ours, theirs = self.ordered(node.argument, node.argument, value, value if best is None else best)
                if best is None or better(ours, theirs):
                    best = ours
            return best

        return extreme


# --- what needs no compiler ---------------------------------------------------------------------------------------

_ROWS: Final = object()
"""Found on the way to a name: rows, where one structure was expected."""


def _finder(name: str) -> Callable[[Scope], Any]:
    """Looks a name up, part by part (answers are nested) or as it stands (a flat scope). Missing is None."""
    parts = name.split(".")
    splits = [(".".join(parts[:i]), parts[i:]) for i in range(1, len(parts) + 1)]
    head, tail = parts[0], parts[-1]

    def find(scope: Scope) -> Any:
        for first, rest in splits:
            value = scope.get(first)
            for part in rest:
                if isinstance(value, list | tuple):
                    return _ROWS
                value = value.get(part) if isinstance(value, Mapping) else None
            if value is not None:
                return value
        return None

    def find_in_two(scope: Scope) -> Any:
        outer = scope.get(head)
        value = outer.get(tail) if type(outer) is dict else None
        return find(scope) if value is None else value

    if len(parts) == 1:
        return lambda scope: scope.get(name)
    return find_in_two if len(parts) == 2 else find


def _bind(scope: dict[str, Any], name: str, row: Any) -> None:
    """Let the name of the rows mean one row; `household.members` inside a copy of what holds it."""
    head, _, rest = name.partition(".")
    if not rest or name in scope:
        scope[name] = row
        return
    inner = dict(scope[head])
    _bind(inner, rest, row)
    scope[head] = inner


def _join(values: Iterable[bool | None], *, every: bool) -> bool | None:
    """SQL's AND (`every`) or OR over conditions: one decisive value decides, else one unknown leaves it unknown."""
    result: bool | None = every
    for value in values:
        if value is None:
            result = None
        elif value is not every:
            return value
    return result


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "値")


def _quotient(a: int | Decimal, b: int | Decimal) -> int | Decimal | None:
    """Cut off after QUOTIENT_PLACES decimals; None (not known) where it would divide by zero."""
    if b == 0:
        return None
    digits = _EXACT.divide_int(_EXACT.scaleb(Decimal(a), QUOTIENT_PLACES), Decimal(b))
    result = _EXACT.scaleb(digits, -QUOTIENT_PLACES)
    return int(result) if result == result.to_integral_value() else result


def _cut_off(amount: int | Decimal, unit: int | Decimal) -> int | Decimal | None:
    """The nearest multiple of ``unit`` towards zero (端数の切捨て); None (not known) where the unit is zero."""
    if unit == 0:
        return None
    result = _EXACT.multiply(_EXACT.divide_int(Decimal(amount), Decimal(unit)), Decimal(unit))
    return int(result) if result == result.to_integral_value() else result


_ARITHMETIC: Final[Mapping[str, tuple[Callable[[int, int], Any], Callable[[Any, Any], Any]]]] = {
    "+": (operator.add, _EXACT.add),
    "-": (operator.sub, _EXACT.subtract),
    "*": (operator.mul, _EXACT.multiply),
    "/": (_quotient, _quotient),
}


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _days_between(start: date, end: date) -> int:
    return (end - start).days


_OF_TWO_DATES: Final[Mapping[str, Callable[[date, date], int]]] = {
    "age_on": age_on,
    "age_at_fiscal_year_end": age_at_fiscal_year_end,
    "days_between": _days_between,
}
