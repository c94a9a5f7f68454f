"""A feature of a layer at the desk: its form and its life, a change that is asked for, and many in a table."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import shapely
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases.rules.uploads import ACCEPT_IMAGES
from madoguchi.desk.presenting.layers import DEEDS, about, deed_words, edition_words
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.desk.presenting.worklist import Choice
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Problem, Refused, fill
from madoguchi.people import queries as people
from madoguchi.places import queries as places
from madoguchi.places.actions import DECIDES, EDITS
from madoguchi.places.models import Amendment, Change, ChangeState, Feature
from madoguchi.places.rules.editing import DATED, MAX_WHY, Foreseen, Table, as_geojson, written
from madoguchi.places.rules.layer import Attribute, Layer, reader_of, shown
from madoguchi.procedures import queries as procedures

#: What a form offers for a feature, with what it means.
CHOICES: Final[Sequence[tuple[str, str, str]]] = (
    ("correct", gettext_noop("記録のまちがいを直す"), gettext_noop("はじめからこうだった、と記録します。")),
    ("change", gettext_noop("変わったことを記録する"),
     gettext_noop("前の日まではいまのまま、その日から変わった、と記録します。")),
    ("end", gettext_noop("なくなったことを記録する"), gettext_noop("その日から、ここにはありません。")),
    ("drop", gettext_noop("まちがって記録したので取り消す"), gettext_noop("はじめからなかった、と記録します。")),
)  # fmt: skip
#: Lines of a change that are shown one by one.
MOST_LINES: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One attribute in the form; ``kind`` as the schema has it, ``choices`` of a code. ``words``: what the feature
    says, for whoever only reads."""

    name: str
    id: str
    title: str
    kind: str
    unit: str
    value: str
    words: str
    required: bool
    choices: Sequence[Choice]
    problem: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """Two shapes beside each other as SVG: path and points of what was and of what will be. ``shapes``: both as
    GeoJSON (JGD2011 degrees), for a map."""

    box: str
    before: str
    after: str
    stroke: str
    shapes: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What an attribute was and will be."""

    title: str
    before: str
    after: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A happening in a feature's life, or a line of a change."""

    what: str
    name: str
    url: str
    differences: Sequence[Difference]
    moved: bool
    sketch: Sketch | None
    photos: Sequence["PhotoLine"] = ()


