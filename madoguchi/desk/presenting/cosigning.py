"""連署 for the desk: who has confirmed what, when, and how sure it is that it was they."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Cosigner
from madoguchi.desk.presenting.words import day_words, last_day, time_words
from madoguchi.events import Actor
from madoguchi.ground.errors import Stale
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.cosigning import AGREEMENTS

#: How they were signed in.
LEVELS = {
    "contact": gettext_noop("メールアドレスでサインイン"),
    "account": gettext_noop("アカウントでサインイン"),
    "card": gettext_noop("マイナンバーカードでサインイン"),
    "card-signature": gettext_noop("マイナンバーカードの署名"),
}


@dataclass(frozen=True, slots=True)
class CosignerLine:
    """Somebody the applicant has named. ``sure``: how they signed in and what agreed; ``url``: to ask them again."""

    id: str
    title: str
    name: str
    status: str
    sure: str
    words: str
    address: str
    url: str


@dataclass(frozen=True, slots=True)
class CosignBlock:
    """All that ``desk/_cosigners.html`` shows. ``before``: what was answered about a part that has changed since."""

    lines: Sequence[CosignerLine]
    before: Sequence[CosignerLine]
    due: str


def cosign_block(case: Case, by: Actor) -> CosignBlock | None:
    """Of a case that the reader may see; None where nobody was asked."""
    lines = [_line(case, one, by) for one in cases.cosigners(case)]
    before = [_line(case, one, by) for one in cases.asked_before(case)]
    step = cases.open_cosigning(case)
    due = day_words(last_day(step.due_at)) if step is not None and step.due_at else ""
    return CosignBlock(lines, before, due) if lines or before else None


def _line(case: Case, one: Cosigner, by: Actor) -> CosignerLine:
    package = procedures.package(case.procedure)
    node, step = package.graph.nodes.get(one.node), cases.open_cosigning(case)
    awaited = step is not None and step.node == one.node and one.person_id is None and one.over_at is None
    try:
        name = cases.part_of(case, one, package).name
    except Stale:
        name = ""
    return CosignerLine(
        id=str(one.pk),
        title=node.title["ja"] if node is not None and node.title is not None else "",
        name=name,
        status=_status(one, awaited=awaited),
        sure="・".join(_sure(one)) if one.person_id is not None else "",
        words=one.words,
        address=one.address if awaited else "",
        url=reverse("desk:ask-cosigner", args=(case.number, one.pk)) if awaited and case.section in by.sections else "",
    )


def _status(one: Cosigner, *, awaited: bool) -> str:
    if one.confirmed_at is not None:
        words = gettext("%(when)sに確認") % {"when": time_words(one.confirmed_at)}
        return f"{words}{gettext('（そのあと内容が変わった）')}" if one.over_at is not None else words
    if one.declined_at is not None:
        return gettext("%(when)sに、確認しないで戻した") % {"when": time_words(one.declined_at)}
    if awaited and one.sent_at is not None:
        return gettext("待っています（%(when)sにお願いを送信）") % {"when": time_words(one.sent_at)}
    return gettext("待っています（お願いのメールは未送信）") if awaited else gettext("確認していません")


def _sure(one: Cosigner) -> Iterator[str]:
    yield gettext(LEVELS.get(one.level, "サインイン"))
    agreed = "・".join(gettext(AGREEMENTS[what]) for what in AGREEMENTS if what in one.agreed)
    if agreed:
        yield gettext("%(what)sが一致") % {"what": agreed}
    if "name" not in one.agreed and "birthday" in one.agreed:
        yield gettext("氏名の書き方が違います")
