"""What the city offers, as the pages say it: a card in a list, and the page that a procedure opens with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.ground.dates import listed
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure as Row
from madoguchi.procedures.rules.format import Fee, Procedure, walk
from madoguchi.procedures.rules.published import Published
from madoguchi.procedures.rules.speaking import speakers
from madoguchi.web.presenting.measured import Measured, measured
from madoguchi.web.words import language, said

#: Life events of the catalogue with their drawing; another event works, too, and gets the plain one.
LIFE_EVENTS: Final = {
    gettext_noop("妊娠"): "baby",
    gettext_noop("出生・こども"): "baby",
    gettext_noop("引越し"): "move",
    gettext_noop("ペット"): "paw",
    gettext_noop("災害"): "shelter",
    gettext_noop("おくやみ"): "flower",
    gettext_noop("介護・高齢"): "care",
    gettext_noop("仕事"): "work",
}

PROXIES: Final = {
    "legal_representative": gettext_noop("法定代理人（親権者、成年後見人など）"),
    "agent": gettext_noop("委任を受けた代理人"),
    "family": gettext_noop("家族"),
    "care_manager": gettext_noop("ケアマネジャー"),
    "counter": gettext_noop("市の窓口の職員"),
}

SIGN_IN: Final = {
    "none": "",
    "contact": gettext_noop("マイナンバーカードか、メールアドレスで始められます。"),
    "account": gettext_noop("マイナンバーカードで始めます。"),
    "card": gettext_noop("マイナンバーカードで始めます。"),
    "card-signature": gettext_noop(
        "マイナンバーカードで始め、最後に電子署名をします。署名用パスワード（英数字6〜16文字）が要ります。"
    ),
}


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """An event of life that procedures name; ``slug`` is its Japanese name, as in the packages."""

    slug: str
    name: str
    icon: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A procedure in a list. ``days`` are business days, None where no period is set."""

    code: str
    title: str
    summary: str
    days: int | None
    fee: str
    life_events: tuple[str, ...]
    measured: Measured | None
    procedure: Procedure


