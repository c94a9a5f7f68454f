"""Where the shapes and lines of a flow go: layers from left to right, rows in lanes, right-angled lines between them.

Pure geometry for the BPMN diagram and the picture of a flow. Shapes stand in cells of a grid; between the cells run
tracks, on which the lines are found one by one by a shortest-path search that pays for bends, crossings and detours;
only lines that begin or end together may share a track. Only the tracks that were used get room. So no shape lies on
another, no line on a shape, and the same flow is always drawn the same way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heappop, heappush
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, NamedTuple

Side = Literal["left", "right", "top", "bottom"]

GAP = 28.0
"""Between shapes where no line needs more."""
TRACK = 14.0
"""Between two parallel lines."""
_TRIES = (3, 3, 6, 6, 12)
"""How many lines may run between two shapes; more only where fewer do not suffice, in two orders of drawing."""

_SIDES: tuple[Side, ...] = ("right", "left", "top", "bottom")
_BACK: Mapping[Side, Side] = MappingProxyType({"right": "left", "left": "right", "top": "bottom", "bottom": "top"})
_BEND, _CROSSING, _DETOUR, _MEETING, _PARTING, _SHARED, _NEVER = 3.0, 2.0, 6.0, 5.0, 60.0, 400.0, float("inf")


class Point(NamedTuple):
    x: float
    y: float


class Rect(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def moved(self, x: float, y: float) -> "Rect":
        return Rect(self.x + x, self.y + y, self.width, self.height)

    def overlaps(self, other: "Rect") -> bool:
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True, slots=True)
class Box:
    """A shape to place. ``above``, ``below`` and ``beside`` are kept free for what belongs to it (labels, timers)."""

    id: str
    width: float
    height: float
    lane: int = 0
    above: float = 0
    below: float = 0
    beside: float = 0
    """More width than the shape has, half of it on each side."""
    after: float = 0
    """Room to its right before the next shape, for the words on its lines."""
    exits: tuple[Side, ...] = ("right",)
    """Where lines may leave, the best first."""
    entries: tuple[Side, ...] = ("left",)


@dataclass(frozen=True, slots=True)
class Line:
    """A line to draw. ``exits`` instead of those of its box, where it leaves from something attached to it."""

    id: str
    source: str
    target: str
    exits: tuple[Side, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """What came of it. Coordinates grow to the right and downwards from (0, 0)."""

    boxes: Mapping[str, Rect]
    lines: Mapping[str, tuple[Point, ...]]
    lanes: tuple[Rect, ...]
    width: float
    height: float
    layers: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def draw(boxes: Sequence[Box], lines: Sequence[Line], lanes: int = 1, gap: float = GAP) -> Drawing:
    """Place the boxes from left to right along the lines, and find a way for every line.

    Of boxes that come next to each other, the first one given stays in line with what it comes from. The same flow in
    the same state is drawn once per process.
    """
    return _drawn(tuple(boxes), tuple(lines), lanes, gap)


@lru_cache(maxsize=1024)  # some 10 kB each
def _drawn(boxes: tuple[Box, ...], lines: tuple[Line, ...], lanes: int, gap: float) -> Drawing:
    layers = _layers(boxes, lines)
    rows = _rows(boxes, lines, layers, lanes)
    first: frozenset[str] = frozenset()
    tries = iter(_TRIES)
    while True:
        grid = _Grid(boxes, layers, rows, lanes, next(tries), gap)
        routes, shared = _Router(grid, boxes).route(lines, first)
        first |= shared
        if not shared or grid.tracks == _TRIES[-1]:
            return grid.measure({line.id: routes[line.id] for line in lines}, layers)


def upright(drawing: Drawing) -> Drawing:
    """The same drawing from top to bottom. Its boxes must have been given lying on their side."""
    return Drawing(
        MappingProxyType({id_: Rect(r.y, r.x, r.height, r.width) for id_, r in drawing.boxes.items()}),
        MappingProxyType({id_: tuple(Point(p.y, p.x) for p in points) for id_, points in drawing.lines.items()}),
        tuple(Rect(r.y, r.x, r.height, r.width) for r in drawing.lanes),
        drawing.height,
        drawing.width,
        drawing.layers,
    )


# -- layers and rows --------------------------------------------------------------------------------------------------


def _layers(boxes: Sequence[Box], lines: Sequence[Line]) -> dict[str, int]:
    """The longest way from the beginning, lines that lead back left out."""
    out: dict[str, list[str]] = {box.id: [] for box in boxes}
    for line in lines:
        out[line.source].append(line.target)
    order: list[str] = []
    back: set[tuple[str, str]] = set()
    state: dict[str, int] = {}
    for root in out:
        stack = [(root, iter(out[root]))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            at, following = stack[-1]
            for target in following:
                if state.get(target) == 1:
                    back.add((at, target))
                elif target not in state:
                    state[target] = 1
                    stack.append((target, iter(out[target])))
                    break
            else:
                state[at] = 2
                order.append(at)
                stack.pop()
    layers = dict.fromkeys(out, 0)
    for at in reversed(order):
        for target in out[at]:
            if (at, target) not in back:
                layers[target] = max(layers[target], layers[at] + 1)
    return layers


def _rows(
    boxes: Sequence[Box], lines: Sequence[Line], layers: Mapping[str, int], lanes: int
) -> dict[str, tuple[int, int]]:
    """Box → (lane, row in the lane): beside what it comes from if that place is free, else below."""
    by_id = {box.id: box for box in boxes}
    before: dict[str, list[str]] = {box.id: [] for box in boxes}
    for line in lines:
        if layers[line.source] < layers[line.target]:
            before[line.target].append(line.source)
    found: dict[str, tuple[int, int]] = {}
    taken: set[tuple[int, int, int]] = set()

    def order(box: Box) -> tuple[int, bool]:
        return layers[box.id], all(by_id[id_].lane != box.lane for id_ in before[box.id])

    for box in sorted(boxes, key=order):
        rows = [found[id_][1] for id_ in before[box.id] if by_id[id_].lane == box.lane]
        row = min(rows, default=0)
        while (layers[box.id], box.lane, row) in taken:
            row += 1
        taken.add((layers[box.id], box.lane, row))
        found[box.id] = (box.lane, row)
    # No empty rows: a lane whose rows are not in a run is closed up.
    for lane in range(lanes):
        used = sorted({row for at, row in found.values() if at == lane})
        closed = {row: index for index, row in enumerate(used)}
        found = {id_: (at, closed[row]) if at == lane else (at, row) for id_, (at, row) in found.items()}
    return found


# -- the grid ---------------------------------------------------------------------------------------------------------


class _Grid:
    """Vertical and horizontal tracks by number. Shapes stand where a column's middle and a row's middle meet."""

    def __init__(
        self,
        boxes: Sequence[Box],
        layers: Mapping[str, int],
        rows: Mapping[str, tuple[int, int]],
        lanes: int,
        tracks: int,
        gap: float,
    ) -> None:
        self.gap = gap
        self.tracks, self.by_id = tracks, {box.id: box for box in boxes}
        self.columns = max(layers.values(), default=0) + 1
        heights = [1 + max((row for at, row in rows.values() if at == lane), default=0) for lane in range(lanes)]
        # Across: tracks, column, tracks, column, …, tracks. Down: per lane tracks, row, tracks, …, row, tracks.
        self.xs = self.columns * (tracks + 1) + tracks
        self.lane_starts: list[int] = []
        self.row_at: dict[tuple[int, int], int] = {}
        y = 0
        for lane, count in enumerate(heights):
            self.lane_starts.append(y)
            for row in range(count):
                self.row_at[lane, row] = y + tracks
                y += tracks + 1
            y += tracks
        self.ys = y
        self.heights = heights
        self.cell = {id_: (layers[id_] * (tracks + 1) + tracks, self.row_at[rows[id_]]) for id_ in layers}
        self.at = {cell: id_ for id_, cell in self.cell.items()}
        columns = {column * (tracks + 1) + tracks for column in range(self.columns)}
        rows_ = set(self.row_at.values())
        self.along_x, self.along_y = _lengths(self.xs, columns), _lengths(self.ys, rows_)
        self.aside_x = _aside(self.xs, columns, {0}, tracks)
        self.aside_y = _aside(self.ys, rows_, set(self.lane_starts), tracks)

    def measure(self, routes: Mapping[str, list[tuple[int, int]]], layers: Mapping[str, int]) -> Drawing:
        """From numbers of tracks to lengths: room for the shapes, and for the tracks that are used."""
        used_x = {a[0] for route in routes.values() for a, b in pairwise(route) if a[0] == b[0]}
        used_y = {a[1] for route in routes.values() for a, b in pairwise(route) if a[1] == b[1]}
        x, width = self._across(used_x)
        y, lanes = self._down(used_y)
        boxes: dict[str, Rect] = {}
        for id_, (column, row) in self.cell.items():
            box = self.by_id[id_]
            boxes[id_] = Rect(x[column] - box.width / 2, y[row] - box.height / 2, box.width, box.height)
        lines = {id_: tuple(Point(x[a], y[b]) for a, b in _corners(route)) for id_, route in routes.items()}
        height = lanes[-1][1]
        rects = tuple(Rect(0, top, width, bottom - top) for top, bottom in lanes)
        return Drawing(MappingProxyType(boxes), MappingProxyType(lines), rects, width, height, MappingProxyType(layers))

    def _across(self, used: set[int]) -> tuple[dict[int, float], float]:
        found: dict[int, float] = {}
        at, room = 0.0, 0.0
        for column in range(self.columns + 1):
            first = column * (self.tracks + 1)
            at += self._gap(range(first, first + self.tracks), used, at, found, room)
            centre = first + self.tracks
            inside = [self.by_id[id_] for (x, _), id_ in self.at.items() if x == centre]
            if not inside:
                continue
            half = max((box.width + box.beside) / 2 for box in inside)
            found[centre] = at + half
            at += 2 * half
            room = max(box.after - (half - box.width / 2) for box in inside)
        return found, at

    def _down(self, used: set[int]) -> tuple[dict[int, float], list[tuple[float, float]]]:
        found: dict[int, float] = {}
        lanes: list[tuple[float, float]] = []
        at = 0.0
        for lane, start in enumerate(self.lane_starts):
            top, y = at, start
            for row in range(self.heights[lane]):
                at += self._gap(range(y, y + self.tracks), used, at, found, 0)
                y = self.row_at[lane, row]
                inside = [self.by_id[id_] for (_, line), id_ in self.at.items() if line == y]
                above = max((box.height / 2 + box.above for box in inside), default=0)
                found[y] = at + above
                at += above + max((box.height / 2 + box.below for box in inside), default=0)
                y += 1
            at += self._gap(range(y, y + self.tracks), used, at, found, 0)
            lanes.append((top, at))
        return found, lanes

    def _gap(self, lines: Iterable[int], used: set[int], at: float, found: dict[int, float], room: float) -> float:
        """Place the tracks of one gap; its width."""
        running = [line for line in lines if line in used]
        width = max(self.gap, TRACK * (len(running) + 1)) + max(0.0, room)
        first = at + max(0.0, room) + (width - max(0.0, room) - TRACK * (len(running) - 1)) / 2
        found.update({line: first + TRACK * number for number, line in enumerate(running)})
        return width


def _lengths(count: int, middles: set[int]) -> list[float]:
    """What it costs to get from track 0 to each track: past a shape's middle far more than from track to track."""
    lengths = [0.0]
    for line in range(1, count):
        lengths.append(lengths[-1] + (1.0 if line in middles or line - 1 in middles else 0.1))
    return lengths


