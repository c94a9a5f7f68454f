"""The layers of the map at the desk: what a section owns, their features, and what waits for whom."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.desk.presenting.worklist import Choice, Head
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem
from madoguchi.people import queries as people
from madoguchi.places import queries as places
from madoguchi.places.actions import DECIDES, EDITS
from madoguchi.places.models import Change, ChangeState, Edition, Feature
from madoguchi.places.ordering import Order, order_of
from madoguchi.places.rules import narrowing
from madoguchi.places.rules.layer import Attribute, Layer, reader_of, shown
from madoguchi.procedures import queries as procedures

#: What was done to one feature, by kind.
DEEDS: Final[Mapping[str, str]] = {
    "add": gettext_noop("追加"),
    "change": gettext_noop("変更"),
    "correct": gettext_noop("訂正"),
    "end": gettext_noop("終了"),
    "drop": gettext_noop("取消し"),
    "restore": gettext_noop("元に戻す"),
}


@dataclass(frozen=True, slots=True)
class LayerLine:
    """A layer in the list. ``overdue``: the source has a newer state; ``waiting``: changes that nobody has decided."""

    url: str
    title: str
    owner: str
    audience: str
    features: str
    edition: str
    overdue: bool
    edits: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change in a list."""

    url: str
    layer: str
    what: str
    why: str
    who: str
    when: str
    state: str
    waits: bool
    refused_why: str


@dataclass(frozen=True, slots=True)
class LayersPage:
    """All that ``desk/layers.html`` shows."""

    lines: Sequence[LayerLine]
    deciding: Sequence[ChangeLine]
    refused: Sequence[ChangeLine]
    told_days: int
    own: Sequence[ChangeLine]


@dataclass(frozen=True, slots=True)
class FeatureLine:
    """A feature in the table of its layer; ``values`` beside their titles."""

    url: str
    name: str
    since: str
    values: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Filter:
    """An attribute by which the table is narrowed: a list (``choices``), from and to, or words. ``boxes``: name in the
    address, what stands there, and its label beside that of the attribute."""

    title: str
    unit: str
    kind: str
    boxes: Sequence[tuple[str, str, str]]
    choices: Sequence[Choice]
    problem: str


@dataclass(frozen=True, slots=True)
class LayerPage:
    """All that ``desk/layer.html`` shows: a page of features, and the changes of late."""

    title: str
    url: str
    about: Sequence[tuple[str, str]]
    heads: Sequence[Head]
    sort: str
    ends: str
    lines: Sequence[FeatureLine]
    words: str
    filters: Sequence[Filter]
    narrowed: bool
    found: int
    problem: str
    next_url: str
    edits: bool
    new_url: str
    table_url: str
    csv_url: str
    changes: Sequence[ChangeLine]


# -- lists ------------------------------------------------------------------------------------------------------------


def concerned(layer: Layer, by: Actor) -> bool:
    """Whether somebody owns, edits or decides on a layer."""
    return layer.owner in by.sections or EDITS.holds(by, layer) or DECIDES.holds(by, layer)


def deciding(by: Actor) -> list[str]:
    """The layers on whose changes somebody decides."""
    return [code for code, layer in procedures.layers().items() if DECIDES.holds(by, layer)]


def layers_page(by: Actor) -> LayersPage:
    """The layers with which somebody has to do, what waits for them, and what they asked for."""
    layers = procedures.layers()
    mine = [one for one in layers.values() if concerned(one, by)]
    newest = places.newest()
    waiting = list(places.changes([one.code for one in mine], ChangeState.WAITING)[:200])
    names = people.staff_names({one.asked_by for one in waiting})
    counts, asked = places.counts([one.code for one in mine]), Counter(one.layer for one in waiting)
    return LayersPage(
        lines=[_layer_line(one, newest.get(one.code), counts.get(one.code, 0), asked[one.code], by) for one in mine],
        deciding=[
            _change_line(one, layers[one.layer], names, by)
            for one in waiting
            if one.asked_by != by.id and DECIDES.holds(by, layers[one.layer])
        ],
        refused=[
            _change_line(one, layers[one.layer], people.staff_names({one.asked_by}), by)
            for one in _refused(by)
            if one.layer in layers
        ],
        told_days=TOLD_DAYS,
        own=[_change_line(one, layers[one.layer], names, by) for one in waiting if one.asked_by == by.id],
    )


#: Days in which somebody is told that a change of theirs was refused.
TOLD_DAYS: Final = 14


def _refused(by: Actor) -> QuerySet[Change]:
    return places.refused(by.who, clock.now() - dt.timedelta(days=TOLD_DAYS))


