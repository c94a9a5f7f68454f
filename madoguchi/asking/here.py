"""What applies at a place, in words: what every section says about it, what follows from it, and where to flee to.

Both faces show it: residents read what is public, staff what they may see. Each brings its own addresses. What is typed
is an address, often one's own: it is posted, so that no URL, history or log keeps it. A point in a link is there
because somebody made the link to share it.
"""

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl

from django.utils.http import urlencode
from django.utils.translation import gettext

from madoguchi.asking.places import how, looking
from madoguchi.asking.words import Said, day_words, language, said, words
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound, Refused
from madoguchi.ground.languages import LocalText
from madoguchi.places import queries as places
from madoguchi.places.finding import Middle
from madoguchi.places.queries import Beside, Located, Shelters, Spot, Where
from madoguchi.places.rules.applying import Applies, Hit, Part, filled
from madoguchi.places.rules.area import MAX_BYTES, Area
from madoguchi.places.rules.directions import rounded
from madoguchi.places.rules.layer import Layer, Reader, everybody, includes
from madoguchi.procedures import queries as procedures

#: Parts of an area that are told one by one, the largest first; and things near by where nobody knows which applies.
MOST: Final = 12
MOST_NEAR: Final = 3
#: Corners of an area that a link to the map has room for.
MOST_CORNERS: Final = 100
#: Metres by which a device may err: what is less sure is somewhere in the town.
MOST_ERROR: Final = 500.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about: a point that lies within ``error`` metres, or an area; what it is called, how it was found,
    and the day (None: today)."""

    spot: Spot
    name: str = ""
    how: str = ""
    error: float = 0.0
    on: dt.date | None = None

    @property
    def words(self) -> str:
        """「緯度34.71190 経度135.62350」, or of an area its size."""
        if isinstance(self.spot, Area):
            square = places.size(self.spot, procedures.city().file.plane)
            return gettext("面積 約%(square)sm²") % {"square": f"{square:,.0f}"}
        return gettext("緯度%(lat)s 経度%(lon)s") % {"lat": f"{self.spot.lat:.5f}", "lon": f"{self.spot.lon:.5f}"}


@dataclass(frozen=True, slots=True)
class PartLine:
    """What is so for a part of the area, and how much of it."""

    words: str
    much: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One layer's answer. ``tone``: applies, does_not, unknown; ``ask``: whom, where that is the answer or a border is
    near. ``parts`` where an area is asked about. ``inside``: who may see it, where that is not everybody."""

    code: str
    title: str
    words: str
    tone: str
    verdict: str
    ask: str
    parts: Sequence[PartLine]
    owner: str
    phone: str
    basis: str
    credit: str
    edition: int
    inside: str
    sample: bool


@dataclass(frozen=True, slots=True)
class ShelterLine:
    """The shelters from a hazard, or from several alike, the nearest first; none where none is recorded."""

    hazard: str
    places: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReferLine:
    """What is not told here, and the section that knows."""

    title: str
    owner: str
    phone: str


@dataclass(frozen=True, slots=True)
class FollowLine:
    """A procedure that may be needed there, and why."""

    code: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """All that is told of a place as it was on a day. ``silent``: the layers that know nothing there; ``refers``: what
    others know. Layers of shelters that are told by hazard are not told a second time."""

    day: str
    answers: Sequence[Answer]
    silent: Sequence[str]
    shelters: Sequence[ShelterLine]
    shelters_credit: str
    refers: Sequence[ReferLine]
    follows: Sequence[FollowLine]

    @property
    def silent_words(self) -> str:
        """Those layers in one line."""
        return gettext("、").join(self.silent)


def told(asked: Asked, reader: Reader = everybody) -> Told:
    """What applies there, in the reader's language."""
    spot, on = asked.spot, asked.on
    found = procedures.what_applies(spot, reader=reader, on=on, error=asked.error)
    near = places.shelters(procedures.layers().values(), spot, procedures.city().file.plane, reader=reader, on=on)
    by_hazard = {hazard.layer.code for hazard in near if hazard.hits}
    return Told(
        day=day_words(on or clock.today()),
        answers=[
            _answer(one, area=isinstance(spot, Area))
            for one in found
            if one.why != "no_data" and one.layer.code not in by_hazard
        ],
        silent=[said(one.layer.title) for one in found if one.why == "no_data"],
        shelters=_shelters(near, reader),
        shelters_credit="　".join(dict.fromkeys(_known_by(one.layer) for one in near)),
        refers=[
            ReferLine(said(one.title), *whom(one.owner))
            for one in procedures.layers().values()
            if one.refer and not includes(one.see, reader(one))
        ],
        follows=[
            FollowLine(
                one.procedure.procedure.code,
                said(one.procedure.procedure.title),
                "、".join(said(layer.title) for layer in one.because),
            )
            for one in procedures.following(found)
        ],
    )