def _aside(count: int, middles: set[int], starts: set[int], tracks: int) -> list[float]:
    """What it costs to bend on each track: a little more away from the middle of its gap, to leave ways around."""
    found: list[float] = []
    at = 0
    for line in range(count):
        at = 0 if line in starts else at + 1
        found.append(0.0 if line in middles else 0.02 * abs(at - (tracks - 1) / 2))
        at = -1 if line in middles else at
    return found


def _corners(route: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without the points in the middle of a straight part."""
    bends = [
        here
        for before, here, after in zip(route, route[1:], route[2:], strict=False)
        if not (before[0] == here[0] == after[0] or before[1] == here[1] == after[1])
    ]
    return [route[0], *bends, route[-1]]


# -- the ways of the lines --------------------------------------------------------------------------------------------


_Ends = frozenset[tuple[bool, str]]
"""Where a line begins (False) and ends (True)."""


def _ends(line: Line) -> _Ends:
    return frozenset({(False, line.source), (True, line.target)})


def _sharing(others: _Ends | None, mine: _Ends) -> float:
    """What it costs to run where others run: little where all of them meet anyway, some where they part."""
    if others is None:
        return 0.0
    together = others & mine
    return (_MEETING if any(end for end, _ in together) else _PARTING) if together else _SHARED


class _Router:
    """Finds the lines one after the other: first those that lead on, the short and straight ones before the others.

    Points are numbered row by row, and a state of the search is a point with the direction in which it is left.
    """

    def __init__(self, grid: _Grid, boxes: Sequence[Box]) -> None:
        self.grid, self.boxes = grid, {box.id: box for box in boxes}
        self.steps = (1, -1, -grid.xs, grid.xs)
        self.blocked = {y * grid.xs + x for x, y in grid.at}
        self.taken: dict[tuple[int, int], _Ends] = {}
        """Pieces of track between two neighbouring points that lines run on → the ends that all of these share."""
        self.passed: tuple[dict[int, _Ends], dict[int, _Ends]] = ({}, {})
        """The same of points that lines pass from side to side, and from top to bottom; a bend is both."""

    def route(
        self, lines: Sequence[Line], first: frozenset[str]
    ) -> tuple[dict[str, list[tuple[int, int]]], frozenset[str]]:
        """Every line's points, and which lines had to share a track. Those of ``first`` choose their way first."""
        cell = self.grid.cell

        def order(line: Line) -> tuple[bool, bool, bool, int]:
            (ax, ay), (bx, by) = cell[line.source], cell[line.target]
            return line.id not in first, bx < ax, ay != by, abs(ax - bx) + abs(ay - by)

        routes: dict[str, list[tuple[int, int]]] = {}
        shared: set[str] = set()
        for line in sorted(lines, key=order):
            route, cost = self._find(line)
            if cost >= _SHARED:
                shared.add(line.id)
            ends = _ends(line)
            for a, b in pairwise(route):
                passed = self.passed[abs(b - a) > 1]
                passed[a], passed[b] = passed.get(a, ends) & ends, passed.get(b, ends) & ends
                self.taken[a, b] = self.taken[b, a] = self.taken.get((a, b), ends) & ends
            routes[line.id] = [(point % self.grid.xs, point // self.grid.xs) for point in route]
        return routes, frozenset(shared)

    def _find(self, line: Line) -> tuple[list[int], float]:
        """The cheapest way (A*): its points, and what it costs."""
        grid, xs, steps, blocked = self.grid, self.grid.xs, self.steps, self.blocked
        start, goal = (y * xs + x for x, y in (grid.cell[line.source], grid.cell[line.target]))
        to_x = [abs(length - grid.along_x[goal % xs]) for length in grid.along_x]
        to_y = [abs(length - grid.along_y[goal // xs]) for length in grid.along_y]
        arrivals = {_SIDES.index(_BACK[side]): number for number, side in enumerate(self.boxes[line.target].entries)}
        ends = _ends(line)
        queue: list[tuple[float, float, int]] = []
        best: dict[int, float] = {}
        came: dict[int, int] = {}

        def push(state: int, cost: float, previous: int) -> None:
            if cost < best.get(state, _NEVER):
                best[state], came[state] = cost, previous
                point = state >> 2
                heappush(queue, (cost + to_x[point % xs] + to_y[point // xs], cost, state))

        for number, side in enumerate(line.exits or self.boxes[line.source].exits):
            push(start << 2 | _SIDES.index(side), _DETOUR * number, -1)
        while queue:
            _, cost, state = heappop(queue)
            point, side_ = state >> 2, state & 3
            if point == goal:
                return self._trace(came, state), cost
            if cost > best[state] or not self._goes_on(point, side_):
                continue
            following = point + steps[side_]
            cost += self._length(point, following) + _sharing(self.taken.get((point, following)), ends)
            if following == goal:
                if side_ in arrivals:
                    push(following << 2 | side_, cost + _DETOUR * arrivals[side_], state)
            elif following not in blocked:
                here, other = self.passed[side_ > 1], self.passed[side_ < 2]
                push(following << 2 | side_, cost + _CROSSING * (following in other), state)
                # A bend on another line looks like a junction.
                cost += grid.aside_x[following % xs] + grid.aside_y[following // xs]
                cost += _BEND + _sharing(here.get(following), ends) + _sharing(other.get(following), ends)
                for turned in (0, 1) if side_ > 1 else (2, 3):
                    push(following << 2 | turned, cost, state)
        raise AssertionError(f"no way for {line.id}")  # the outermost tracks are never blocked

    def _goes_on(self, point: int, side: int) -> bool:
        x, y = point % self.grid.xs, point // self.grid.xs
        return (x + 1 < self.grid.xs, x > 0, y > 0, y + 1 < self.grid.ys)[side]

    def _length(self, a: int, b: int) -> float:
        xs = self.grid.xs
        along, low, high = (
            (self.grid.along_x, a % xs, b % xs) if abs(b - a) == 1 else (self.grid.along_y, a // xs, b // xs)
        )
        return abs(along[high] - along[low])

    @staticmethod
    def _trace(came: Mapping[int, int], last: int) -> list[int]:
        points: list[int] = []
        while last != -1:
            points.append(last >> 2)
            last = came[last]
        return points[::-1]