@dataclass(frozen=True, slots=True)
class LifeLine:
    """A change of a feature, or the file that brought it."""

    when: str
    who: str
    what: str
    why: str
    refused_why: str
    state: str
    url: str
    differences: Sequence[Difference]
    moved: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the map needs on which a shape is drawn; coordinates as text, for a page in any language."""

    kind: str
    near: str
    lon: str
    lat: str


@dataclass(frozen=True, slots=True)
class PhotoLine:
    """A photograph of a feature."""

    url: str
    name: str
    told: str


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """All that ``desk/feature.html`` shows. ``theirs``: what stands now, where somebody was faster; then ``post_url``
    is that of the newer row, so that what was typed can be put on top of it."""

    layer: str
    layer_url: str
    title: str
    is_new: bool
    stands: str
    current_url: str
    waiting_url: str
    edits: bool
    approves: bool
    post_url: str
    entries: Sequence[Entry]
    shape: str
    shape_problem: str
    geometry: str
    deeds: Sequence[tuple[str, str, str, bool]]
    on: str
    on_problem: str
    today: str
    why: str
    why_problem: str
    most_why: int
    problem: str
    theirs: Sequence[Difference]
    sketch: Sketch | None
    drawing: Drawing
    photos: Sequence[PhotoLine]
    photos_url: str
    accept: str
    may_attach: bool
    life: Sequence[LifeLine]


@dataclass(frozen=True, slots=True)
class ChangePage:
    """All that ``desk/layer_change.html`` shows; ``can``: what the reader may do with it; ``anew_url``: a form with
    what was asked for and did not come to be."""

    layer: str
    layer_url: str
    url: str
    title: str
    facts: Sequence[tuple[str, str]]
    lines: Sequence[Told]
    more: int
    can: frozenset[str]
    anew_url: str
    own: bool
    why: str
    problem: str


@dataclass(slots=True)
class TablePage:
    """All that ``desk/layer_table.html`` shows: before a file, and what a file would do."""

    layer: str
    layer_url: str
    url: str
    csv_url: str
    approves: bool
    today: str
    problem: str = ""
    wrong: Sequence[tuple[str, str, str]] = ()
    more_wrong: int = 0
    counts: Sequence[tuple[str, int]] = ()
    unchanged: int = 0
    missing: str = ""
    dated: bool = False
    lines: Sequence[Told] = ()
    more: int = 0
    table: str = ""
    mistake: bool = True
    on: str = ""
    why: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    ready: bool = False


# -- one feature ------------------------------------------------------------------------------------------------------


def feature_page(
    layer: Layer,
    one: Feature | None,
    by: Actor,
    *,
    given: Mapping[str, str] | None = None,
    refusal: Refused | None = None,
    now: Feature | None = None,
) -> FeaturePage:
    """A feature with its form. ``given`` and ``refusal`` are of a post that was refused; ``now``: what stands, where
    that is not what the form was made on."""
    reader = reader_of(by)(layer)
    seen, told = layer.seen_by(reader), given or {}
    properties = one.properties if one is not None else {}
    theirs: Sequence[Difference] = ()
    if one is not None and now is not None:
        theirs = _against(layer, seen, told, one, now)
        told = given = _upon(layer, seen, told, one, now)
    problems = {name: fill(gettext(p.message), p.params) for name, p in (refusal.fields if refusal else {}).items()}
    if refusal is not None and refusal.code in _OF_SHAPE:
        problems["shape"] = fill(gettext(refusal.message), refusal.params)
    stands = one is not None and one.valid_until is None and one.dropped_in_id is None
    waiting = places.waits_on([one.pk]) if one is not None else None
    current = now or (places.standing(layer.code).filter(key=one.key).first() if one and not stands else None)
    target = current if now is not None else one
    geometry = _geometry(now or one) if one is not None else ""
    return FeaturePage(
        layer=layer.title["ja"],
        layer_url=reverse("desk:layer", args=(layer.code,)),
        title=places.called(layer, properties, reader) if one else gettext("新しい地物"),
        is_new=one is None,
        stands=_stands(one) if one is not None else "",
        current_url=reverse("desk:feature", args=(layer.code, current.pk)) if current is not None else "",
        waiting_url=reverse("desk:layer-change", args=(layer.code, waiting.pk)) if waiting is not None else "",
        edits=EDITS.holds(by, layer) and (one is None or stands or now is not None) and not (waiting and given is None),
        approves=bool(layer.edit and layer.edit.deciders),
        post_url=(
            reverse("desk:feature", args=(layer.code, target.pk))
            if target is not None
            else reverse("desk:feature-new", args=(layer.code,))
        ),
        entries=[_entry(attribute, properties, given, problems, layer) for attribute in seen],
        shape=told.get("shape", _shape_text(layer, geometry)),
        shape_problem=problems.get("shape", ""),
        geometry=geometry,
        deeds=[
            (deed, gettext(words), gettext(means), told.get("deed", "correct") == deed)
            for deed, words, means in (CHOICES if one is not None else ())
        ],
        on=told.get("on", clock.today().isoformat()),
        on_problem=problems.get("on", ""),
        today=clock.today().isoformat(),
        why=told.get("why", ""),
        why_problem=problems.get("why", ""),
        most_why=MAX_WHY,
        problem=fill(gettext(refusal.message), refusal.params) if refusal else "",
        theirs=theirs,
        sketch=sketch(None, bytes((now or one).geom.wkb)) if one is not None else None,
        drawing=drawing(layer.shape, _near(layer, now or one)),
        photos=_photos(layer, one) if one is not None else (),
        photos_url=reverse("desk:feature-photos", args=(layer.code, one.pk)) if one is not None else "",
        accept=ACCEPT_IMAGES,
        may_attach=one is not None and EDITS.holds(by, layer),
        life=_life(layer, one, seen) if one is not None else (),
    )


def drawing(kind: str, near: str = "") -> Drawing:
    """A map of the city to draw on; ``near``: where shapes are to be had to whose corners one draws."""
    of_city = procedures.city().file.map
    lon, lat = of_city.centre if of_city is not None else (135.0, 35.0)
    return Drawing(kind, near, f"{lon:.6f}", f"{lat:.6f}")


def _near(layer: Layer, one: Feature | None) -> str:
    return reverse("desk:layer-near", args=(layer.code,)) + (f"?apart={one.pk}" if one is not None else "")


def _photos(layer: Layer, one: Feature) -> list[PhotoLine]:
    found = list(places.photos(one))
    names = people.staff_names({photo.added_by for photo in found})
    return [
        PhotoLine(
            reverse("desk:feature-photo", args=(layer.code, one.pk, photo.pk)),
            photo.name,
            f"{time_words(photo.added_at)}　{names.get(photo.added_by, '')}",
        )
        for photo in found
    ]


#: Refusals that are about the shape.
_OF_SHAPE: Final = frozenset(
    {"no-shape", "shape-unread", "shape-too-large", "other-shape", "shape-crossed", "shape-nothing", "axes-swapped",
     "out-of-japan", "out-of-city", "overlaps"}
)  # fmt: skip


def _stands(one: Feature) -> str:
    if one.dropped_in_id is not None:
        return gettext("取り消された記録です。")
    if one.valid_until is not None:
        told = {"since": day_words(one.valid_from), "until": day_words(one.valid_until)}
        return gettext("%(since)sから%(until)sの前の日までの内容です。") % told
    return gettext("%(since)sから") % {"since": day_words(one.valid_from)}


def _shape_text(layer: Layer, geometry: str) -> str:
    """A point as its coordinates, for whoever types them; anything else as GeoJSON."""
    if layer.shape == "point" and geometry:
        said = json.loads(geometry)
        if said["type"] == "Point":
            return f"{said['coordinates'][0]}, {said['coordinates'][1]}"
    return geometry


def _entry(
    one: Attribute,
    properties: Mapping[str, Any],
    given: Mapping[str, str] | None,
    problems: Mapping[str, str],
    layer: Layer,
) -> Entry:
    value = written(one, properties.get(one.key)) if given is None else given.get(f"p-{one.key}", "")
    chosen = {"yes_no": [("有", "有"), ("無", "無")], "code": [(code, said["ja"]) for code, said in one.codes.items()]}
    return Entry(
        name=f"p-{one.key}",
        id=f"p-{one.key}",
        title=one.title["ja"],
        kind=one.kind,
        unit=one.unit["ja"] if one.unit is not None else "",
        value=value,
        words=shown(one, properties.get(one.key), "ja"),
        required=one.required or one.key in layer.key,
        choices=[Choice(code, words, code == value) for code, words in chosen.get(one.kind, [])],
        problem=problems.get(one.key, ""),
    )


def _against(
    layer: Layer, seen: Sequence[Attribute], given: Mapping[str, str], base: Feature, now: Feature
) -> list[Difference]:
    """What was typed beside what stands now, where somebody was faster."""
    lines = []
    for one in seen:
        mine, theirs = given.get(f"p-{one.key}", ""), now.properties.get(one.key)
        meaning = one.codes.get(mine)
        words = meaning["ja"] if meaning is not None else mine
        lines.append(Difference(one.title["ja"], shown(one, theirs, "ja"), words, written(one, theirs) != mine))
    geometry, text = _geometry(now), given.get("shape", "")
    if geometry != _geometry(base) or text.strip() != _shape_text(layer, _geometry(base)):
        apart = text.strip() != _shape_text(layer, geometry)
        mine = gettext("あなたが描いた形") if text.strip() != _shape_text(layer, _geometry(base)) else gettext("前の形")
        now_words = gettext("ほかの人が変えた形") if geometry != _geometry(base) else gettext("前の形")
        lines.append(Difference(gettext("形"), now_words, mine, apart))
    return lines


def _upon(
    layer: Layer, seen: Sequence[Attribute], given: Mapping[str, str], base: Feature, now: Feature
) -> dict[str, str]:
    """What was typed, upon what stands now: where nothing was changed, what the other has made of it."""
    told = dict(given)
    for one in seen:
        if told.get(f"p-{one.key}", "") == written(one, base.properties.get(one.key)):
            told[f"p-{one.key}"] = written(one, now.properties.get(one.key))
    if told.get("shape", "").strip() == _shape_text(layer, _geometry(base)):
        told["shape"] = _shape_text(layer, _geometry(now))
    return told


def _geometry(one: Feature) -> str:
    return as_geojson(bytes(one.geom.wkb))


def _life(layer: Layer, one: Feature, seen: Sequence[Attribute]) -> list[LifeLine]:
    """What was ever recorded of a feature: changes by hand, and the files that said something of it; newest first."""
    changes = places.changes_of(one)
    names = people.staff_names({who for c in changes for who in (c.asked_by, c.decided_by) if who is not None})
    lines: list[tuple[Any, LifeLine]] = []
    for change in changes:
        mine = [a for a in change.lines.select_related("feature") if one.key in (a.key, a.feature and a.feature.key)]
        who = names.get(change.asked_by, "")
        if change.decided_by is not None:
            who = gettext("%(who)s（決めた人：%(other)s）") % {"who": who, "other": names.get(change.decided_by, "")}
        first = mine[0] if mine else None
        told = LifeLine(
            when=time_words(change.asked_at),
            who=who,
            what=gettext(DEEDS[first.kind]) if first is not None and change.undoes_id is None else deed_words(change),
            why=change.why,
            refused_why=change.refused_why,
            state="" if change.state == ChangeState.APPROVED else str(ChangeState(change.state).label),
            url=reverse("desk:layer-change", args=(layer.code, change.pk)),
            differences=_differences(first, seen) if first is not None else (),
            moved=first is not None and _moved(first),
        )
        lines.append((change.asked_at, told))
    by_hand = {change.edition_id for change in changes}
    for row in places.life_of(one):
        for edition, what in (
            (row.added_in, gettext("ファイルから取込み")),
            (row.ended_in, gettext("ファイルで変わったか、なくなった")),
        ):
            if edition is not None and edition.pk not in by_hand:
                line = LifeLine(
                    time_words(edition.recorded_at), "", what, edition_words(edition), "", "", "", (), False
                )
                lines.append((edition.recorded_at, line))
    lines.sort(key=lambda pair: pair[0], reverse=True)
    return [line for _, line in lines]


def _differences(line: Amendment, seen: Sequence[Attribute]) -> list[Difference]:
    """What differs by attribute; of what ends, nothing."""
    before = line.feature.properties if line.feature is not None and line.kind != "restore" else {}
    after = line.properties
    if after is None:
        return []
    return [
        Difference(one.title["ja"], shown(one, before.get(one.key), "ja"), shown(one, after.get(one.key), "ja"), True)
        for one in seen
        if before.get(one.key) != after.get(one.key)
    ]


def _moved(line: Amendment) -> bool:
    return line.feature is not None and line.geom is not None and bytes(line.geom.wkb) != bytes(line.feature.geom.wkb)


# -- a change ---------------------------------------------------------------------------------------------------------


def change_page(layer: Layer, one: Change, by: Actor, why: str = "", refusal: Refused | None = None) -> ChangePage:
    """A change with what was and what will be, and what the reader may do with it."""
    seen = layer.seen_by(reader_of(by)(layer))
    names = people.staff_names({who for who in (one.asked_by, one.decided_by) if who is not None})
    total = one.lines.count()
    sizes = places.remade(one, procedures.city().file.plane)
    facts = [
        (gettext("状態"), str(ChangeState(one.state).label)),
        (gettext("理由"), one.why),
        (gettext("変更した人"), f"{names.get(one.asked_by, '')}　{time_words(one.asked_at)}"),
    ]
    if one.valid_from is not None:
        facts.append((gettext("いつから"), day_words(one.valid_from)))
    if (decided := one.approved_at or one.refused_at) and one.decided_by is not None:
        facts.append((gettext("決めた人"), f"{names.get(one.decided_by, '')}　{time_words(decided)}"))
    if one.refused_why:
        facts.append((gettext("認めない理由"), one.refused_why))
    if one.edition is not None:
        facts.append((gettext("版"), edition_words(one.edition)))
    return ChangePage(
        layer=layer.title["ja"],
        layer_url=reverse("desk:layer", args=(layer.code,)),
        url=reverse("desk:layer-change", args=(layer.code, one.pk)),
        title=about(one, layer, by),
        facts=facts,
        lines=[
            _told(layer, line, seen, by, sizes.get(line.number))
            for line in one.lines.select_related("feature")[:MOST_LINES]
        ],
        more=max(0, total - MOST_LINES),
        can=_can(layer, one, by),
        anew_url=_anew_url(layer, one, by),
        own=one.asked_by == by.id,
        why=why,
        problem=fill(gettext(refusal.message), refusal.params) if refusal else "",
    )


def _can(layer: Layer, one: Change, by: Actor) -> frozenset[str]:
    if one.state == ChangeState.WAITING:
        if one.asked_by == by.id:
            return frozenset({"withdraw"}) if EDITS.holds(by, layer) else frozenset()
        return frozenset({"approve", "refuse"}) if DECIDES.holds(by, layer) else frozenset()
    undone = one.undone_by.exclude(state__in=(ChangeState.REFUSED, ChangeState.WITHDRAWN)).exists()
    if one.state == ChangeState.APPROVED and EDITS.holds(by, layer) and not undone:
        return frozenset({"undo"})
    return frozenset()


def _anew_url(layer: Layer, one: Change, by: Actor) -> str:
    if one.state not in (ChangeState.REFUSED, ChangeState.WITHDRAWN) or not EDITS.holds(by, layer):
        return ""
    lines = list(one.lines.all()[:2])
    if one.undoes_id is not None or len(lines) != 1:
        return ""
    of = lines[0].feature_id
    form = reverse("desk:feature", args=(layer.code, of)) if of else reverse("desk:feature-new", args=(layer.code,))
    return f"{form}?from={one.pk}"


def anew(layer: Layer, one: Change, feature: Feature | None, by: Actor) -> dict[str, str] | None:
    """The form as it was when a change of this feature was asked for that did not come to be; None for any other."""
    line = one.lines.first()
    feature_id = feature.pk if feature is not None else None
    if not _anew_url(layer, one, by) or line is None or line.feature_id != feature_id:
        return None
    said = line.properties if line.properties is not None else feature.properties if feature is not None else {}
    geom = line.geom if line.geom is not None else feature.geom if feature is not None else None
    told = {
        "deed": line.kind,
        "on": (one.valid_from or clock.today()).isoformat(),
        "why": one.why,
        "shape": _shape_text(layer, as_geojson(bytes(geom.wkb))) if geom is not None else "",
    }
    return told | {f"p-{a.key}": written(a, said.get(a.key)) for a in layer.seen_by(reader_of(by)(layer))}


def _sizes(layer: Layer, was: float, will: float) -> list[Difference]:
    """What a shape's change comes to in figures."""
    if layer.shape == "point":
        return [Difference(gettext("位置"), "―", gettext("%(metres)sm動きます") % {"metres": f"{will:,.1f}"}, True)]
    title, unit = (gettext("長さ"), "m") if layer.shape == "line" else (gettext("面積"), "㎡")
    return [Difference(title, f"{was:,.1f}{unit}", f"{will:,.1f}{unit}", True)]


