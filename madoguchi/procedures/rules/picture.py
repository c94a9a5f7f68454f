"""The flow of a procedure as a picture (SVG) for people: what is done, what is on now, what is still to come.

Drawn from the graph that runs, so it cannot be out of date. States are told by shape and word, never by colour alone;
colours come from classes (web/css/flow.css), because pages allow no inline style and have a dark scheme. The picture
has a title and the whole way in words, for those who do not see it.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Literal
from xml.sax.saxutils import escape

from madoguchi.ground.dates import listed
from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules import layout
from madoguchi.procedures.rules.flow import TITLES, Graph, Node
from madoguchi.procedures.rules.layout import Box, Drawing, Line, Point, Rect, Side

Orientation = Literal["horizontal", "vertical"]
Standing = Literal["done", "now", "ahead", "skipped", "plain"]

_WORDS: Mapping[str, LocalText] = MappingProxyType(
    {
        "title": LocalText({"ja": "手続きの流れ", "ja-simple": "手続きの 流れ", "en": "The way of the procedure"}),
        "done": LocalText({"ja": "済み", "ja-simple": "おわりました", "en": "Done"}),
        "now": LocalText({"ja": "いま", "ja-simple": "いま", "en": "Now"}),
        "ahead": LocalText({"ja": "これから", "ja-simple": "これから", "en": "To come"}),
        "skipped": LocalText({"ja": "通りません", "ja-simple": "しません", "en": "Not needed"}),
        "outside": LocalText({"ja": "画面の外", "ja-simple": "画面の 外", "en": "Off screen"}),
        "sometimes": LocalText({"ja": "場合による", "ja-simple": "ある とき だけ", "en": "If needed"}),
    }
)
_NO_LINE_BEGINS_WITH = "、。，．）」』】〕・ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々！？%％"
_NO_LINE_ENDS_WITH = "（「『【〔"

_WIDTHS: Mapping[Orientation, float] = MappingProxyType({"horizontal": 140.0, "vertical": 124.0})
_GAPS: Mapping[Orientation, float] = MappingProxyType({"horizontal": 26.0, "vertical": 20.0})
_PADDING, _LINE, _WORD_LINE = 10.0, 20.0, 17.0
_TITLE_SIZE, _WORD_SIZE = 15.0, 12.0
_MARGIN = 8.0


@dataclass(frozen=True, slots=True)
class Progress:
    """A flow and where a case stands in it. With nothing done and nothing on, it is the procedure's own picture."""

    graph: Graph
    done: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Node → the outcome it was left by."""
    now: frozenset[str] = frozenset()

    def standing(self) -> Mapping[str, Standing]:
        """Every step's state. What can no longer be reached from where the case stands is skipped."""
        if not self.done and not self.now:
            return dict.fromkeys((node.id for node in self.graph.steps), "plain")
        reached, running = set(self.now), list(self.now)
        while running:
            new = set(self.graph[running.pop()].next.values()) - reached
            reached |= new
            running += new

        def of(id_: str) -> Standing:
            if id_ in self.now:
                return "now"
            if id_ in self.done:
                return "done"
            return "ahead" if id_ in reached else "skipped"

        return {node.id: of(node.id) for node in self.graph.steps}

    def in_words(self, language: str = "ja") -> list[str]:
        """The way step by step, as one would read it aloud; steps that are not needed are left out."""
        standing = self.standing()
        return [
            " ".join((_title(node, language), *_marks(node, standing[node.id], self.graph, language)))
            for node in self.graph.steps
            if standing[node.id] != "skipped" and not (node.kind == "correction" and standing[node.id] == "ahead")
        ]


def picture(
    graph: Graph,
    done: Mapping[str, str] = MappingProxyType({}),
    now: Iterable[str] = (),
    language: str = "ja",
    orientation: Orientation = "horizontal",
) -> str:
    """The flow as an SVG element to be put into a page: from left to right, or from top to bottom for phones.

    Ids within it end with the orientation, so that one page may hold both.
    """
    return _drawn(graph, tuple(done.items()), frozenset(now), language, orientation)


@lru_cache(maxsize=512)  # some 15 kB each; cases of a version stand at few places
def _drawn(
    graph: Graph,
    done: tuple[tuple[str, str], ...],
    now: frozenset[str],
    language: str,
    orientation: Orientation,
) -> str:
    progress = Progress(graph, dict(done), now)
    standing = progress.standing()
    # What leads astray stands aside, so that the way on is a straight line.
    nodes = sorted(graph.nodes.values(), key=lambda node: node.kind == "correction")
    boxes = [_box(node, standing.get(node.id), graph, language, orientation) for node in nodes]
    lines = [
        Line(f"{node.id} {outcome}", node.id, target)
        for node in graph.nodes.values()
        for outcome, target in _ways(node).items()
    ]
    drawing = layout.draw(boxes, lines, gap=_GAPS[orientation])
    if orientation == "vertical":
        drawing = layout.upright(drawing)
    return "".join(_svg(progress, drawing, standing, language, orientation))


