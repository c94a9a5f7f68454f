"""The check of decision tables: are its names known, and does every possible case meet a row?

A condition that compares inputs with constants changes its value only at those constants. So it is enough to try the
constants, their neighbours, every option, and NULL where an input may be unknown: then «no gap» is a proof. Where a
condition compares inputs with each other or calculates, the same points are tried, and the finding says that they
are a sample.
"""

import difflib
import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from madoguchi.ground.expressions import Expression, ExpressionError, tree
from madoguchi.procedures.rules.document import Path_
from madoguchi.procedures.rules.format import Computed, Input, Row, Table

MAX_CASES = 100_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a table; ``path`` leads to the place below the table."""

    kind: Literal["name", "kind", "gap", "overlap", "unreachable", "sampled"]
    path: Path_
    message: str
    instead: str
    example: Mapping[str, Any] = field(default_factory=dict)
    """The counter-example, where there is one: input → value."""


# -- names and kinds --------------------------------------------------------------------------------------------------


def verdict_names(table: Table) -> tuple[str, ...]:
    """The names a table gives to ``verdict.*``: its totals, or its values where it has no rows to add up."""
    return tuple(table.totals) if table.several else table.outputs


def check_names(table: Table, known: frozenset[str]) -> Iterator[Finding]:
    """Names that mean nothing, options that do not exist, values whose kinds differ. ``known``: names of answers."""

    def names(text: str | None, allowed: Iterable[str], path: Path_) -> Iterator[Finding]:
        allowed = set(allowed)
        for name in sorted(Expression.parse(text).names - allowed if text else ()):
            close = difflib.get_close_matches(name, allowed, 1, 0.6)
            said = f"{close[0]} ではありませんか" if close else f"使える名前: {'、'.join(sorted(allowed)[:12])}"
            yield Finding("name", path, f"式の {name} は、たずねる項目にも決まる項目にもありません", said)

    each = table.for_each
    if each is not None and each not in known:
        yield Finding("name", ("for_each",), f"{each} という行をたずねていません", "asks の each: と同じ名前にします")
        return
    before: set[str] = set()
    for name in table.inputs:
        spec, path = table.input(name), ("inputs", name)
        if spec.rank is not None:
            if each is None:
                yield Finding("name", (*path, "rank"), "順位は行の中で付けます", "for_each: を書きます")
            elif f"{each}.{spec.rank.by}" not in known:
                yield from names(f"{each}.{spec.rank.by}", known, (*path, "rank", "by"))
            yield from names(spec.rank.among, known | before, (*path, "rank", "among"))
        elif spec.is_ is not None:
            yield from names(spec.is_, known | before, (*path, "is"))
        elif name not in known and f"{each}.{name}" not in known:
            yield from names(name, known, path)
        before.add(name)
    yield from names(table.assume, table.inputs, ("assume",))
    for index, row in enumerate(table.rows):
        yield from names(row.when, table.inputs, (table.policy, index, "when"))
        for output, value in row.then.items():
            if isinstance(value, Computed):
                yield from names(value.is_, table.inputs, (table.policy, index, "then", output, "is"))
    yield from names(table.decides, verdict_names(table), ("decides",))
    for name, bounds in table.editable.items():
        for end in ("min", "max"):
            bound = getattr(bounds, end)
            if isinstance(bound, str):
                yield from names(bound, known, ("editable", name, end))
    yield from _kinds(table)


def _kinds(table: Table) -> Iterator[Finding]:
    firsts: dict[str, type] = {}
    for index, row in enumerate(table.rows):
        for output, value in row.then.items():
            if not isinstance(value, Computed) and firsts.setdefault(output, type(value)) is not type(value):
                yield Finding(
                    "kind",
                    (table.policy, index, "then", output),
                    f"{output} の種類が行によって違います",
                    "数・文字・true/false のどれかにそろえます",
                )
    wanted = {"sum": int, "any": bool, "all": bool}
    for output, how in table.totals.items():
        if how in wanted and firsts.get(output, wanted[how]) is not wanted[how]:
            what = "数" if how == "sum" else "true か false"
            yield Finding("kind", ("totals", output), f"{how} は{what}の値にだけ使えます", f"{output} の値を確かめます")
    for index, row in enumerate(table.rows):
        path: Path_ = (table.policy, index, "when")
        expression = Expression.parse(row.when) if row.when else None
        for node in tree.walk(expression.tree) if expression else ():
            for name, constant in constants(node):
                options = table.input(name).options if name in table.inputs else None
                if options and isinstance(constant, str) and constant not in options:
                    close = difflib.get_close_matches(constant, options, 1, 0.6)
                    said = f"{close[0]} ではありませんか" if close else f"選択肢: {'、'.join(options)}"
                    yield Finding("name", path, f"{name} に {constant} という選択肢はありません", said)


def _constant(node: tree.Node) -> Any:
    """The value of a constant, or None where the node is none."""
    if isinstance(node, tree.Literal):
        return node.value
    if isinstance(node, tree.Negative) and isinstance(node.operand, tree.Literal):
        value = node.operand.value
        return -value if isinstance(value, int | Decimal) else None
    return None


def constants(node: tree.Node) -> Iterator[tuple[str, Any]]:
    """The (input, constant) pairs that this one node compares."""
    match node:
        case tree.Comparison(left=left, right=right):
            sides = [(left, right), (right, left)]
        case tree.Between(operand=operand, low=low, high=high):
            sides = [(operand, low), (operand, high)]
        case tree.In(operand=operand, options=options):
            sides = [(operand, option) for option in options]
        case _:
            sides = []
    for name, constant in sides:
        if isinstance(name, tree.Name) and (value := _constant(constant)) is not None:
            yield name.name, value


# -- gaps, overlaps, rows that never hold -----------------------------------------------------------------------------


def decided(table: Table) -> Iterator[tuple[dict[str, Any], Row]]:
    """The cases that the check tries (all that matter, or a sample of them), each with the row that decides it."""
    conditions = [Expression.parse(row.when) if row.when else None for row in table.rows]
    assume = Expression.parse(table.assume) if table.assume else None
    points, _ = _points(table, [one.tree for one in (*conditions, assume) if one])
    for case in _cases(points)[0]:
        if assume is None or assume.holds(case):
            for condition, row in zip(conditions, table.rows, strict=True):
                if condition is None or condition.holds(case):
                    yield case, row
                    break


def gaps(table: Table) -> list[Finding]:
    """Cases that no row decides or that two rows of ``unique`` decide (with a counter-example), and dead rows.

    Ends with a finding of kind ``sampled`` where the absence of findings is no proof.
    """
    conditions = [Expression.parse(row.when) if row.when else None for row in table.rows]
    assume = Expression.parse(table.assume) if table.assume else None
    trees = [expression.tree for expression in (*conditions, assume) if expression]
    points, exact = _points(table, trees)
    cases, whole = _cases(points)
    exact = exact and whole
    found: list[Finding] = []
    held: set[int] = set()
    seen: set[str] = set()
    for case in cases:
        try:
            if assume and not assume.holds(case):
                continue
            hits = [i for i, condition in enumerate(conditions) if condition is None or condition.holds(case)]
        except ExpressionError as error:
            index = next(i for i, c in enumerate(conditions) if c and c.text == error.text)
            return [Finding("kind", (table.policy, index, "when"), error.problem, error.instead)]
        held.update(hits[:1] if table.policy == "first_match" else hits)
        if table.policy != "collect" and not hits and "gap" not in seen:
            seen.add("gap")
            instead = "最後に otherwise: の行を加えるか、この場合の行を書きます"
            if table.policy == "unique":
                instead = "この場合の行を書きます"
            found.append(Finding("gap", (), f"{_told(case)} のとき、どの行にも当てはまりません", instead, case))
        if table.policy == "unique" and len(hits) > 1 and "overlap" not in seen:
            seen.add("overlap")
            both = "と".join(f"{hit + 1}番目" for hit in hits[:2])
            message = f"{_told(case)} のとき、{both}の行の両方に当てはまります"
            instead = "どちらか一つだけになるよう条件を狭めます"
            found.append(Finding("overlap", ("unique", hits[1]), message, instead, case))
    if exact:
        found += [
            Finding(
                "unreachable",
                (table.policy, index),
                f"{index + 1}番目の行に当てはまる場合がありません",
                "条件を直すか、行を消します（前の行がすべて先に当てはまります）",
            )
            for index in range(len(conditions))
            if index not in held
        ]
    else:
        message = "項目どうしの比較や計算があるので、すき間の確認は抜き取りです"
        found.append(Finding("sampled", (), message, "境目の例を examples/ に加えます"))
    return found


def _told(case: Mapping[str, Any]) -> str:
    def plain(value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        return "不明" if value is None else f"{value}"

    return "、".join(f"{name} = {plain(value)}" for name, value in case.items())


def _points(table: Table, trees: list[tree.Node]) -> tuple[dict[str, list[Any]], bool]:
    """Per input the values to try, and whether trying all their combinations is a proof."""
    named: dict[str, set[Any]] = {}
    exact = True
    for root in trees:
        for name in tree.names(root):
            named.setdefault(name, set())
        for node in tree.walk(root):
            for name, value in constants(node):
                named[name].add(value)
        if not _is_plain(root):
            exact = False
            # Sample around every number of the condition, for each input that it mentions.
            numbers = {n.value for n in tree.walk(root) if isinstance(n, tree.Literal) and _is_number(n.value)}
            for name in tree.names(root):
                named[name] |= numbers
    if not exact:
        shared = {value for values in named.values() for value in values if _is_number(value)}
        for name, values in named.items():
            if table.input(name).type in ("integer", "money", "decimal"):
                values |= shared
    return {name: _domain(table.input(name), values) for name, values in named.items()}, exact


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_plain(node: tree.Node) -> bool:
    """Whether the node is built of comparisons of one input with constants only."""
    match node:
        case tree.Junction(operands=operands):
            return all(map(_is_plain, operands))
        case tree.Not(operand=operand):
            return _is_plain(operand)
        case tree.Name() | tree.Literal():
            return True
        case tree.IsNull(operand=operand):
            return isinstance(operand, tree.Name)
        case tree.Comparison(left=left, right=right):
            return len([side for side in (left, right) if isinstance(side, tree.Name)]) == 1 and any(
                _constant(side) is not None for side in (left, right)
            )
        case tree.Between(operand=operand, low=low, high=high):
            return isinstance(operand, tree.Name) and None not in (_constant(low), _constant(high))
        case tree.In(operand=operand, options=options):
            return isinstance(operand, tree.Name) and None not in map(_constant, options)
        case _:
            return False


def _domain(spec: Input, constants: set[Any]) -> list[Any]:
    values: list[Any]
    if spec.type == "yes_no":
        values = [True, False]
    elif spec.type == "choice":
        values = list(spec.options or ())
    elif spec.type == "text":
        words = sorted(str(value) for value in constants)
        values = [*words, "".join(words) + "ほか"]
    elif spec.type == "date":
        days = sorted(date.fromisoformat(str(value)) for value in constants) or [date(2000, 1, 1)]
        one = timedelta(days=1)
        values = sorted({day + step for day in days for step in (-one, timedelta(), one)})
    else:
        values = _numbers(spec, {value for value in constants if _is_number(value)})
    return [*values, None] if spec.optional else values


def _numbers(spec: Input, constants: set[int | Decimal]) -> list[Any]:
    bounds = {value for value in (spec.min, spec.max) if value is not None}
    marks = sorted(constants | bounds) or [0]
    points: set[int | Decimal] = set(marks)
    if spec.type == "decimal":
        points |= {(Decimal(a) + Decimal(b)) / 2 for a, b in itertools.pairwise(marks)}
        points |= {marks[0] - 1, marks[-1] + 1}
    else:
        # Whole numbers on both sides of every mark, also where a condition says 0.5.
        around = {round_(mark) for mark in marks for round_ in (math.floor, math.ceil)}
        points = {mark + step for mark in around for step in (-1, 0, 1)}
    return sorted(
        value for value in points if (spec.min is None or value >= spec.min) and (spec.max is None or value <= spec.max)
    )


def _cases(points: Mapping[str, list[Any]]) -> tuple[Iterable[dict[str, Any]], bool]:
    """All combinations, or a repeatable sample where they are too many; and whether they are all."""
    count = math.prod(map(len, points.values()))
    if count <= MAX_CASES:
        return (dict(zip(points, values, strict=True)) for values in itertools.product(*points.values())), True
    chance = random.Random(count)  # noqa: S311  # a sample of test cases, repeatable on purpose
    return ({name: chance.choice(values) for name, values in points.items()} for _ in range(MAX_CASES)), False