def waiting_count(by: Actor) -> int:
    """How many changes of others wait for somebody's decision."""
    codes = deciding(by)
    return places.changes(codes, ChangeState.WAITING).exclude(asked_by=by.who).count() if codes else 0


def refused_count(by: Actor) -> int:
    """How many changes of one's own were refused of late, and not asked for anew."""
    return _refused(by).count()


def _layer_line(layer: Layer, edition: Edition | None, features: int, waiting: int, by: Actor) -> LayerLine:
    return LayerLine(
        url=reverse("desk:layer", args=(layer.code,)),
        title=layer.title["ja"],
        owner=_unit(layer.owner),
        audience=gettext(_AUDIENCES[layer.see]),
        features=f"{features:,}",
        edition=edition_words(edition),
        overdue=edition is not None and layer.source.is_overdue(edition.as_of, clock.today()),
        edits=EDITS.holds(by, layer),
        waiting=waiting,
    )


_AUDIENCES: Final[Mapping[str, str]] = {
    "public": gettext_noop("市民にも公開"),
    "staff": gettext_noop("職員だけ"),
    "section": gettext_noop("担当課だけ"),
}


def edition_words(edition: Edition | None) -> str:
    if edition is None:
        return gettext("まだ取り込んでいません")
    told = {"number": edition.number, "day": day_words(edition.as_of)}
    return gettext("第%(number)s版　%(day)s現在") % told


def _unit(id_: str) -> str:
    return next((one.name["ja"] for one in procedures.city().organisation.units() if one.id == id_), id_)


def _change_line(one: Change, layer: Layer, names: Mapping[UUID, str], by: Actor) -> ChangeLine:
    return ChangeLine(
        url=reverse("desk:layer-change", args=(one.layer, one.pk)),
        layer=layer.title["ja"],
        what=about(one, layer, by),
        why=one.why,
        who=names.get(one.asked_by, ""),
        when=time_words(one.asked_at),
        state=str(ChangeState(one.state).label),
        waits=one.state == ChangeState.WAITING,
        refused_why=one.refused_why,
    )


def about(one: Change, layer: Layer, by: Actor) -> str:
    """「訂正：市道1号」; of several features, what and how many."""
    lines = list(one.lines.select_related("feature").defer("geom", "feature__geom", "feature__drawn")[:2])
    if len(lines) != 1:
        return deed_words(one)
    said = lines[0].properties if lines[0].properties is not None else lines[0].feature and lines[0].feature.properties
    name = places.called(layer, said or {}, reader_of(by)(layer))
    return gettext("%(what)s：%(name)s") % {"what": deed_words(one), "name": name}


def deed_words(one: Change) -> str:
    """「訂正」「変更 3件・終了 1件」「取消し」."""
    if one.undoes_id is not None:
        return gettext("前の変更の取消し")
    kinds = list(one.lines.values_list("kind", flat=True))
    if len(kinds) == 1:
        return gettext(DEEDS[kinds[0]])
    counted = [(kind, kinds.count(kind)) for kind in DEEDS if kind in kinds]
    return "・".join(gettext("%(deed)s %(n)s件") % {"deed": gettext(DEEDS[kind]), "n": n} for kind, n in counted)


def layer_page(layer: Layer, by: Actor, asked: Mapping[str, str]) -> LayerPage:
    """A page of the features as they are now, of those that the address asks for."""
    reader = reader_of(by)(layer)
    kept = kept_of(layer, by, asked)
    problems: Mapping[str, Problem] = {}
    found, more, count, problem = list[Feature](), False, 0, ""
    order, after = order_of(layer, reader, asked.get("sort", "")), asked.get("after", "")
    try:
        sought = wanted(layer, by, asked)
        found, more = places.listed(layer, reader, sought, after, order=order)
        count = places.how_many(layer, reader, sought) if kept else 0
    except Invalid as refusal:
        problem, problems = gettext(refusal.message), refusal.fields
    seen = [one for one in layer.seen_by(reader) if one.key not in layer.key][:6]  # the key is the name of the line
    late = list(places.changes([layer.code])[:10])
    names = people.staff_names({one.asked_by for one in late})
    url = reverse("desk:layer", args=(layer.code,))
    so_far, following = 0, {}
    if order is not None:
        so_far = min((int(after) if after.isascii() and after.isdigit() else 0) + len(found), places.MOST_SORTED)
        following = {"sort": order.written, "after": str(so_far)}
    elif found:
        following = {"after": found[-1].key}
    return LayerPage(
        title=layer.title["ja"],
        url=url,
        about=[
            (gettext("担当"), _unit(layer.owner)),
            (gettext("見られる人"), gettext(_AUDIENCES[layer.see])),
            (gettext("版"), edition_words(places.newest().get(layer.code))),
            (gettext("出典"), layer.source.credit),
            (gettext("編集"), _editing_words(layer)),
        ],
        heads=[_head(url, kept, one, order) for one in (None, *seen)],
        sort=order.written if order is not None else "",
        ends=_ends(so_far) if order is not None and len(found) == places.PAGE and not more else "",
        lines=[_feature_line(layer, one, seen, by) for one in found],
        words=kept.get("q", ""),
        filters=[_filter(one, boxes, kept, problems) for one, boxes in narrowing.names(layer, reader)],
        narrowed=bool(kept.keys() - {"q"}),
        found=count,
        problem=problem,
        next_url=f"{url}?{urlencode({**kept, **following})}" if more else "",
        edits=EDITS.holds(by, layer),
        new_url=reverse("desk:feature-new", args=(layer.code,)),
        table_url=reverse("desk:layer-table", args=(layer.code,)),
        csv_url=reverse("desk:layer-csv", args=(layer.code,)) + (f"?{urlencode(kept)}" if kept else ""),
        changes=[_change_line(one, layer, names, by) for one in late],
    )


