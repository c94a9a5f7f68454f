"""Tree → one PostgreSQL expression with the same meaning, so that a rule decides one case and a whole city alike.

Everything is put in parentheses, numbers are calculated as `numeric` and dates cast to `date`, so that neither
precedence nor integer division nor overflow makes a difference to the Python side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from madoguchi.ground.expressions import tree
from madoguchi.ground.expressions.evaluate import QUOTIENT_PLACES
from madoguchi.ground.expressions.tree import ExpressionError, Node, Value

_SHIFT: Final = 10**QUOTIENT_PLACES
_UNIT: Final = f"0.{'1'.zfill(QUOTIENT_PLACES)}"

# One unknown leaves it unknown unless a known value decides: bool_or and bool_and alone would skip unknowns.
_ANY: Final = (
    "(select case when bool_or({each}) then true when count(*) > count({each}) then null else false end from {rows})"
)
_ALL: Final = (
    "(select case when not bool_and({each}) then false when count(*) > count({each}) then null else true end"
    " from {rows})"
)
_COUNT: Final = "(select count(*) from {rows})"
_SUM: Final = "(select coalesce(sum({each}), 0) from {rows})"
_EXTREME: Final = "(select {function}({each}) from {rows})"


def compile_tree(node: Node, columns: Mapping[str, str], text: str) -> str:
    """See Expression.sql."""
    return _Compiler(columns, text).sql(node)


class _Compiler:
    def __init__(self, columns: Mapping[str, str], text: str) -> None:
        self.columns = columns
        self.text = text

    def error(self, at: int, problem: str, instead: str) -> ExpressionError:
        return ExpressionError(problem, instead, text=self.text, at=at)

    def sql(self, node: Node) -> str:
        match node:
            case tree.Literal(value=value):
                return _literal(value)
            case tree.Name(name=name):
                if name not in self.columns:
                    raise self.error(
                        node.at, f"「{name}」という列はありません", f"使えるのは {'、'.join(self.columns)} です"
                    )
                return f"({self.columns[name]})"
            case tree.Not():
                return f"(not {self.condition(node.operand)})"
            case tree.Junction():
                return f"({(' and ' if node.every else ' or ').join(map(self.condition, node.operands))})"
            case tree.Comparison():
                return f"({self.sql(node.left)} {node.operator} {self.sql(node.right)})"
            case tree.Between():
                return f"({self.sql(node.operand)} between {self.sql(node.low)} and {self.sql(node.high)})"
            case tree.In():
                return f"({self.sql(node.operand)} in ({', '.join(map(self.sql, node.options))}))"
            case tree.IsNull():
                return f"({self.sql(node.operand)} is null)"
            case tree.Negative():
                return f"(- {self.number(node.operand)})"
            case tree.Arithmetic():
                return self.arithmetic(node)
            case tree.Call():
                return self.call(node)
            case tree.Aggregate():
                return self.aggregate(node)

    def condition(self, node: Node) -> str:
        return f"{self.sql(node)}::boolean"

    def number(self, node: Node) -> str:
        return f"{self.sql(node)}::numeric"

    def arithmetic(self, node: tree.Arithmetic) -> str:
        left, right = self.number(node.left), self.number(node.right)
        if node.operator == "/":
            return f"(div({left} * {_SHIFT}, nullif({right}, 0)) * {_UNIT})"
        return f"({left} {node.operator} {right})"

    def call(self, node: tree.Call) -> str:
        arguments = [self.sql(argument) for argument in node.arguments]
        if node.function == "coalesce":
            return f"coalesce({', '.join(arguments)})"
        if node.function == "next_month":
            return f"(date_trunc('month', {arguments[0]}::date::timestamp) + interval '1 month')::date"
        if node.function == "round_down":
            amount, unit = (f"{argument}::numeric" for argument in arguments)
            return f"(div({amount}, nullif({unit}, 0)) * {unit})"
        first, second = (f"{argument}::date" for argument in arguments)
        if node.function == "days_between":
            return f"({second} - {first})"
        if node.function == "age_on":
            return f"(floor(({_as_number(second)} - {_as_number(first)}) / 10000)::integer)"
        end_of_fiscal_year = f"extract(year from {second} - interval '3 months') + 1"
        after_april_1 = (
            f"case when extract(month from {first}) * 100 + extract(day from {first}) > 401 then 1 else 0 end"
        )
        return f"(({end_of_fiscal_year} - extract(year from {first}) - {after_april_1})::integer)"

    def aggregate(self, node: tree.Aggregate) -> str:
        rows = [self.columns[name] for name in node.rows if name in self.columns]
        if len(rows) != 1:
            raise self.error(
                node.at,
                f"{node.function} の行がどれか決まりません（{'、'.join(node.rows)}）",
                "行の名前に from 句に書ける SQL を一つだけ割り当てます",
            )
        (source,) = rows
        match node.function:
            case "count":
                return _COUNT.format(rows=source)
            case "any":
                return _ANY.format(each=self.condition(node.argument), rows=source)
            case "all":
                return _ALL.format(each=self.condition(node.argument), rows=source)
            case "sum":
                return _SUM.format(each=self.number(node.argument), rows=source)
            case extreme:
                return _EXTREME.format(function=extreme, each=self.sql(node.argument), rows=source)


def _literal(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def _as_number(day: str) -> str:
    """20260401 for a date: the difference of two, divided by 10000, is an age."""
    return f"(extract(year from {day}) * 10000 + extract(month from {day}) * 100 + extract(day from {day}))"
