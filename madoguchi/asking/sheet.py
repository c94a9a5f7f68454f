"""What applies at a place as a PDF, signed by the city: to keep, to print, to hand on. Nothing of it is kept here.

In the languages that the letters' fonts can print; readers of another get the English one.
"""

import json
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext

from madoguchi.asking.here import Answer, Asked, told
from madoguchi.asking.words import day_words, language, time_words
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.ground.languages import LANGUAGES, tag
from madoguchi.messages import queries as messages
from madoguchi.places.picture import SCALES, Frame, picture
from madoguchi.places.queries import Where
from madoguchi.places.rules.area import Area
from madoguchi.places.rules.layer import Reader, everybody
from madoguchi.procedures import queries as procedures


def sheet(asked: Asked, reader: Reader = everybody, *, link: str, inside: bool = False) -> bytes:
    """The signed PDF. ``link`` is the page that answers anew; ``inside``: it may say what only staff may see.

    A value that no font can print is left out and said so.
    """
    spoken = language() if language() in LANGUAGES else "en"
    with translation.override(spoken):
        data, map_of_it = _data(asked, reader, spoken, inside=inside), _map(asked, reader)
        try:
            return messages.answer_sheet(data, path=link, picture=map_of_it)
        except Invalid as refusal:
            for path in refusal.fields:
                _put(data, path.split("."), gettext("（印刷できない文字があります）"))
            return messages.answer_sheet(data, path=link, picture=map_of_it)


def _data(asked: Asked, reader: Reader, spoken: str, *, inside: bool) -> dict[str, Any]:
    found, city, now = told(asked, reader), procedures.city(), clock.now()
    contact = city.file.contact
    return {
        "title": gettext("この場所に当てはまること"),
        "city": city.name.get_for(spoken),
        "lang": tag(spoken),
        "inside": gettext("庁内用（職員だけに見える内容を含みます）") if inside else "",
        "asked": [
            [gettext("場所"), "　".join(filter(None, [str(asked.name), asked.words]))],
            *([[gettext("場所の確かさ"), asked.how]] if asked.how else []),
            [gettext("いつの時点か"), found.day],
            [gettext("調べた日時"), f"{day_words(now)} {time_words(now)}"],
        ],
        "answers": {
            "title": gettext("当てはまること"),
            "nothing": gettext("この地点について、公開しているデータがまだありません。"),
            "rows": [_row(one) for one in found.answers],
        },
        "shelters": {
            "title": gettext("災害のときに逃げる場所（近い順）"),
            "rows": [
                [one.hazard, "\n".join(map(str, one.places)) or gettext("記録がありません。")] for one in found.shelters
            ],
            "credit": found.shelters_credit,
        },
        "follows": {
            "title": gettext("関係する手続き"),
            "rows": [[str(one.title), one.why] for one in found.follows],
        },
        "refers": [
            gettext("%(title)sは、ここではお答えできません。%(section)s（電話 %(phone)s）にお問い合わせください。")
            % {"title": one.title, "section": one.owner, "phone": one.phone}
            for one in found.refers
        ],
        "silent": gettext("記録がないもの（「ない」という意味ではありません）")
        + "："
        + "、".join(map(str, found.silent))
        if found.silent
        else "",
        "notice": [
            gettext("この結果は参考です。証明や許可の判断には使えません。大切なことは、担当の課にお確かめください。"),
            gettext("地図の位置には誤差があります。境界の近くは「わかりません」と答えています。"),
        ],
        "contact": {
            "section": city.name.get_for(spoken),
            "address": f"〒{contact.postal_code} {contact.address.get_for(spoken)}",
            "phone": contact.phone,
            "hours": contact.hours.get_for(spoken),
        },
        "whom": gettext("問い合わせ先"),
        "online": gettext("いまの答えは、画面で見られます。"),
        "genuine": gettext(
            "市が電子署名したPDFです。次のページにこのPDFを送ると、書きかえられていないことを確かめられます。"
        ),
        "alt": gettext("この場所に当てはまることを調べるページの二次元コード"),
    }


#: Millimetres of the picture on the page, and the scale around a point.
WIDE: Final = 160.0
HIGH: Final = 72.0
SCALE: Final = 2500


def _map(asked: Asked, reader: Reader) -> dict[str, str] | None:
    """Where it is, on the quiet layers of the city's map; None where the city has none, or nothing is drawn there."""
    city, layers = procedures.city(), procedures.layers()
    names = city.file.map.base_layers if city.file.map is not None else ()
    base = [layers[name] for name in names if name in layers]
    spot, scale = asked.spot, SCALE
    outline = json.loads(spot.geojson) if isinstance(spot, Area) else None
    marks = [spot] if isinstance(spot, Where) else []
    if isinstance(spot, Area):
        wide, high = spot.across
        scale = next((one for one in SCALES if wide * 1250 < WIDE * one and high * 1250 < HIGH * one), SCALES[-1])
    centre = spot if isinstance(spot, Where) else Where(*spot.middle)
    frame, plane = Frame(centre, scale, WIDE, HIGH), city.file.plane
    try:
        drawn = picture(frame, (), plane, reader=reader, on=asked.on, base=base, marks=marks, outline=outline)
    except Invalid:  # more lies there than a page can show: the words say it all
        return None
    if not drawn.base:
        return None
    sources = dict.fromkeys(f"{gettext('出典')}：{one.source.credit}" for one in drawn.base)
    return {
        "svg": drawn.svg,
        "alt": gettext("%(where)sのまわりの地図（%(scale)s分の1）") % {"where": asked.words, "scale": f"{scale:,}"},
        "credit": "　".join([f"1:{scale:,}", *sources]),
    }


def _row(one: Answer) -> dict[str, Any]:
    owner = gettext("担当：%(section)s（電話 %(phone)s）") % {"section": one.owner, "phone": one.phone}
    edition = gettext("第%(number)s版") % {"number": one.edition}
    return {
        "title": str(one.title),
        "mark": "　".join(filter(None, [gettext("見本データ") if one.sample else "", one.inside])),
        "verdict": one.verdict,
        "words": "" if one.parts else str(one.words),
        "parts": [f"{part.words}　{part.much}".strip() for part in one.parts],
        "ask": one.ask,
        "source": [f"{gettext('根拠')}：{one.basis}", owner, f"{one.credit}　{edition}"],
    }


def _put(data: Any, path: list[str], text: str) -> None:
    for part in path[:-1]:
        data = data[int(part)] if isinstance(data, list) else data[part]
    data[int(path[-1]) if isinstance(data, list) else path[-1]] = text