def _told(
    layer: Layer, line: Amendment, seen: Sequence[Attribute], by: Actor, sizes: tuple[float, float] | None = None
) -> Told:
    before = line.feature
    said = line.properties if line.properties is not None else before.properties if before is not None else {}
    moved = _moved(line)
    after = bytes(line.geom.wkb) if line.geom is not None else None
    was = bytes(before.geom.wkb) if before is not None and (moved or after is None) else None
    return Told(
        what=gettext(DEEDS[line.kind]),
        name=places.called(layer, said, reader_of(by)(layer)),
        url=reverse("desk:feature", args=(layer.code, before.pk)) if before is not None else "",
        differences=[*_differences(line, seen), *(_sizes(layer, *sizes) if sizes is not None else ())],
        moved=moved,
        sketch=sketch(was, after) if line.number <= 5 else None,
        photos=_photos(layer, before) if before is not None and line.number <= 5 else (),
    )


def sketch(before: bytes | None, after: bytes | None) -> Sketch | None:
    """Both shapes in one picture, north up, metres alike in both directions."""
    shapes = [shapely.from_wkb(one) if one is not None else None for one in (before, after)]
    there = [one for one in shapes if one is not None]
    if not there:
        return None
    west, south, east, north = shapely.total_bounds(there)
    wide = 0.82  # a degree of longitude against one of latitude, in these parts
    side = max((east - west) * wide, north - south, 0.0002)
    left = (west + east) / 2 * wide - side * 0.6
    top = (south + north) / 2 + side * 0.6

    def path(shape: Any) -> str:
        if shape is None:
            return ""
        parts = []
        for part in shapely.get_parts(shape):
            rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
            for ring in rings:
                points = [((x * wide - left) / side * 100, (top - y) / side * 100) for x, y in ring.coords]
                if len(points) == 1:
                    parts.append(f"M{points[0][0]:.1f} {points[0][1]:.1f}h0")
                else:
                    parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points))
        return "".join(parts)

    kind = "point" if there[0].geom_type.endswith("Point") else "shape"
    sides = [
        f'{{"type":"Feature","properties":{{"side":"{side}"}},"geometry":{as_geojson(one)}}}'
        for side, one in (("before", before), ("after", after))
        if one is not None
    ]
    collection = f'{{"type":"FeatureCollection","features":[{",".join(sides)}]}}'
    return Sketch("0 0 120 120", path(shapes[0]), path(shapes[1]), kind, collection)