def _ways(node: Node) -> Mapping[str, str]:
    """One line for each place a step leads to, however many outcomes lead there."""
    return {outcome: target for target, outcome in {target: way for way, target in node.next.items()}.items()}


def _title(node: Node, language: str) -> str:
    return (node.title or TITLES[node.kind]).get_for(language)


def _marks(node: Node, standing: Standing, graph: Graph, language: str) -> list[str]:
    """The words under a step: its state, or what is special about it."""
    marks: list[str] = [] if standing == "plain" else [standing]
    if standing in ("plain", "ahead") and _is_conditional(node, graph):
        marks = ["sometimes"]
    if not node.is_digital and standing != "skipped":
        marks.append("outside")
    return [_WORDS[mark].get_for(language) for mark in marks]


def _is_conditional(node: Node, graph: Graph) -> bool:
    """Whether it happens only sometimes: behind a condition, or because something has to be corrected."""
    return node.kind == "correction" or f"{node.id}-if" in graph.nodes


# -- sizes ------------------------------------------------------------------------------------------------------------


def _box(node: Node, standing: Standing | None, graph: Graph, language: str, orientation: Orientation) -> Box:
    """A step's room; of a fork, a join or a condition just a dot. On its side for an upright picture."""
    entries: tuple[Side, ...] = ("left", "top", "bottom")
    if standing is None:
        size = 24.0 if node.kind in ("start", "end") else 10.0
        exits: tuple[Side, ...] = ("right", "bottom", "top")
        return Box(node.id, size, size, exits=exits, entries=entries)
    width = _WIDTHS[orientation]
    marks = _marks(node, standing, graph, language)
    height = 2 * _PADDING + _LINE * len(_wrapped(_title(node, language), width)) + _WORD_LINE * len(marks)
    width, height = (width, height) if orientation == "horizontal" else (height, width)
    exits = ("top", "bottom", "right") if node.kind == "correction" else ("right", "bottom", "top")
    return Box(node.id, width, height, exits=exits, entries=entries)


def _width_of(character: str) -> float:
    return 1.0 if unicodedata.east_asian_width(character) in "FWA" else 0.6


def _wrapped(text: str, width: float) -> list[str]:
    """Lines that fit a box, about as long as each other, broken as a Japanese printer would (禁則)."""
    room = (width - 2 * _PADDING) / _TITLE_SIZE
    lines = _filled(text, room)
    while room > 1 and len(closer := _filled(text, room - 0.5)) == len(lines) > 1:
        lines, room = closer, room - 0.5
    return lines


def _filled(text: str, room: float) -> list[str]:
    """Lines as long as there is room."""
    lines: list[str] = []
    line, length = "", 0.0
    for piece in _pieces(text):
        more = sum(map(_width_of, piece))
        if line and length + more > room:
            lines.append(line.strip())
            line, length = "", 0.0
        line, length = line + piece, length + more
    return [*lines, line.strip()]


def _pieces(text: str) -> Iterator[str]:
    """The parts that stay in one line: words, or single characters with what may not be torn from them."""
    if " " in text:
        yield from (f"{word} " for word in text.split(" "))
        return
    piece = ""
    for before, character in zip(" " + text, text, strict=False):
        glued = character in _NO_LINE_BEGINS_WITH or before in _NO_LINE_ENDS_WITH
        if piece and not glued and not (character.isascii() and before.isascii()):
            yield piece
            piece = ""
        piece += character
    yield piece


# -- the drawing ------------------------------------------------------------------------------------------------------


def _svg(
    progress: Progress,
    drawing: Drawing,
    standing: Mapping[str, Standing],
    language: str,
    orientation: Orientation,
) -> Iterator[str]:
    width, height = drawing.width + 2 * _MARGIN, drawing.height + 2 * _MARGIN
    title, desc = f"flow-title-{orientation}", f"flow-words-{orientation}"
    yield f'<svg class="flow-picture {orientation}" xmlns="http://www.w3.org/2000/svg" role="img"'
    yield f' aria-labelledby="{title} {desc}" width="{_n(width)}" height="{_n(height)}"'
    yield f' viewBox="{_n(-_MARGIN)} {_n(-_MARGIN)} {_n(width)} {_n(height)}">'
    yield f'<title id="{title}">{escape(_WORDS["title"].get_for(language))}</title>'
    told = (f"{number}. {words}" for number, words in enumerate(progress.in_words(language), 1))
    yield f'<desc id="{desc}">{escape(listed(told, language))}</desc>'
    graph = progress.graph
    for node in graph.nodes.values():
        for outcome, target in _ways(node).items():
            points = list(drawing.lines[f"{node.id} {outcome}"])
            points[0] = _meet(drawing.boxes[node.id], points[0], points[1])
            points[-1] = _meet(drawing.boxes[target], points[-1], points[-2])
            skipped = "skipped" in (standing.get(node.id), standing.get(target))
            yield from _line(points, graph[target].is_step or graph[target].kind == "end", skipped=skipped)
    for node in graph.nodes.values():
        rect = drawing.boxes[node.id]
        if node.is_step:
            yield from _step(node, rect, standing[node.id], graph, language)
        else:
            yield from _dot(node, rect)
    yield "</svg>"