def _head(url: str, kept: Mapping[str, str], one: Attribute | None, order: Order | None) -> Head:
    """Above the name (None), by which the table stands by itself, or above an attribute."""
    is_sorted = (order.by.key if order is not None else None) == (one.key if one is not None else None)
    down = is_sorted and order is not None and order.down
    sort = {} if one is None else {"sort": Order(one, is_sorted and not down).written}
    return Head(
        title=one.title["ja"] if one is not None else gettext("地物"),
        url=f"{url}?{urlencode({**kept, **sort})}",
        sorted="" if not is_sorted else "descending" if down else "ascending",
    )


def _ends(so_far: int) -> str:
    """Said where the pages end before the features do."""
    if so_far < places.MOST_SORTED:
        return ""
    return gettext("並べ替えて見られるのは、先の%(n)s件までです。続きは、条件で絞って見ます。") % {"n": f"{so_far:,}"}


def kept_of(layer: Layer, by: Actor, asked: Mapping[str, str]) -> dict[str, str]:
    """What of an address narrows the table: it stands in every link of the page, so that it can be kept."""
    mine = ("q", *(name for _, boxes in narrowing.names(layer, reader_of(by)(layer)) for name in boxes))
    return {name: said for name in mine if (said := asked.get(name, "").strip())}


def wanted(layer: Layer, by: Actor, asked: Mapping[str, str]) -> places.Wanted:
    """What an address looks for. Raises Invalid."""
    return places.Wanted(asked.get("q", "").strip(), narrowing.tree(layer, reader_of(by)(layer), asked))


def _filter(one: Attribute, boxes: Sequence[str], kept: Mapping[str, str], problems: Mapping[str, Problem]) -> Filter:
    lists: Mapping[str, list[tuple[str, str]]] = {
        "yes_no": [("true", gettext("有")), ("false", gettext("無"))],
        "code": [(code, said["ja"]) for code, said in one.codes.items()],
    }
    said = kept.get(boxes[0], "")
    offered = [*lists[one.kind], (narrowing.NOTHING, gettext("（記入なし）"))] if one.kind in lists else []
    labels = (gettext("から"), gettext("まで")) if len(boxes) > 1 else ("",)
    problem = problems.get(one.key)
    return Filter(
        title=one.title["ja"],
        unit=one.unit["ja"] if one.unit is not None else "",
        kind=one.kind,
        boxes=[(name, kept.get(name, ""), label) for name, label in zip(boxes, labels, strict=True)],
        choices=[Choice(code, words, code == said) for code, words in offered],
        problem=gettext(problem.message) if problem is not None else "",
    )


def _editing_words(layer: Layer) -> str:
    if layer.edit is None:
        return gettext("ファイルの取込みだけ")
    sections = "、".join(_unit(one) for one in layer.edit.sections)
    if not layer.edit.deciders:
        return sections
    posts = procedures.city().organisation.posts()
    titles = "、".join(posts[one][0].title["ja"] for one in layer.edit.deciders if one in posts)
    return gettext("%(sections)s（承認：%(posts)s）") % {"sections": sections, "posts": titles}


def _feature_line(layer: Layer, one: Feature, seen: Sequence[Attribute], by: Actor) -> FeatureLine:
    return FeatureLine(
        url=reverse("desk:feature", args=(layer.code, one.pk)),
        name=places.called(layer, one.properties, reader_of(by)(layer)),
        since=day_words(one.valid_from),
        values=[(said.title["ja"], shown(said, one.properties.get(said.key), "ja")) for said in seen],
    )
