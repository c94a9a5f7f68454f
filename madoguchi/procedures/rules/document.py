"""A YAML file as JSON data that remembers where every value stands, and problems that say so.

The YAML accepted is a small, safe part of YAML 1.2: one document, no anchors, aliases or tags, no duplicate keys,
limits on size and depth. Scalars follow the core schema, with dates left as text and numbers with a leading zero too
(a postal code is not a number). Whatever is not accepted is named with its line and with what to write instead.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong, where, and what to write instead. ``file`` is a path as the user gave it; lines count from 1."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    instead: str = ""
    severity: Literal["error", "warning", "note"] = "error"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}  {self.rule}  {self.message}"
        return f"{where}\n    → {self.instead}" if self.instead else where


class BrokenPackage(Exception):
    """A file or package that does not load, with every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one file, and where each of its values stands."""

    file: str
    data: Any
    places: dict[Path_, tuple[int, int]] = field(repr=False)

    def at(self, *path: str | int) -> tuple[int, int]:
        """Line and column (from 1) of what is at this path, or of the nearest thing around it."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def problem(
        self,
        path: Path_,
        rule: str,
        message: str,
        instead: str = "",
        severity: Literal["error", "warning", "note"] = "error",
    ) -> Problem:
        line, column = self.at(*path)
        return Problem(self.file, line, column, rule, message, instead, severity)


