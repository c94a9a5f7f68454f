"""Notices to those who live in an area: what was sent, one being written, and how many would be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.desk.access import words
from madoguchi.desk.presenting.features import Drawing, drawing
from madoguchi.desk.presenting.picture import Picture, area_picture
from madoguchi.desk.presenting.words import day_words
from madoguchi.desk.presenting.worklist import Choice
from madoguchi.events import Actor
from madoguchi.facts.queries import NoBasis, bases_in_force
from madoguchi.ground.errors import Invalid, Refused
from madoguchi.messages import queries as messages
from madoguchi.messages.models import Notice
from madoguchi.messages.ports import AUDIENCES, OFFICES
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.telling import conditions, outline, single_areas

#: Stands between a layer, its attribute and a code in what a form posts.
_BETWEEN: Final = "|"


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice in the list."""

    url: str
    subject: str
    area: str
    state: str
    when: str
    people: str


@dataclass(frozen=True, slots=True)
class NoticesPage:
    """All that ``desk/notices.html`` shows."""

    lines: Sequence[NoticeLine]


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice being written: what can be chosen, what was typed, what is wrong."""

    offices: Sequence[Choice]
    towns: Sequence[Choice]
    areas: Sequence[tuple[str, Sequence[Choice]]]
    conditions: Sequence[Choice]
    drawing: Drawing
    how: str
    given: Mapping[str, str]
    problems: Mapping[str, str]
    problem: str


@dataclass(frozen=True, slots=True)
class NoticePage:
    """One notice. ``laws``: by what its office may know who lives there; ``refused``: why it may not.

    ``printed``: letters that are made; ``to_make``: those that the worker still makes.
    """

    url: str
    subject: str
    paragraphs: Sequence[str]
    office: str
    area: str
    picture: Picture | None
    state: str
    written: str
    sent: str
    people: str
    mails: str
    on_paper: str
    laws: Sequence[str]
    refused: str
    letters_url: str
    to_make: int


def notices_page(by: Actor) -> NoticesPage:
    """Those of the offices for which ``by`` may send."""
    return NoticesPage([_line(one) for one in messages.notices(by)[:200]])


def new_notice(
    by: Actor,
    given: Mapping[str, str],
    towns: Sequence[str] = (),
    refusal: Refused | None = None,
) -> NewNotice:
    """The form, with what was typed."""
    office = OFFICES.get("organisation")
    names = {one: found.name for one in sorted(messages.offices_of(by)) if (found := office(one)) is not None}
    return NewNotice(
        offices=[Choice(code, name, code == given.get("office")) for code, name in names.items()],
        towns=[Choice(one.id, one.name, one.id in towns) for one in procedures.city().towns],
        areas=[
            (layer.title["ja"], [_area_choice(layer.code, key, name, given) for key, name in named])
            for layer, named in single_areas()
        ],
        drawing=drawing("polygon"),
        conditions=[Choice(key, title, key == given.get("condition")) for key, title in _conditions()],
        how=given.get("how") or "towns",
        given=given,
        problems={name: words(Invalid(one.code, one.message, one.params)) for name, one in refusal.fields.items()}
        if refusal is not None
        else {},
        problem=words(refusal) if refusal is not None else "",
    )


def audience_of(given: Mapping[str, str], towns: Sequence[str]) -> dict[str, Any]:
    """What the form says of the area, for ``ports.AUDIENCES`` to judge."""
    match given.get("how"):
        case "towns":
            return {"towns": list(towns)}
        case "shape":
            return {"shape": given.get("shape", "")}
        case "area":
            layer, _, key = given.get("area", "").partition(_BETWEEN)
            return {"layer": layer, "attribute": None, "feature": key}
    layer, _, rest = given.get("condition", "").partition(_BETWEEN)
    attribute, _, code = rest.partition(_BETWEEN)
    said: dict[str, Any] = {"layer": layer, "attribute": attribute or None}
    if code:
        return said | {"values": [code]}
    try:
        return said | ({"at_least": float(given.get("least", ""))} if attribute else {})
    except ValueError:
        return said


def notice_page(one: Notice, by: Actor) -> NoticePage:
    """A notice as it stands; of one that is not sent, how many would be told today (an event)."""
    office = OFFICES.get("organisation")(one.office)
    people, refused = in_tens(messages.in_tens(one.people)) if one.sent_at else "", ""
    if one.state == "written":
        try:
            people = in_tens(messages.meant(one, by))
        except (NoBasis, Invalid) as refusal:
            refused = words(refusal)
    return NoticePage(
        url=reverse("desk:notice", args=(one.pk,)),
        subject=one.subject,
        paragraphs=[part for part in one.body.split("\n") if part.strip()],
        office=office.name if office is not None else one.office,
        area=AUDIENCES.get("area").words(one.audience),
        picture=_picture(one),
        state=one.state,
        written=f"{day_words(one.written_at)} {one.written_by.display_name}",
        sent=day_words(one.sent_at) if one.sent_at else "",
        people=people,
        mails=in_tens(messages.in_tens(one.mails)),
        on_paper=in_tens(messages.in_tens(one.on_paper)),
        laws=[basis.title for basis in bases_in_force() if basis.purpose == "notify" and one.office in basis.offices],
        refused=refused,
        letters_url=reverse("desk:notice-letters", args=(one.pk,)) if messages.papers(one) else "",
        to_make=messages.papers_to_make(one),
    )


def _picture(one: Notice) -> Picture | None:
    """The area among the towns; None where the map cannot draw it today."""
    title = gettext("お知らせの区域")
    if "towns" in one.audience:
        return area_picture(title, towns=one.audience["towns"])
    try:
        return area_picture(title, path=outline(one.audience))
    except Invalid:
        return None


def in_tens(people: int) -> str:
    """A number of people that says nothing of a single house: 10人未満, 120人あまり."""
    return gettext("%(n)s人あまり") % {"n": f"{people:,}"} if people else gettext("10人未満")


# -- within -----------------------------------------------------------------------------------------------------------


def _line(one: Notice) -> NoticeLine:
    return NoticeLine(
        reverse("desk:notice", args=(one.pk,)),
        one.subject,
        AUDIENCES.get("area").words(one.audience),
        {"written": gettext("下書き"), "sent": gettext("送信ずみ"), "dropped": gettext("取りやめ")}[one.state],
        day_words(one.sent_at or one.written_at),
        in_tens(messages.in_tens(one.people)) if one.sent_at else "",
    )


def _area_choice(layer: str, key: str, name: str, given: Mapping[str, str]) -> Choice:
    value = f"{layer}{_BETWEEN}{key}"
    return Choice(value, name, value == given.get("area"))


def _conditions() -> list[tuple[str, str]]:
    found = []
    for layer, attribute in conditions():
        title = layer.title["ja"]
        if attribute is None:
            found.append((layer.code, gettext("%(layer)sのどこか") % {"layer": title}))
        elif attribute.kind == "code":
            key = _BETWEEN.join((layer.code, attribute.key))
            named = [(f"{key}{_BETWEEN}{code}", meaning["ja"]) for code, meaning in attribute.codes.items()]
            found += [(value, f"{title}：{attribute.title['ja']} {meaning}") for value, meaning in named]
        else:
            unit = attribute.unit["ja"] if attribute.unit is not None else ""
            said = {"layer": title, "attribute": attribute.title["ja"], "unit": f"（{unit}）" if unit else ""}
            words_ = gettext("%(layer)s：%(attribute)s%(unit)sが次の数以上") % said
            found.append((_BETWEEN.join((layer.code, attribute.key)), words_))
    return found