def _known_by(layer: Layer) -> str:
    """Who keeps it, by which law, and whose data it is."""
    owner, phone = whom(layer.owner)
    told_by = {"owner": owner, "basis": layer.legal_basis, "phone": phone, "credit": layer.source.credit}
    return gettext("%(owner)s（%(basis)s）　電話 %(phone)s　出典：%(credit)s") % told_by


def _shelters(near: Sequence[Shelters], reader: Reader) -> list[ShelterLine]:
    """Hazards from which the same places are near are one line."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for one in near:
        alike.setdefault(tuple(_away(one.layer, reader, hit) for hit in one.hits), []).append(said(one.hazard.title))
    return [ShelterLine(gettext("、").join(hazards), spots) for spots, hazards in alike.items()]


def _away(layer: Layer, reader: Reader, hit: Hit) -> str:
    seen = layer.seen_by(reader(layer))
    return _marked(layer.sentences.applies, filled(layer, hit, language(), seen))


def _answer(one: Applies, *, area: bool) -> Answer:
    layer = one.layer
    owner, phone = whom(layer.owner)
    parts = _parts(one) if area and layer.shape == "polygon" else []
    return Answer(
        code=layer.code,
        title=said(layer.title),
        words=_words(one),
        tone=one.verdict,
        verdict=_verdict(one, area=area),
        ask=_ask(one, owner),
        parts=parts,
        owner=owner,
        phone=phone,
        basis=layer.legal_basis,
        credit=gettext("出典：%(credit)s（%(day)s現在）")
        % {"credit": layer.source.credit, "day": day_words(one.as_of)},
        edition=one.edition,
        inside={
            "public": "",
            "staff": gettext("職員だけに見えます"),
            "section": gettext("担当課だけに見えます"),
        }[layer.see],
        sample=layer.source.sample,
    )


def _words(one: Applies) -> str:
    text = one.layer.sentences.absent if one.verdict == "does_not" else one.layer.sentences.applies
    if one.verdict != "unknown" or len(one.hits) <= MOST_NEAR:
        return _marked(text, one.sentence(language()))
    near = sorted(one.hits, key=lambda hit: (not hit.inside, hit.border))
    more = gettext("ほかに%(count)s件") % {"count": len(near) - MOST_NEAR}
    return _marked(text, f"{one.told(near[:MOST_NEAR], language())} {more}".strip())


def _marked(text: LocalText | None, words: str) -> str:
    """A filled sentence that knows in which language it is."""
    spoken = Said(words)
    spoken.language = (text or LocalText("―")).language_for(language())
    return spoken


def _verdict(one: Applies, *, area: bool) -> str:
    if one.verdict == "applies" and area and one.layer.shape == "polygon":
        return gettext("全体に当てはまります") if not one.rest else gettext("一部に当てはまります")
    return {
        "applies": gettext("当てはまります"),
        "does_not": gettext("当てはまりません"),
        "unknown": gettext("わかりません"),
    }[one.verdict]


def _ask(one: Applies, owner: str) -> str:
    if one.verdict == "unknown" and one.layer.shape != "polygon":
        return gettext("調べた場所がおおよそなので、はっきり言えません。番地まで書くか、地図で示してください。")
    if one.verdict == "unknown":
        return gettext("境界の近くなので、はっきり言えません。%(section)sにお問い合わせください。") % {"section": owner}
    if one.close:
        return gettext("境界がすぐ近くを通っています。正確な位置は%(section)sにお問い合わせください。") % {
            "section": owner
        }
    return ""


def _parts(one: Applies) -> list[PartLine]:
    """How much of the area each says, the largest first; then what nothing is drawn on."""
    lines = [
        PartLine(_marked(one.layer.sentences.applies, one.told(part.hits, language())), _much(part))
        for part in one.parts
    ]
    left = len(lines) - MOST
    if left > 0:
        lines[MOST:] = [PartLine(gettext("ほかに%(count)s件") % {"count": left}, "")]
    if one.rest and one.verdict == "applies":
        absent = one.layer.sentences.absent
        words = _marked(absent, absent.get_for(language())) if absent else gettext("データがありません。")
        lines.append(PartLine(words, _percent(one.rest)))
    return lines


def _much(part: Part) -> str:
    if not part.sure:
        return gettext("境界の近く")
    square = f"{part.m2:,.0f}m²" if part.m2 >= 1 else gettext("1m²未満")
    return (
        gettext("全体（%(square)s）") % {"square": square}
        if part.share > 1 - 1e-6
        else f"{_percent(part.share)}（{square}）"
    )


def _percent(share: float) -> str:
    if share < 0.01:
        return gettext("1%未満")
    return gettext("約%(percent)s%%") % {"percent": min(99, round(share * 100))}


def whom(unit: str) -> tuple[str, str]:
    """The name of a section or department in the reader's language, and its telephone, else that of the city hall."""
    city = procedures.city()
    section = next((one for one in city.organisation.sections() if one.id == unit), None)
    department = next((one for one in city.organisation.departments if one.id == unit), None)
    phone = (section.phone if section else None) or city.file.contact.phone
    held = section or department
    return (said(held.name) if held else unit), phone


