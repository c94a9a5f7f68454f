"""After the end: the one question, the figures for everybody, and forgetting what was said in free words."""

import datetime as dt
from typing import Final

from madoguchi.cases.actions.reasons import SEES_CASE
from madoguchi.cases.models import Case, Ease, Figures, Opinion
from madoguchi.cases.queries.figures import count
from madoguchi.events import Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.ground.text import clean

LONGEST_WORDS: Final = 500
#: Free words are read by the section and then forgotten.
WORDS_KEPT: Final = dt.timedelta(days=365)


@act("case.rate", allow=(SEES_CASE,))
def rate(case: Case, ease: str, words: str = "", *, by: Actor) -> Opinion:
    """手続の感想: how it was, once, after the end; the words are for the section in charge and kept for a year.

    Raises Invalid for an answer that is none of the three, Stale where it was given already or is too early.
    """
    fresh = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if fresh.closed_at is None:
        raise Stale("opinion-too-early", "この手続きはまだ終わっていません。終わってからお聞かせください。")
    if Opinion.objects.filter(case=fresh).exists():
        raise Stale("opinion-given", "感想はもういただいています。ありがとうございました。")
    if ease not in {str(one.value) for one in Ease}:
        raise Invalid("opinion-none", "「たいへん」「ふつう」「かんたん」のどれかを選んでください。")
    said = clean(words, multiline=True, max_length=LONGEST_WORDS, emoji=True)
    record(ease=int(ease), words=bool(said))
    return Opinion.objects.create(case=fresh, ease=int(ease), words=said, kept_until=clock.today() + WORDS_KEPT)


@act("figures.count", allow=(BY_SYSTEM,))
def count_figures(*, by: Actor) -> int:
    """実績の集計: how many went all the way digitally and how long it took, for the public page."""
    counted = count()
    Figures.objects.exclude(code__in=[one.code for one in counted]).delete()
    names = [one.name for one in Figures._meta.concrete_fields if not one.primary_key]
    Figures.objects.bulk_create(counted, update_conflicts=True, unique_fields=["code"], update_fields=names)
    record(procedures=len(counted), cases=sum(one.started for one in counted))
    return len(counted)


@act("opinion.forget", allow=(BY_SYSTEM,))
def forget_words(*, by: Actor) -> int:
    """感想の言葉の消去: free words whose time has passed are emptied; the answers stay as figures."""
    gone = Opinion.objects.filter(kept_until__lt=clock.today()).exclude(words="").update(words="")
    record(opinions=gone)
    return gone