@dataclass(frozen=True, slots=True)
class Searched:
    """What fits a few words, or where nothing does what comes near."""

    fit: list[Offer]
    near: list[Offer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Office:
    """A section of the city with what it offers; ``slug`` is its id in organisation.yaml."""

    slug: str
    name: str
    department: str
    telephone: str
    offers: list[Offer]


@dataclass(frozen=True, slots=True)
class Page:
    """What a procedure says before it begins."""

    code: str
    title: str
    summary: str
    who: str
    needs: tuple[str, ...]
    days: int | None
    fee: str
    outcome: str
    public: str
    breaks: tuple[str, ...]
    measured: Measured | None
    sign_in: str
    basis: tuple[str, ...]
    office: str
    proxies: str
    speaks: bool
    remedy: str
    steps: tuple[str, ...]
    parts: tuple[Offer, ...] = ()


def offered(rows: Sequence[Row] | None = None) -> list[Offer]:
    """All that can be asked for today, in the order of the city's file; or these of it."""
    known = cases.figures()
    return [
        _offer(procedures.package(row).procedure, measured(known.get(row.code)))
        for row in (in_force() if rows is None else rows)
    ]


def in_force() -> list[Row]:
    """What can be asked for today, in the order of the city's file."""
    order = {one.procedure: place for place, one in enumerate(procedures.city().offers)}
    return sorted(procedures.offered(), key=lambda row: order.get(row.code, len(order)))


def life_events(rows: Sequence[Row] | None = None) -> list[LifeEvent]:
    """The events of life that what is offered (``rows`` of it) names, each once."""
    there = in_force() if rows is None else rows
    slugs = dict.fromkeys(slug for row in there for slug in procedures.package(row).procedure.life_events)
    ordered = sorted(slugs, key=lambda slug: list(LIFE_EVENTS).index(slug) if slug in LIFE_EVENTS else 99)
    return [LifeEvent(slug, gettext(slug), LIFE_EVENTS.get(slug, "city")) for slug in ordered]


def search(query: str) -> Searched:
    """What people mean by these words, best first."""
    there = {one.code: one for one in offered()}
    found = procedures.search(query)
    return Searched([there[code] for code in found.fit], [there[code] for code in found.near])


def offices() -> list[Office]:
    """The sections that offer something, in the order of organisation.yaml."""
    city, there = procedures.city(), offered()
    result = []
    for department in city.organisation.departments:
        for section in department.sections:
            mine = [one for one in there if city.section_of(one.procedure) == section]
            if mine:
                phone = section.phone or city.file.contact.phone
                result.append(Office(section.id, said(section.name), said(department.name), phone, mine))
    return result


def page(code: str) -> Page | None:
    """The page of a procedure, None where the city does not offer it."""
    row = procedures.current(code)
    return _page(row, procedures.package(row)) if row is not None else None


def _page(row: Row, package: Published) -> Page:
    one = package.procedure
    section = procedures.city().section_of(one)
    proxies = listed((gettext(PROXIES[kind]) for kind in one.apply_for_others if kind in PROXIES), language())
    return Page(
        code=one.code,
        title=said(one.title),
        summary=said(one.summary),
        who=_who(one, proxies),
        needs=tuple(said(need) for need in one.needs),
        days=one.standard_period.business_days if one.standard_period else None,
        fee=fee_words(one),
        outcome=said(one.outcome),
        public=public_words(one),
        breaks=tuple(_breaks(package)),
        measured=measured(cases.figures().get(row.code)),
        sign_in=gettext(SIGN_IN[one.identity]) if SIGN_IN[one.identity] else "",
        basis=tuple(f"{basis.statute} {basis.article}" for basis in one.law.basis),
        office=said(section.name) if section else "",
        proxies=proxies,
        speaks=bool(speakers(one)) or _parts_speak(one),
        remedy=said(one.remedy.text) if one.remedy else "",
        steps=tuple(_stages(package)),
        parts=tuple(_parts(one)),
    )


def _who(one: Procedure, proxies: str) -> str:
    """「葬祭を行った方（代わりに、家族も申し込めます）」; without other words the person themselves."""
    if one.applicant is None:
        return gettext("ご本人（%(proxies)sも申し込めます）") % {"proxies": proxies} if proxies else gettext("ご本人")
    who = said(one.applicant)
    return (
        gettext("%(who)s（代わりに、%(proxies)sも申し込めます）") % {"who": who, "proxies": proxies} if proxies else who
    )


def _parts_speak(one: Procedure) -> bool:
    """Whether in a life event somebody may apply for another in all of its parts. Not where it says whose own it is."""
    if one.applicant is not None:
        return False
    rows = [row for part in one.parts if (row := procedures.current(part.procedure)) is not None]
    return bool(rows) and all(speakers(procedures.package(row).procedure) for row in rows)


def _parts(one: Procedure) -> Iterator[Offer]:
    """Of a life event: the procedures it may come to, as far as the city offers them."""
    codes = [part.procedure for part in one.parts]
    there = {offer.code: offer for offer in offered()} if codes else {}
    return (there[code] for code in codes if code in there)


def _offer(one: Procedure, real: Measured | None) -> Offer:
    days = one.standard_period.business_days if one.standard_period else None
    return Offer(one.code, said(one.title), said(one.summary), days, fee_words(one), one.life_events, real, one)


def fee_words(one: Procedure) -> str:
    """「無料」「3,000円」「300円（1通）」「3,000円（かからない場合があります）」「内容によります」「手続きによります」."""
    if one.kind == "journey":
        return gettext("手続きによります")
    if not isinstance(one.fee, Fee):
        pays = any(step.pay for _, step in walk(one.flow))
        return gettext("内容によります（オンラインで納めます）") if pays else gettext("無料")
    amount = gettext("%(yen)s円") % {"yen": f"{one.fee.yen:,}"}
    if one.fee.unit is not None:
        amount = gettext("%(amount)s（%(unit)s）") % {"amount": amount, "unit": said(one.fee.unit)}
    return gettext("%(amount)s（かからない場合があります）") % {"amount": amount} if one.fee.when else amount


def public_words(one: Procedure) -> str:
    """What everybody may see of a case, and why; empty where that is nothing."""
    return said(one.public.why) if one.public else ""


def _breaks(package: Published) -> Iterator[str]:
    """Where the way can leave the screen, and why: said before anybody begins."""
    for node in package.graph.steps:
        if not node.is_digital:
            reason = node.arguments.get("digital_break")
            why = reason.get("reason", "") if isinstance(reason, dict) else ""
            text = said(LocalText(why)) if why else ""
            title = said(node.title)
            yield f"{title}：{text}" if text else title


def _stages(package: Published) -> Iterator[str]:
    for node in package.graph.steps:
        if node.kind not in ("correction", "judge", "record", "notify", "look_up"):
            yield said(node.title)