# -- the page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may be meant, and how surely it is where we say. ``query`` is the point in an address, ``beside``
    how far it is from what was asked for."""

    name: str
    error: str
    query: str
    lon: str
    lat: str
    beside: str = ""


@dataclass(slots=True)
class HerePage:
    """What was asked, where that may be, and what applies there.

    ``query`` says the same place and day in an address, empty where none may (what was typed, what was drawn);
    ``again`` is what has to be posted for the same. ``lot_query`` leads to the answer for the whole lot on which the
    point lies.
    """

    said: str = ""
    area: str = ""
    problem: str = ""
    status: int = 200
    asked: Asked | None = None
    told: Told | None = None
    query: str = ""
    again: Mapping[str, str] = field(default_factory=dict)
    lot_query: str = ""
    lot_name: str = ""
    candidates: Sequence[Candidate] = ()

    @property
    def looks(self) -> str:
        """Where a map looks at it, behind ``#``, which browsers send to nobody."""
        spot = self.asked.spot if self.asked is not None else None
        if spot is None:
            return ""
        if isinstance(spot, Where):
            return looking(spot.lat, spot.lon, self.asked.error if self.asked is not None else 0.0)
        lon, lat = spot.middle
        drawn, view = json.loads(spot.geojson), f"#16/{lat:.6f}/{lon:.6f}"
        if drawn["type"] != "Polygon" or len(drawn["coordinates"]) > 1 or len(drawn["coordinates"][0]) > MOST_CORNERS:
            return view
        return f"{view}&area=" + ";".join(f"{x:.7f},{y:.7f}" for x, y in drawn["coordinates"][0][:-1])


def here_page(get: Mapping[str, str], post: Mapping[str, str] | None, reader: Reader = everybody) -> HerePage:
    """The page: empty; of ``lat`` and ``lon`` in the address (degrees of JGD2011; ``of=lot`` for the whole lot, ``on``
    for a day); or of ``q`` (an address, a name) or ``area`` (GeoJSON) posted. What cannot be answered is said in it."""
    text = (post or {}).get("q", "").replace("\0", "").strip()[:200]
    area = (post or {}).get("area", "").strip()
    try:
        if area:
            return _area(area, reader)
        if text:
            return _found(text, reader)
        if post is not None and "lat" not in post:
            return HerePage(problem=gettext("住所か、駅や学校の名前を書いてください。"), status=422)
        given = post or get
        if "lat" in given or "lon" in given:
            at, on = Where(_degrees(given, "lon"), _degrees(given, "lat")), _day(given)
            if given.get("of") == "lot":
                page = _lot(at, on, reader)
            elif "error" in given:
                return _stood(at, given, reader)
            else:
                page = _point(Asked(at, on=on), reader)
            page.again = dict(parse_qsl(page.query))
            return page
    except Refused as refusal:
        return HerePage(said=text, area=area[:MAX_BYTES], problem=words(refusal), status=refusal.status)
    return HerePage()


def _found(text: str, reader: Reader) -> HerePage:
    """The places that a text may mean; where it is one for sure, what applies there."""
    city, layers = procedures.city(), procedures.layers()
    seen = places.locate(
        text,
        procedures.gazetteer(),
        layers.values(),
        city.file.plane,
        reader=reader,
        middle=_middle(),
    )
    sure = [one for one in seen if one.exact]
    if len(sure) == 1:
        page = _point(Asked(sure[0].at, sure[0].name, how(sure[0].level, sure[0].error), sure[0].error), reader)
        page.query, page.again = "", {"q": text}
        page.candidates = [_candidate(one) for one in seen if one is not sure[0]]
    else:
        page = HerePage(candidates=[_candidate(one) for one in seen])
        if not seen and places.lacks_place(text):
            page.status, page.problem = 422, gettext("どこの近くかも書いてください。例：曙町の近くの避難所")
        elif not seen:
            page.status, page.problem = (
                404,
                gettext(
                    "この市の中に見つかりませんでした。町の名前から書くか、近くの駅や学校の名前でさがしてください。"
                ),
            )
    page.said = text
    return page


