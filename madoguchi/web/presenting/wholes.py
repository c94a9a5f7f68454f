"""How a life event stands: each of its parts in words, what rests on what, and what a part that ends means for the
others. Nothing is held back by another, and the page says so."""

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.ground import clock
from madoguchi.ground.dates import listed
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.format import Apply
from madoguchi.web.presenting.cards import Card, card, is_running, title_of, tone_of, with_letter
from madoguchi.web.words import language


def part_cards(journey: Case, parts: Sequence[Case]) -> list[Card]:
    """The cards of the parts, in the order of their dependence."""
    bodies = {one.procedure: one for one in _bodies(journey)}
    there = {one.procedure.code: one for one in parts}
    lettered = with_letter(parts)
    found = []
    for one in parts:
        body = bodies.get(one.procedure.code)
        before = [there[code] for code in body.after if code in there] if body else []
        shown = replace(card(one, lettered=lettered), subject="")
        others_go_on = any(is_running(other) for other in parts if other.pk != one.pk)
        found.append(_among(shown, one, others_go_on, before, one.pk in lettered))
    return found


def is_late(part: Case) -> bool:
    """Whether the city owes it: the promised day is over, and it is not the applicant's turn."""
    return bool(part.due_on and part.due_on < clock.today() and is_running(part) and tone_of(part) == "city")


def what_it_means(part: Case) -> list[str]:
    """What taking back a part of a life event means for its other parts, and for the companies that were told."""
    journey = part.part_of
    if journey is None or part.received_at is None:
        return []
    others = [one for one in cases.journey_parts(journey) if one.pk != part.pk]
    running = [one for one in others if is_running(one)]
    words = [gettext("ほかの手続きは、このまま進みます。")] if running else []
    codes = {one.procedure for one in _bodies(journey) if part.procedure.code in one.after}
    if titles := [title_of(one) for one in running if one.procedure.code in codes]:
        text = gettext(
            "「%(titles)s」は、この手続きの結果をもとに決まります。取り下げると、認められないことがあります。"
        )
        words.append(text % {"titles": listed(titles, language())})
    if all(one.withdrawn_at is not None for one in others) and cases.services_of(journey):
        words.append(
            gettext(
                "会社への連絡も取りやめます。まだ渡していない会社には何も渡さず、渡した会社には取りやめを伝えます。"
            )
        )
    return words


def _bodies(journey: Case) -> Sequence[Apply]:
    return procedures.package(journey.procedure).procedure.parts


def _among(shown: Card, part: Case, others_go_on: bool, before: Sequence[Case], told: bool) -> Card:
    """The card of a part with what it means for the others; ``told``: there is a letter about it."""
    if part.withdrawn_at is not None:
        words = gettext("取り下げました。ほかの手続きは、このまま進みます。")
        return replace(shown, now=words if others_go_on else gettext("取り下げました。"))
    if cases.is_refused(part):
        words = gettext("理由は、通知書で見られます。ほかの手続きは、このまま進みます。")
        alone = gettext("理由は、通知書で見られます。")
        now = shown.now if not told else words if others_go_on else alone
        return replace(shown, tone="over", turn=gettext("認められませんでした"), now=now)
    if is_late(part):
        alone = gettext("お約束の日を過ぎています。お待たせして申し訳ありません。担当が急いで確認しています。")
        words = gettext(
            "お約束の日を過ぎています。お待たせして申し訳ありません。担当が急いで確認しています。"
            "ほかの手続きは、このまま進みます。"
        )
        shown = replace(shown, now=words if others_go_on else alone)
    return replace(shown, rests=_rests(before)) if is_running(part) else shown


def _rests(before: Sequence[Case]) -> str:
    """What it means that the result of others is needed first."""
    gone = [one for one in before if one.withdrawn_at is not None]
    refused = [one for one in before if cases.is_refused(one)]
    waiting = [one for one in before if is_running(one)]
    for found, text in (
        (gone, gettext("先に結果が要る「%(titles)s」を取り下げたため、認められないことがあります。")),
        (refused, gettext("先に結果が要る「%(titles)s」が認められなかったため、認められないことがあります。")),
        (waiting, gettext("「%(titles)s」の結果が出てから決まります。")),
    ):
        if found:
            return text % {"titles": listed([title_of(one) for one in found], language())}
    return ""
