"""What applies at a place, as residents read it: the answers of all sections in sentences, and what is not known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from madoguchi.places import queries as places
from madoguchi.places.queries import Located, Where
from madoguchi.places.rules.applying import Applies
from madoguchi.places.rules.layer import Audience
from madoguchi.procedures import queries as procedures
from madoguchi.web.words import day_words, language, said


@dataclass(frozen=True, slots=True)
class Answer:
    """One layer's answer. ``tone``: applies, does_not, unknown; ``ask``: whom, where that is the answer."""

    title: str
    words: str
    tone: str
    verdict: str
    ask: str
    basis: str
    credit: str
    sample: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may be meant, and how surely it is where we say."""

    name: str
    error: str
    url: str
    lon: str
    lat: str


@dataclass(slots=True)
class HerePage:
    """The page: what was asked, where that may be, and what applies there."""

    said: str = ""
    problem: str = ""
    name: str = ""
    error: str = ""
    point: str = ""
    link: str = ""
    candidates: Sequence[Candidate] = ()
    answers: list[Answer] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


def found_page(text: str, reader: Audience = "public") -> HerePage:
    """The places that a text may mean; where it is one for sure, what applies there."""
    city, layers = procedures.city(), procedures.layers()
    seen = places.locate(text, procedures.gazetteer(), layers.values(), city.file.plane, reader=reader)
    sure = [one for one in seen if one.exact]
    if len(sure) == 1:
        page = at_page(sure[0].at, reader, error=sure[0].error)
        page.name, page.error = sure[0].name, _error(sure[0])
        page.candidates = [_candidate(one) for one in seen if one is not sure[0]]
    else:
        page = HerePage(candidates=[_candidate(one) for one in seen])
        if not seen:
            page.problem = gettext(
                "この市の中に見つかりませんでした。町の名前から書くか、近くの駅や学校の名前でさがしてください。"
            )
    page.said = text
    return page


def at_page(at: Where, reader: Audience = "public", *, error: float = 0.0) -> HerePage:
    """What applies at a point, of which one knows that it lies within ``error`` metres."""
    plane = procedures.city().file.plane
    found = places.applies(procedures.layers().values(), at, plane, reader=reader, error=error)
    page = HerePage(point=gettext("緯度%(lat)s 経度%(lon)s") % {"lat": f"{at.lat:.5f}", "lon": f"{at.lon:.5f}"})
    page.link = _url(at)
    for one in found:
        if one.why == "no_data":
            page.silent.append(said(one.layer.title))
        else:
            page.answers.append(_answer(one, reader))
    return page


def _answer(one: Applies, reader: Audience) -> Answer:
    layer, source = one.layer, one.layer.source
    owner = _unit(layer.owner)
    ask = ""
    if one.verdict == "unknown":
        ask = gettext("境界の近くなので、はっきり言えません。%(section)sにお問い合わせください。") % {"section": owner}
    as_of = gettext("%(day)s現在") % {"day": day_words(source.as_of)}
    return Answer(
        title=said(layer.title),
        words=one.sentence(language(), layer.seen_by(reader)),
        tone=one.verdict,
        verdict={
            "applies": gettext("当てはまります"),
            "does_not": gettext("当てはまりません"),
            "unknown": gettext("わかりません"),
        }[one.verdict],
        ask=ask,
        basis=gettext("%(section)s（%(basis)s）") % {"section": owner, "basis": layer.legal_basis},
        credit=f"{gettext('出典')}：{source.credit}（{as_of}）",
        sample=source.sample,
    )


def _unit(id_: str) -> str:
    """The name of a section or department."""
    organisation = procedures.city().organisation
    names: dict[str, Any] = {one.id: one.name for one in organisation.departments}
    names |= {one.id: one.name for one in organisation.sections()}
    return said(names[id_]) if id_ in names else id_


def _candidate(one: Located) -> Candidate:
    return Candidate(one.name, _error(one), _url(one.at), f"{one.at.lon:.6f}", f"{one.at.lat:.6f}")


def _error(one: Located) -> str:
    if one.level == "landmark":
        return gettext("施設や駅の位置（誤差は約%(metres)sm）") % {"metres": f"{one.error:,.0f}"}
    return gettext("町の中ほどから見た結果です（町の端まで約%(metres)sm）") % {"metres": f"{round(one.error, -1):,.0f}"}


def _url(at: Where) -> str:
    return f"{reverse('web:here')}?{urlencode({'lat': f'{at.lat:.6f}', 'lon': f'{at.lon:.6f}'})}"