def _middle() -> Middle | None:
    of_city = procedures.city().file.map
    return Middle(gettext("市の中心"), Where(*of_city.centre)) if of_city is not None else None


def _point(asked: Asked, reader: Reader) -> HerePage:
    at = asked.spot
    assert isinstance(at, Where)
    asked = asked if asked.name else _called(at, asked, reader)
    page = HerePage(asked=asked, told=told(asked, reader), query=_query(at, asked.on))
    lot = None if asked.error else places.lot_at(procedures.layers(), at, reader=reader, on=asked.on)
    if lot is not None:
        page.lot_query, page.lot_name = _query(at, asked.on, of="lot"), lot.name
    return page


def _called(at: Where, asked: Asked, reader: Reader) -> Asked:
    """A point with what it is called and the nearest thing that has a name: 曙町, 氷野小学校から北へ約110m."""
    layers, plane = procedures.layers().values(), procedures.city().file.plane
    called = places.reverse(at, procedures.gazetteer(), layers, plane, reader=reader)
    name = gettext("%(place)s付近") % {"place": called.name} if called.name else ""
    words = [how("point", asked.error)] if asked.error else []
    words += [_beside(called.beside[0])] if called.beside else []
    return replace(asked, name=name, how=gettext("、").join(words))


def _stood(at: Where, given: Mapping[str, str], reader: Reader) -> HerePage:
    """What applies where a device says that it is, within ``error`` metres. Raises Invalid."""
    try:
        metres = float(given["error"])
    except ValueError:
        metres = math.nan
    if not 0 <= metres <= MOST_ERROR:
        raise Invalid("too-unsure", "いまいる場所が、はっきりわかりません。住所か目印を書いてください。")
    page = _point(Asked(at, error=max(metres, 1.0)), reader)
    page.query, page.again = "", {name: given[name] for name in ("lat", "lon", "error")}
    return page


def _lot(at: Where, on: dt.date | None, reader: Reader) -> HerePage:
    """What applies to the lot on which a point lies. Raises NotFound where no lot is known there."""
    lot = places.lot_at(procedures.layers(), at, reader=reader, on=on)
    if lot is None:
        raise NotFound("no-lot-there", "この地点の土地（地番）のデータがありません。")
    asked = Asked(lot.area, lot.name, gettext("この土地（地番）の全体について調べた結果です"), on=on)
    return HerePage(asked=asked, told=told(asked, reader), query=_query(at, on, of="lot"))


def _area(text: str, reader: Reader) -> HerePage:
    """What applies to an area that somebody drew. Raises Invalid where it cannot be asked about."""
    area = Area.read(text)
    asked = Asked(area, gettext("えがいた区域"))
    return HerePage(area=area.geojson, asked=asked, told=told(asked, reader), again={"area": area.geojson})


def _candidate(one: Located) -> Candidate:
    name, beside = named(one)
    lon, lat = f"{one.at.lon:.6f}", f"{one.at.lat:.6f}"
    return Candidate(name, how(one.level, one.error), _query(one.at), lon, lat, beside)


def named(one: Located) -> tuple[str, str]:
    """What it is called, and whence it is seen: what has no name of its own is called by that alone (図書館)."""
    if one.beside is None:
        return one.name, ""
    return one.name.removesuffix(f"（{one.beside.words}）"), _beside(one.beside)


def _beside(one: Beside) -> str:
    """How far it is from there, and in which direction."""
    directions = {
        "n": gettext("北"),
        "ne": gettext("北東"),
        "e": gettext("東"),
        "se": gettext("南東"),
        "s": gettext("南"),
        "sw": gettext("南西"),
        "w": gettext("西"),
        "nw": gettext("北西"),
    }
    return gettext("%(place)sから%(direction)sへ約%(metres)sm") % {
        "place": one.name,
        "direction": directions[one.direction],
        "metres": f"{rounded(one.metres):,}",
    }


def _query(at: Where, on: dt.date | None = None, **more: str) -> str:
    day = {"on": on.isoformat()} if on else {}
    return urlencode({"lat": f"{at.lat:.6f}", "lon": f"{at.lon:.6f}", **day, **more})


def _degrees(given: Mapping[str, str], name: str) -> float:
    """A number of degrees; not a number where there is none, which is nowhere in Japan."""
    try:
        return float(given.get(name, ""))
    except ValueError:
        return float("nan")


def _day(given: Mapping[str, str]) -> dt.date | None:
    written = given.get("on", "")
    if not written:
        return None
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        raise Invalid("day-unread", "日付を 2026-04-01 の形で書いてください。") from None