# -- a table ----------------------------------------------------------------------------------------------------------


def table_page(layer: Layer) -> TablePage:
    """The page before a file was chosen."""
    return TablePage(
        layer=layer.title["ja"],
        layer_url=reverse("desk:layer", args=(layer.code,)),
        url=reverse("desk:layer-table", args=(layer.code,)),
        csv_url=reverse("desk:layer-csv", args=(layer.code,)),
        approves=bool(layer.edit and layer.edit.deciders),
        today=clock.today().isoformat(),
        on=clock.today().isoformat(),
    )


def foreseen(page: TablePage, layer: Layer, table: Table, by: Actor) -> TablePage:
    """The page with what a table would do."""
    seen = layer.seen_by(reader_of(by)(layer))
    kinds = [one.line.kind for one in table.foreseen]
    page.counts = [(gettext(DEEDS[kind]), kinds.count(kind)) for kind in DEEDS if kind in kinds]
    page.unchanged = table.unchanged
    page.missing = "、".join(one.title["ja"] for one in table.missing)
    page.dated = bool(DATED & set(kinds))
    page.wrong = [
        (
            gettext("%(row)s行目") % {"row": one.row},
            _words(one.problem),
            reverse("desk:feature", args=(layer.code, one.feature)) if one.feature is not None else "",
        )
        for one in table.wrong[:MOST_LINES]
    ]
    page.more_wrong = max(0, len(table.wrong) - MOST_LINES)
    page.lines = [_will(layer, one, seen, by) for one in table.foreseen[:MOST_LINES]]
    page.more = max(0, len(table.foreseen) - MOST_LINES)
    page.ready = bool(table.foreseen) and not table.wrong
    return page


def _will(layer: Layer, one: Foreseen, seen: Iterable[Attribute], by: Actor) -> Told:
    return Told(
        what=gettext("%(row)s行目：%(deed)s") % {"row": one.row, "deed": gettext(DEEDS[one.line.kind])},
        name=places.called(layer, one.after or one.before, reader_of(by)(layer)),
        url="",
        differences=[
            Difference(a.title["ja"], shown(a, one.before.get(a.key), "ja"), shown(a, one.after.get(a.key), "ja"), True)
            for a in seen
            if one.after and one.before.get(a.key) != one.after.get(a.key)
        ],
        moved=one.line.kind != "add" and one.line.shape is not None,
        sketch=None,
    )


def _words(one: Problem) -> str:
    return fill(gettext(one.message), one.params)