def _line(points: Sequence[Point], arrow: bool, *, skipped: bool) -> Iterator[str]:
    """A line with round corners; an arrow only where it comes to a step."""
    path = f"M{_n(points[0].x)} {_n(points[0].y)}"
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        a, b = _towards(here, before, 6), _towards(here, after, 6)
        path += f"L{_n(a.x)} {_n(a.y)}Q{_n(here.x)} {_n(here.y)} {_n(b.x)} {_n(b.y)}"
    end = points[-1]
    path += f"L{_n(end.x)} {_n(end.y)}"
    state = " skipped" if skipped else ""
    yield f'<path class="flow-line{state}" d="{path}"/>'
    if arrow:
        base = _towards(end, points[-2], 8)
        across, down = (end.y - base.y) / 2, (base.x - end.x) / 2
        corners = (end, Point(base.x + across, base.y + down), Point(base.x - across, base.y - down))
        yield f'<path class="flow-arrow{state}" d="M{"L".join(f"{_n(p.x)} {_n(p.y)}" for p in corners)}Z"/>'


def _step(node: Node, rect: Rect, standing: Standing, graph: Graph, language: str) -> Iterator[str]:
    """A box with its title and, below, its state as shape and word."""
    kind = " by-you" if node.by == "applicant" else ""
    off = "" if node.is_digital else " outside"
    yield f'<g class="flow-step {standing}{kind}{off}">'
    yield f'<rect x="{_n(rect.x)}" y="{_n(rect.y)}" width="{_n(rect.width)}" height="{_n(rect.height)}" rx="8"/>'
    if standing == "now":  # a second frame: the shape that says "here"
        outer = Rect(rect.x - 4, rect.y - 4, rect.width + 8, rect.height + 8)
        yield f'<rect class="here" x="{_n(outer.x)}" y="{_n(outer.y)}" width="{_n(outer.width)}"'
        yield f' height="{_n(outer.height)}" rx="11"/>'
    lines = _wrapped(_title(node, language), rect.width)
    y = rect.y + _PADDING + _LINE * 0.76
    for number, line in enumerate(lines):
        yield f'<text class="title" x="{_n(rect.centre.x)}" y="{_n(y + _LINE * number)}">{escape(line)}</text>'
    y += _LINE * (len(lines) - 1) + _WORD_LINE + 2
    for number, words in enumerate(_marks(node, standing, graph, language)):
        half = sum(map(_width_of, words)) * _WORD_SIZE / 2
        sign = "" if number else _SIGNS.get(standing, "")
        x = rect.centre.x + (8 if sign else 0)
        if sign:
            yield f'<path class="sign" d="M{_n(x - half - 19)} {_n(y - 9)}{sign}"/>'
        yield f'<text class="word" x="{_n(x)}" y="{_n(y + _WORD_LINE * number)}">{escape(words)}</text>'
    yield "</g>"


_SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "done": "m1 5l3.5 3.5l7 -7.5",
        "now": "m2 0l8 4.8l-8 4.8z",
        "ahead": "m2 5a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
        "skipped": "m1.5 5h9",
    }
)
"""A tick, a triangle, an empty circle and a dash, about 12 by 10, beside the word."""


def _dot(node: Node, rect: Rect) -> Iterator[str]:
    x, y = _n(rect.centre.x), _n(rect.centre.y)
    if node.kind in ("start", "end"):
        yield f'<circle class="flow-{node.kind}" cx="{x}" cy="{y}" r="{_n(rect.width / 2 - 2)}"/>'
    elif node.kind in ("fork", "join"):
        yield f'<circle class="flow-fork" cx="{x}" cy="{y}" r="{_n(rect.width / 2)}"/>'
    else:
        half = _n(rect.width / 2)
        yield f'<path class="flow-choice" d="M{x} {y}m-{half} 0l{half} -{half}l{half} {half}l-{half} {half}z"/>'


def _meet(rect: Rect, centre: Point, towards: Point) -> Point:
    """Where a line from the centre leaves the shape."""
    if towards.x != centre.x:
        return Point(rect.right if towards.x > centre.x else rect.x, centre.y)
    return Point(centre.x, rect.bottom if towards.y > centre.y else rect.y)


def _towards(start: Point, end: Point, distance: float) -> Point:
    """The point this far along a straight piece, at most half of it."""
    length = max(abs(end.x - start.x), abs(end.y - start.y))
    part = min(distance, length / 2) / length if length else 0
    return Point(start.x + (end.x - start.x) * part, start.y + (end.y - start.y) * part)


def _n(value: float) -> str:
    return f"{round(value, 1):g}"
