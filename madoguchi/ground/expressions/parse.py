"""Text → tree. sqlglot reads the SQL; this whitelist lets a small language through and says what to write instead.

Three gates: the tokens (characters, limits, names of functions), sqlglot's grammar, and the kinds of its nodes.
What no gate names is refused.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final, NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from madoguchi.ground.expressions import tree
from madoguchi.ground.expressions.tree import ExpressionError, Node

MAX_LENGTH: Final = 2000
MAX_TOKENS: Final = 300
MAX_DEPTH: Final = 16
MAX_DIGITS: Final = 30
MAX_NAME_PARTS: Final = 6

SCALAR_FUNCTIONS: Final = {
    "age_on": 2,
    "age_at_fiscal_year_end": 2,
    "days_between": 2,
    "next_month": 1,
    "round_down": 2,
    "coalesce": None,
}
AGGREGATES: Final = {"count": 1, "sum": 1, "min": 1, "max": 1, "any": 1, "all": 1}
FUNCTIONS: Final = {**SCALAR_FUNCTIONS, **AGGREGATES}

_USAGE: Final = {
    "age_on": "age_on(生年月日, 基準日)",
    "age_at_fiscal_year_end": "age_at_fiscal_year_end(生年月日, 基準日)",
    "days_between": "days_between(始めの日, 終わりの日)",
    "next_month": "next_month(日)",
    "round_down": "round_down(金額, 100)",
    "coalesce": "coalesce(項目, 代わりの値)",
    "count": "count(child)",
    "sum": "sum(child.monthly)",
    "min": "min(child.age)",
    "max": "max(child.age)",
    "any": "any(child.age < 3)",
    "all": "all(child.age < 3)",
}
_NAME_PART: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_WORDS: Final = {"and", "or", "not", "in", "between", "is"}
_SIGNS: Final = {"(", ")", ",", ".", "=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/"}
_OTHER_SPELLINGS: Final = {
    "==": "=",
    "!=": "<>",
    "&&": "and",
    "||": "or",
    "!": "not",
    "=>": ">=",
    "current_date": "today",
    "like": "= か in ('…', '…')",
    "ilike": "= か in ('…', '…')",
}
_NO_SUCH_THING: Final[dict[type[exp.Expr], tuple[str, str]]] = {
    exp.Cast: ("型の変換は書けません", "型を書かずに、そのまま比べます（日付は '2024-10-01'）"),
    exp.Case: ("case は書けません", "場合ごとに rules.yaml の表の行に分けます"),
    exp.If: ("if は書けません", "場合ごとに rules.yaml の表の行に分けます"),
    exp.Subquery: ("問い合わせ（select）は書けません", "any(…)、all(…)、count(…) を使います"),
    exp.Select: ("問い合わせ（select）は書けません", "any(…)、all(…)、count(…) を使います"),
    exp.Exists: ("問い合わせ（exists）は書けません", "any(…) を使います"),
    exp.CurrentDate: ("current_date は書けません", "today と書きます"),
    exp.Tuple: ("値の組は書けません", "一つずつ比べ、and でつなぎます"),
    exp.Star: ("* だけでは書けません", "項目の名前を書きます"),
}
_COMPARISONS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: Final[dict[type[exp.Expr], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_CONDITIONS: Final = (*_COMPARISONS, exp.Between, exp.In, exp.Is)


def parse(text: str) -> Node:
    """The tree of an expression. Raises ExpressionError."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text

    def error(self, problem: str, instead: str, at: int = 0) -> ExpressionError:
        return ExpressionError(problem, instead, text=self.text, at=at)

    def parse(self) -> Node:
        if not self.text.strip():
            raise self.error("式が空です", "child.age < 3 のように条件を書きます")
        if len(self.text) > MAX_LENGTH:
            raise self.error(f"式が長すぎます（{MAX_LENGTH}文字まで）", "rules.yaml の表の行に分けます", MAX_LENGTH)
        for at, char in enumerate(self.text):
            if unicodedata.category(char) in {"Cc", "Cs", "Cf", "Co"} and char not in "\n\r\t":
                raise self.error("目に見えない文字があります", "その文字を消します", at)
        tokens = self.tokens()
        try:
            parsed = sqlglot.parse_one(self.text, read="postgres", into=exp.Condition)
        except (ParseError, RecursionError) as error:
            self.unreadable(tokens, error)
        return self.node(parsed)

    # --- the tokens -----------------------------------------------------------------------------------------------

    def tokens(self) -> list[Token]:
        try:
            tokens = Postgres().tokenize(self.text)
        except TokenError:
            raise self.unclosed() from None
        if len(tokens) > MAX_TOKENS:
            raise self.error("式が長すぎます", "rules.yaml の表の行に分けます", tokens[MAX_TOKENS].start)
        if not tokens or any(token.comments for token in tokens):
            at = min((at for mark in ("--", "/*") if (at := self.text.find(mark)) >= 0), default=0)
            raise self.error("式の中に注釈は書けません", "注釈は YAML の # で書きます", at)
        open_at: list[int] = []
        run = 0
        previous = None
        for token, following in zip(tokens, [*tokens[1:], None], strict=True):
            self.token(token, previous, following)
            run = run + 1 if token.token_type in {TokenType.NOT, TokenType.DASH} else 0
            if token.token_type is TokenType.L_PAREN:
                open_at.append(token.start)
            elif token.token_type is TokenType.R_PAREN:
                if not open_at:
                    raise self.error("「(」のない「)」があります", "「)」を消すか、「(」を書き足します", token.start)
                open_at.pop()
            if len(open_at) > MAX_DEPTH or run > MAX_DEPTH:
                raise self.error(
                    f"入れ子が深すぎます（{MAX_DEPTH}段まで）", "rules.yaml の表の行に分けます", token.start
                )
            previous = token
        if open_at:
            raise self.error("「(」が閉じていません", "「)」を書き足します", open_at[-1])
        return list(tokens)

    def unclosed(self) -> ExpressionError:
        """sqlglot found no end of something that it took for a quotation."""
        if self.text.count("'") % 2:
            problem, at = "「'」が閉じていません", self.text.rfind("'")
        else:
            problem, at = "読めない記号があります", next((i for i, c in enumerate(self.text) if c in '"$`/'), 0)
        return self.error(problem, "文字は 'apart' のように両側を ' で囲みます", at)

    def token(self, token: Token, previous: Token | None, following: Token | None) -> None:
        """One token's spelling, and the names of functions."""
        # The source, not token.text: that is the inside of a string and of E'', U&'', $$ $$ alike.
        source = self.text[token.start : token.end + 1]
        word = source.lower()
        if token.token_type is TokenType.STRING and source.startswith("'"):
            return
        if token.token_type is TokenType.NUMBER:
            if not _NUMBER.fullmatch(source) or len(source) > MAX_DIGITS:
                raise self.error(f"「{source}」は数として読めません", "1200 や 0.5 のように書きます", token.start)
            return
        if token.token_type is TokenType.IDENTIFIER:
            raise self.error(
                "二重引用符は使えません", f"文字は '{token.text}'、項目は {token.text} と書きます", token.start
            )
        if instead := _OTHER_SPELLINGS.get(word):
            raise self.error(f"「{source}」は使えません", f"{instead} と書きます", token.start)
        if not _NAME_PART.fullmatch(source):
            if source in _SIGNS:
                return
            self.unknown_sign(source, token.start)
        if following is None or following.token_type is not TokenType.L_PAREN or word in _WORDS:
            return
        if word not in FUNCTIONS or (previous and previous.token_type is TokenType.DOT):
            close = difflib.get_close_matches(word, FUNCTIONS, n=1)
            usage = _USAGE[close[0]] if close else "、".join(FUNCTIONS)
            raise self.error(f"「{source}」という関数はありません", f"使えるのは {usage} です", token.start)

    def unknown_sign(self, source: str, at: int) -> NoReturn:
        half = unicodedata.normalize("NFKC", source)
        if source[0] in "‘’“”「」＇＂":
            raise self.error(f"「{source}」は読めません", "文字は 'apart' のように半角の ' で囲みます", at)
        if half != source and half.isascii():
            raise self.error(f"「{source}」は全角です", f"半角の {half} と書きます", at)
        if source.isascii():
            raise self.error(f"「{source}」は使えません", f"使える記号は {' '.join(sorted(_SIGNS))} です", at)
        raise self.error(f"「{source}」は読めません", "文字なら ' で囲み、項目なら英数字の名前で書きます", at)

    def unreadable(self, tokens: list[Token], error: ParseError | RecursionError) -> NoReturn:
        """sqlglot names the end of the offending token by line and column."""
        found = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        place = (found.get("line"), found.get("col"))
        token = next((token for token in tokens if (token.line, token.col) == place), tokens[-1])
        source = self.text[token.start : token.end + 1]
        raise self.error(
            f"「{source}」のあたりが式として読めません",
            "child.age < 3 and fee > 0 のように、項目・記号・値の順に書きます",
            token.start,
        )

    # --- the nodes --------------------------------------------------------------------------------------------------

    def node(self, node: exp.Expr) -> Node:
        kind = type(node)
        if build := _BUILDERS.get(kind):
            return build(self, node)
        if operator := _COMPARISONS.get(kind):
            return tree.Comparison(self.at(node), operator, *self.operands(node))
        if operator := _ARITHMETIC.get(kind):
            left, right = self.node(node.this), self.node(node.expression)
            return tree.Arithmetic(self.at(node), operator, left, right)
        problem, instead = _NO_SUCH_THING.get(
            kind, ("この書き方は使えません", "比較（= <> < <= > >= in between is null）と and、or、not で書きます")
        )
        raise self.error(problem, instead, self.at(node))

    def at(self, node: exp.Expr) -> int:
        """Where a node begins: sqlglot marks the leaves."""
        return min((found.meta["start"] for found in node.walk() if "start" in found.meta), default=0)

    def operands(self, node: exp.Expr) -> tuple[Node, Node]:
        """Both sides of a comparison. SQL would read a < b < c as (a < b) < c: nobody means that."""
        for side in (node.this, node.expression):
            self.no_chain(side)
        return self.node(node.this), self.node(node.expression)

    def no_chain(self, side: exp.Expr) -> None:
        if isinstance(side, _CONDITIONS):
            raise self.error("比較が続いています", "a < b and b < c のように and でつなぎます", self.at(side))

    def paren(self, node: exp.Expr) -> Node:
        return self.node(node.this)

    def literal(self, node: exp.Expr) -> Node:
        at, text = self.at(node), str(node.this)
        if node.is_string:
            return tree.Literal(at, text)
        return tree.Literal(at, Decimal(text) if "." in text else int(text))

    def boolean(self, node: exp.Expr) -> Node:
        return tree.Literal(self.at(node), bool(node.this))

    def null(self, node: exp.Expr) -> Node:
        return tree.Literal(self.at(node), None)

    def name(self, node: exp.Expr) -> Node:
        parts = list(_identifiers(node))
        at = self.at(node)
        if not all(isinstance(part, exp.Identifier) and _NAME_PART.fullmatch(part.name) for part in parts):
            raise self.error("項目の名前として読めません", "person.full_name のように英数字と _ と . で書きます", at)
        if word := next((part.name for part in parts if part.name.lower() in _WORDS), None):
            raise self.error(f"「{word}」は項目の名前になりません", "ほかの名前にします", at)
        if len(parts) > MAX_NAME_PARTS:
            raise self.error(f"項目の名前が長すぎます（{MAX_NAME_PARTS}段まで）", "短い名前にします", at)
        return tree.Name(at, ".".join(part.name.lower() for part in parts))

    def junction(self, node: exp.Expr) -> Node:
        """`a and b and c` is one node: sqlglot nests it as deep as it is long."""
        kind = type(node)
        operands: list[exp.Expr] = []
        pending = [node]
        while pending:
            each = pending.pop()
            if type(each) is kind:
                pending += [each.expression, each.this]
            else:
                operands.append(each)
        return tree.Junction(self.at(node), kind is exp.And, tuple(self.node(each) for each in operands))

    def negation(self, node: exp.Expr) -> Node:
        return tree.Not(self.at(node), self.node(node.this))

    def negative(self, node: exp.Expr) -> Node:
        return tree.Negative(self.at(node), self.node(node.this))

    def between(self, node: exp.Expr) -> Node:
        if node.args.get("symmetric") is not None:
            raise self.error("symmetric は使えません", "小さい値を先に書きます", self.at(node))
        for side in (node.this, node.args["low"], node.args["high"]):
            self.no_chain(side)
        low, high = self.node(node.args["low"]), self.node(node.args["high"])
        return tree.Between(self.at(node), self.node(node.this), low, high)

    def membership(self, node: exp.Expr) -> Node:
        at = self.at(node)
        options = node.expressions
        if not options or node.args.get("query") or node.args.get("unnest") or node.args.get("field"):
            raise self.error("in の後に値がありません", "in ('apart', 'together') のように ( ) に値を並べます", at)
        for side in (node.this, *options):
            self.no_chain(side)
        return tree.In(at, self.node(node.this), tuple(self.node(option) for option in options))

    def is_null(self, node: exp.Expr) -> Node:
        at = self.at(node)
        right, negated = node.expression, bool(node.args.get("negate"))
        if isinstance(right, exp.Not):
            right, negated = right.this, not negated
        if not isinstance(right, exp.Null):
            raise self.error("is の後に書けるのは null と not null だけです", "真偽は = true と書きます", at)
        self.no_chain(node.this)
        found = tree.IsNull(at, self.node(node.this))
        return tree.Not(at, found) if negated else found

    def function(self, node: exp.Expr) -> Node:
        """Calls, whether sqlglot has a class of its own for the function or not."""
        function = node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__.lower()
        at = self.at(node)
        arguments = [] if isinstance(node, exp.Anonymous) or node.this is None else [node.this]
        arguments += node.expressions
        if isinstance(node, exp.Any | exp.All) and isinstance(node.this, exp.Paren):
            arguments = [node.this.this]
        if function not in FUNCTIONS:
            raise self.error("この書き方は使えません", f"使える関数は {'、'.join(FUNCTIONS)} です", at)
        arity = FUNCTIONS[function]
        if not arguments or (arity and len(arguments) != arity):
            raise self.error(f"{function} に渡す値の数が違います", f"{_USAGE[function]} と書きます", at)
        if any(isinstance(argument, exp.Star | exp.Distinct | exp.Tuple) for argument in arguments):
            raise self.error(f"{function} の中が読めません", f"{_USAGE[function]} と書きます", at)
        nodes = tuple(self.node(argument) for argument in arguments)
        if function in AGGREGATES:
            return self.aggregate(at, function, nodes[0])
        return tree.Call(at, function, nodes)

    def aggregate(self, at: int, function: str, argument: Node) -> Node:
        if inner := next((each for each in tree.walk(argument) if isinstance(each, tree.Aggregate)), None):
            raise self.error("集計の中に集計は書けません", "先に一つの項目として決めてから比べます", inner.at)
        if function == "count":
            if not isinstance(argument, tree.Name):
                raise self.error(
                    "count が数えるのは行です", "count(child) と書きます。条件があれば any や表を使います", at
                )
            return tree.Aggregate(at, function, argument, (argument.name,))
        rows = tuple(dict.fromkeys(prefix for name in tree.names(argument) for prefix in _prefixes(name)))
        if not rows:
            raise self.error(f"{function} には行の項目が要ります", f"{_USAGE[function]} と書きます", at)
        return tree.Aggregate(at, function, argument, rows)


