"""A map on paper at its scale: the sheet with title, picture, legend, credits and what it must not be used for."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext

from madoguchi.asking.words import day_words, language, said
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.ground.languages import LANGUAGES, tag
from madoguchi.mapping.showing import View, credit_of, keys_of, layers_for
from madoguchi.messages import queries as messages
from madoguchi.places.picture import PIXEL, SCALES, Drawn, Frame, picture
from madoguchi.places.rules.layer import Layer, Reader
from madoguchi.procedures import queries as procedures

#: Millimetres of the papers, upright; of the margins, the line of the title, and what stands below the picture.
PAPERS: Final = {"a4": (210.0, 297.0), "a3": (297.0, 420.0)}
MARGIN, HEAD, FOOT = 10.0, 9.0, 34.0
MOST_TITLE: Final = 60


def sheet(view: View, reader: Reader, *, title: str, scale: int, paper: str, upright: bool) -> bytes:
    """The PDF. Raises Invalid for a scale or a paper that there is not, and for a title that no font can print."""
    if paper not in PAPERS:
        raise Invalid("no-such-paper", "この大きさの紙には印刷できません。")
    if scale not in SCALES:
        raise Invalid("no-such-scale", "この縮尺では印刷できません。")
    with translation.override(language() if language() in LANGUAGES else "en"):
        return messages.map_sheet(_data(view, reader, title.strip()[:MOST_TITLE], scale, paper, upright))


def _data(view: View, reader: Reader, title: str, scale: int, paper: str, upright: bool) -> dict[str, Any]:
    across, along = PAPERS[paper] if upright else tuple(reversed(PAPERS[paper]))
    frame = Frame(view.centre, scale, across - 2 * MARGIN, along - 16 - HEAD - FOOT - 4)
    city, known = procedures.city(), layers_for(reader)
    base = city.file.map.base_layers if city.file.map is not None else ()
    drawn = picture(
        frame,
        [one for one in known if one.code in view.codes],
        city.file.plane,
        reader=reader,
        on=view.on,
        base=[one for one in known if one.code in base and one.code not in view.codes],
    )
    layers = [*drawn.base, *(one.layer for one in drawn.drawn)]
    return {
        "title": title or gettext("%(city)sの地図") % {"city": said(city.name)},
        "city": city.name.get_for(language()),
        "lang": tag(language()),
        "paper": {"width": across, "height": along, "foot": FOOT},
        "picture": {"svg": drawn.svg, "width": drawn.width, "height": drawn.height, "alt": _alt(view, scale, layers)},
        "legend": [line for one in drawn.drawn for line in _legend(one, reader)],
        "credits": list(dict.fromkeys(f"{gettext('出典')}：{credit_of(one)}" for one in layers)),
        "has-sample": any(one.source.sample for one in layers),
        "words": _words(view, scale),
    }


def _words(view: View, scale: int) -> dict[str, str]:
    plane = procedures.city().file.plane
    day: dt.date = view.on or clock.today()
    said_of = {"day": day_words(day), "plane": plane, "number": plane - 6668}
    return {
        "sample": gettext("見本データ"),
        "scale": f"1:{scale:,}",
        "legend": gettext("凡例"),
        "nothing": gettext("この範囲に、選んだレイヤーのものはありません。"),
        "made": gettext("%(day)sの状況。測地成果2011 平面直角座標系 第%(number)s系（EPSG:%(plane)s）で描いています。")
        % said_of,
        "caution": gettext("この図は参考です。証明や、境界・許可の判断には使えません。"),
    }


def _alt(view: View, scale: int, layers: Sequence[Layer]) -> str:
    """What the picture is, for whoever hears it; the page of the map lists what is on it."""
    return gettext("緯度%(lat)s 経度%(lon)sを中心とした%(scale)s分の1の地図。描かれているもの：%(layers)s") % {
        "lat": f"{view.centre.lat:.5f}",
        "lon": f"{view.centre.lon:.5f}",
        "scale": f"{scale:,}",
        "layers": gettext("、").join(str(said(one.title)) for one in layers),
    }


def _legend(one: Drawn, reader: Reader) -> Iterator[dict[str, Any]]:
    style, title = one.layer.style, str(said(one.layer.title))
    keys = keys_of(one.layer, reader(one.layer), one.values)
    for key in keys:
        words = str(key.words)
        yield {
            "title": words if words == title else f"{title}：{words}",
            "shape": one.layer.shape,
            "colour": key.colour,
            "opacity": style.opacity,
            "width": style.width * PIXEL,
            "radius": style.radius * PIXEL,
        }
