"""A place as it is shown to whoever named it, and to whoever reads the answer: where it is and how surely, which places
the words may mean, and what applies there."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext

from madoguchi.asking.words import day_words, said
from madoguchi.cases.queries import locating
from madoguchi.ground.languages import LocalText
from madoguchi.places.rules.recording import VERDICT
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import FormField

#: Metres by which a place may be elsewhere before a map shows more around it.
FAR: Final = 100.0


@dataclass(frozen=True, slots=True)
class Applying:
    """What one layer says. ``tone``: applies, does_not, unknown; ``ask``: what happens where nobody knows."""

    title: str
    tone: str
    words: str
    ask: str
    credit: str
    sample: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A place that may be meant, and how surely it is where the map has it."""

    value: str
    label: str
    how: str


@dataclass(frozen=True, slots=True)
class PlaceShown:
    """The place. ``choices`` to choose from where the words may mean several; ``is_point``: given by a device or a tap;
    ``lon``, ``lat`` (degrees of JGD2011) and ``error`` (metres): where a map looks at it, None where it is nowhere.

    ``on``: the day on which so applied what is told.
    """

    name: str
    how: str
    is_point: bool
    lon: float | None
    lat: float | None
    error: float
    choices: Sequence[Choice]
    answers: Sequence[Applying]
    on: str

    @property
    def looks(self) -> str:
        """Where a map looks at it; empty where it is nowhere."""
        return "" if self.lat is None or self.lon is None else looking(self.lat, self.lon, self.error)


def looking(lat: float, lon: float, error: float) -> str:
    """Where a map looks at a place (degrees of JGD2011) and marks it, behind ``#``, which browsers send to nobody. It
    sees the lot, or of what is less sure (``error`` in metres) the streets around."""
    return f"#{15 if error > FAR else 17}/{lat:.6f}/{lon:.6f}&at={lon:.6f},{lat:.6f}"


def place_shown(value: Any, field: FormField, *, choose: bool = False) -> PlaceShown | None:
    """What there is to show of an answer, None where nothing is. With ``choose`` the places that may be meant, too."""
    if not isinstance(value, Mapping) or not value.get("text"):
        return None
    level = value.get("level", "")
    undecided = choose and "lat" not in value and level != locating.WORDS
    choices = [Choice(one.name, one.name, how(one.level, one.error)) for one in _candidates(value, undecided)]
    answers = list(_answers(value, field)) if level else []
    if not (choices or level):
        return None
    day = value.get("on")
    return PlaceShown(
        name=value.get("name", ""),
        how=_apart() if value.get("apart") else how(level, value.get("error") or 0.0) if level else "",
        is_point=level == "point",
        lon=value.get("lon") if level else None,
        lat=value.get("lat") if level else None,
        error=value.get("error") or 0.0,
        choices=choices,
        answers=answers,
        on=day_words(dt.date.fromisoformat(day)) if answers and day else "",
    )


def _candidates(value: Mapping[str, Any], wanted: bool) -> Sequence[Any]:
    return locating.candidates(str(value["text"])) if wanted else ()


def _apart() -> str:
    return gettext(
        "書かれた住所と、示された位置がはなれています。どちらかを直してください。このままなら職員が確かめます。"
    )


def how(level: str, error: float) -> str:
    """How surely a place is where the map has it."""
    metres = {"metres": f"{error if error < 100 else round(error, -1):,.0f}"}
    if level == locating.WORDS:
        return gettext("地図の上では見つかりませんでした。書かれた言葉のまま受け付け、職員が確かめます。")
    if level == "point":
        return gettext("示された位置（誤差は約%(metres)sm）") % metres
    if level == "landmark":
        return gettext("施設や駅の位置（誤差は約%(metres)sm）") % metres
    if level == "lot":
        return gettext("地番までわかりました（土地の端まで約%(metres)sm）") % metres
    if level == "block":
        return gettext("番まではわかりました。その中のどの土地かはわかりません（約%(metres)sm以内）") % metres
    return gettext("町の中ほどから見た結果です（町の端まで約%(metres)sm）") % metres


def _answers(value: Mapping[str, Any], field: FormField) -> Iterator[Applying]:
    held: Mapping[str, Any] = value.get("map") or {}
    for code in field.layers:
        record, layer = held.get(code), procedures.layers().get(code)
        if record is None:
            continue
        words = said(LocalText(record["words"])) if record["words"].get("ja") else ""
        tone, ask = record[VERDICT], ""
        if tone == "unknown":
            border = record["why"] == "border"
            words = gettext("近くにあるもの：%(words)s") % {"words": words} if border and words else ""
            ask = (
                gettext("境界の近くで、はっきり言えません。職員が確かめます。")
                if border
                else gettext("地図だけでは分かりません。職員が確かめます。")
            )
        yield Applying(
            title=said(layer.title) if layer is not None else code,
            tone=tone,
            words=words or ("" if ask else gettext("当てはまりません")),
            ask=ask,
            credit=layer.source.credit if layer is not None else "",
            sample=layer.source.sample if layer is not None else False,
        )
