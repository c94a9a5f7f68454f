"""The expression language of the catalogue: `child.age < 3 and person.pension_scheme in ('kokumin', 'kosei')`.

A small part of SQL, in which conditions of fields and steps and the cells of decision tables are written.
1. `parse.py` reads the text with sqlglot and lets only a whitelist through; errors say where and what instead.
2. `evaluate.py` turns the tree once into Python closures: that decides one case.
3. `compile.py` turns the same tree into PostgreSQL: that decides a whole city. Both mean the same.

    literals     3  0.5  'apart'  true  false  null, dates as '2024-10-01'
    names        person.full_name (case-free, ASCII); a name that is missing or unanswered is null
    conditions   =  <>  <  <=  >  >=  between … and …  in (…)  is null  is not null  and  or  not
    arithmetic   +  -  *  / (cut off after ten decimals; null for a division by zero)
                 round_down(price / 2, 100), 端数の切捨て: the multiple of 100 next to it towards zero
    dates        age_on(birth, on)  age_at_fiscal_year_end(birth, on)  days_between(from, to)
                 next_month(day), the first of the month after
    rows         count(child)  sum(child.monthly)  min(…)  max(…)  any(child.age < 3)  all(child.age < 3)
    unknowns     coalesce(x, 0); otherwise three-valued logic as in SQL

Aggregates skip unknown values; without any value, sum is 0 and min and max are null. Of no rows `any` is false
and `all` is true. Words can be equal or not, but not less or more; kinds are never converted, except ISO text
where a date must stand. There is no statement, query, cast, comment, loop or call of anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from madoguchi.ground.expressions import compile as to_sql
from madoguchi.ground.expressions import evaluate as to_python
from madoguchi.ground.expressions import parse as from_text
from madoguchi.ground.expressions import tree
from madoguchi.ground.expressions.tree import ExpressionError, Node, Value

__all__ = ["Expression", "ExpressionError", "Value"]


class Expression:
    """One expression: parsed once, immutable, equal to another of the same text."""

    __slots__ = ("__dict__", "_evaluate", "text", "tree")

    text: str
    """As it was written."""
    tree: Node
    """For checks that look inside (gaps and overlaps of tables)."""

    def __init__(self, text: str) -> None:
        parsed = from_text.parse(text)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "tree", parsed)
        object.__setattr__(self, "_evaluate", to_python.compile_tree(parsed, text))

    @classmethod
    def parse(cls, text: str) -> Expression:
        """The expression of a text. Raises ExpressionError with the place and what to write instead."""
        return _parsed(text)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name it mentions, in lower case, rows (`child`) and their fields (`child.age`) alike."""
        return frozenset(tree.names(self.tree))

    def evaluate(self, scope: Mapping[str, Any]) -> Value:
        """The value for these answers and facts, nested (`{"child": [{"age": 2}]}`) or flat (`{"person.name": …}`).

        Inside `each: child` the scope binds `child` to the one row. Raises ExpressionError where kinds of values do
        not fit (a number compared with a word); the error holds no value of the scope.
        """
        value: Value = self._evaluate(scope)  # type: ignore[attr-defined]  # a slot, set once in __init__
        return value

    def holds(self, scope: Mapping[str, Any]) -> bool:
        """Whether the condition is true. Not known counts as false. Raises ExpressionError if it is no condition."""
        value = self.evaluate(scope)
        if value is None or isinstance(value, bool):
            return value is True
        raise ExpressionError(
            "条件が要るところで、値を求める式になっています", "= や < で比べる式を書きます", text=self.text, at=0
        )

    def sql(self, columns: Mapping[str, str]) -> str:
        """The same as one PostgreSQL expression, in parentheses.

        `columns` says for each name the SQL that yields it, typed as the fact is (`date`, `boolean`, `numeric`,
        `integer`, `text`); for the rows of an aggregate what can stand after `from`, and for their fields the SQL
        inside: `{"child": "unnest(…) as c", "child.age": "c.age"}`. Raises ExpressionError for a name without
        column. Literal `%` is not doubled: execute it without client-side parameters or double it.
        """
        return to_sql.compile_tree(self.tree, columns, self.text)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("an Expression does not change")

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Expression) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[type[Expression], tuple[str]]:
        return Expression, (self.text,)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @classmethod
    def _from_data(cls, value: object) -> Expression:
        if isinstance(value, Expression):
            return value
        if isinstance(value, bool):
            return cls.parse("true" if value else "false")
        if isinstance(value, str):
            return cls.parse(value)
        raise ValueError("式は文字で書きます。例: child.age < 3")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._from_data, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": ["string", "boolean"], "description": "式（例: child.age < 3 and fee > 0）"}


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Expression:
    return Expression(text)