def _identifiers(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a dotted name, outermost first; sqlglot splits it into Column and Dot."""
    if isinstance(node, exp.Dot):
        yield from _identifiers(node.this)
        yield from _identifiers(node.expression)
    elif isinstance(node, exp.Column):
        yield from node.parts
    else:
        yield node


def _prefixes(name: str) -> Iterator[str]:
    """`a.b.c` → `a.b`, `a`."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


_BUILDERS: Final[dict[type[exp.Expr], Callable[[_Parser, Any], Node]]] = {
    exp.Paren: _Parser.paren,
    exp.Literal: _Parser.literal,
    exp.Boolean: _Parser.boolean,
    exp.Null: _Parser.null,
    exp.Column: _Parser.name,
    exp.Dot: _Parser.name,
    exp.And: _Parser.junction,
    exp.Or: _Parser.junction,
    exp.Not: _Parser.negation,
    exp.Neg: _Parser.negative,
    exp.Between: _Parser.between,
    exp.In: _Parser.membership,
    exp.Is: _Parser.is_null,
    exp.Anonymous: _Parser.function,
    exp.Coalesce: _Parser.function,
    exp.Count: _Parser.function,
    exp.Sum: _Parser.function,
    exp.Min: _Parser.function,
    exp.Max: _Parser.function,
    exp.Any: _Parser.function,
    exp.All: _Parser.function,
}