def read(path: Path) -> Document:
    """Read one YAML file. Raises BrokenPackage with one problem (rule F01) where it does not read."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _broken(path, 1, 1, "ファイルがありません", f"{path.name} を作ります") from None
    except OSError as error:
        raise _broken(path, 1, 1, f"開けません（{error.strerror}）", "ファイルの種類と権限を確かめます") from None
    return parse(raw, path)


def parse(raw: bytes, path: Path) -> Document:
    """Parse the bytes of the file ``path``. Raises like :func:`read`."""
    if len(raw) > MAX_BYTES:
        raise _broken(path, 1, 1, f"ファイルが大きすぎます（上限 {MAX_BYTES // 1024} KB）", "手続きを分けます")
    text = _decode(raw, path)
    if (control := _CONTROL.search(text)) is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise _broken(path, line, 1, "見えない制御文字が入っています", "その文字を消します")
    try:
        return _build(text, path)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _broken(path, line, column, *_explain(error.problem or "", text, line)) from None
    except YAMLError as error:
        raise _broken(path, 1, 1, f"YAML として読めません（{error}）") from None


def _broken(path: Path, line: int, column: int, message: str, instead: str = "") -> BrokenPackage:
    return BrokenPackage([Problem(str(path), line, column, "F01", message, instead)])


def _decode(raw: bytes, path: Path) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _broken(path, 1, 1, "文字コードが UTF-16 です", "UTF-8 で保存し直します")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        try:
            raw.decode("cp932")
        except UnicodeDecodeError:
            raise _broken(path, line, 1, "文字コードが UTF-8 ではありません", "UTF-8 で保存し直します") from None
        raise _broken(path, line, 1, "文字コードが Shift_JIS（cp932）です", "UTF-8 で保存し直します") from None


def _explain(problem: str, text: str, line: int) -> tuple[str, str]:
    lines = text.splitlines()
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or "'\\t'" in problem:
        return "タブで字下げされています", "タブを半角の空白 2 つずつに替えます"
    if "　" in here[: len(here) - len(here.lstrip())]:
        return "全角の空白で字下げされています", "半角の空白に替えます"
    if "mapping values are not allowed" in problem:
        return "「: 」がここでは読めません", "値に「: 」を含むなら全体を引用符で囲み、そうでなければ字下げをそろえます"
    if "found unexpected end of stream" in problem or "while scanning a quoted" in problem:
        return "引用符が閉じていません", "閉じる引用符を書きます"
    if "expected" in problem and ("','" in problem or "']'" in problem or "'}'" in problem):
        return "括弧が閉じていないか、区切りの「,」がありません", "[ ] と { } の対応と「, 」を確かめます"
    if "could not find expected ':'" in problem:
        return "項目名の後の「:」がありません", "「項目名: 値」の形で書きます"
    if "nesting depth" in problem:
        return f"入れ子が深すぎます（上限 {MAX_DEPTH}）", "形を平らにします"
    if "cannot start any token" in problem:
        return "この文字で値を始められません", "値を引用符で囲みます"
    return f"YAML として読めません（{problem}）", "字下げ（半角の空白 2 つずつ）と、前の行の書き終わりを確かめます"


#: What YAML does not allow in a text (YAML 1.2.2, 5.1).
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")


def _scalar(event: ScalarEvent) -> Any:
    text: str = event.value
    if event.style not in (None, ""):
        return text
    resolve: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
        (_NULL, lambda _: None),
        (_TRUE, lambda _: True),
        (_FALSE, lambda _: False),
        (_INTEGER, int),
        (_DECIMAL, float),
    )
    for pattern, make in resolve:
        if pattern.fullmatch(text):
            return make(text)
    return text


class _Open:
    """A mapping or sequence that is being read."""

    __slots__ = ("data", "key", "path")

    def __init__(self, data: dict[str, Any] | list[Any], path: Path_) -> None:
        self.data = data
        self.path = path
        self.key: str | None = None

    def place(self) -> Path_:
        """The path of the value that comes next."""
        if isinstance(self.data, list):
            return (*self.path, len(self.data))
        assert self.key is not None
        return (*self.path, self.key)

    def put(self, value: Any) -> None:
        if isinstance(self.data, list):
            self.data.append(value)
        else:
            assert self.key is not None
            self.data[self.key] = value
            self.key = None


def _build(text: str, path: Path) -> Document:
    """From parser events, without recursion, so that depth is bounded by us and not by the stack."""
    root: list[Any] = []
    stack: list[_Open] = [_Open(root, ())]
    places: dict[Path_, tuple[int, int]] = {}
    documents = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        assert event.start_mark is not None
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _broken(path, line, column, "一つのファイルに文書が二つあります", "「---」の所で分けます")
            continue
        if name := getattr(event, "anchor", None):
            raise _broken(path, line, column, f"アンカー（&{name}・*{name}）は使えません", "同じ内容をもう一度書きます")
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            done = stack.pop()
            stack[-1].put(done.data)
            continue
        if not isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
            continue
        if event.tag is not None:
            raise _broken(path, line, column, f"タグ（{event.tag}）は使えません", "タグを消します")
        top = stack[-1]
        if isinstance(top.data, dict) and top.key is None:
            if not isinstance(event, ScalarEvent):
                raise _broken(path, line, column, "項目名は一つの語で書きます", "「項目名: 値」の形で書きます")
            if event.value.startswith("　"):
                raise _broken(path, line, column, "全角の空白で字下げされています", "半角の空白に替えます")
            if event.value in top.data:
                first, _ = places[(*top.path, event.value)]
                message = f"{event.value}: が二度書かれています（先は {first} 行目）"
                raise _broken(path, line, column, message, "どちらか一つにします")
            top.key = event.value
            places[top.place()] = (line, column)
            continue
        here = top.place()
        here = here[1:] if len(stack) == 1 else here
        places.setdefault(here, (line, column))
        if isinstance(event, ScalarEvent):
            top.put(_scalar(event))
            continue
        if len(stack) > MAX_DEPTH:
            raise _broken(path, line, column, f"入れ子が深すぎます（上限 {MAX_DEPTH}）", "形を平らにします")
        stack.append(_Open({} if isinstance(event, MappingStartEvent) else [], here))
    if not root or root[0] is None:
        raise _broken(path, 1, 1, "ファイルが空です", "ほかの手続きのフォルダを写して書き始めます")
    return Document(str(path), root[0], places)


def as_json(document: Document) -> str:
    return json.dumps(document.data, ensure_ascii=False, allow_nan=False)
