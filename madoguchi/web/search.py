"""A small honest search: whole words and beginnings of words of titles, summaries and life events, in any kana.

No ranking by popularity and no guessing; a few everyday words are tied to what the law calls the thing.
"""

import re
from collections.abc import Sequence
from typing import Final

from madoguchi.ground.kana import search_key, to_hiragana
from madoguchi.web.presenting.offers import Offer

#: What people say → what stands in titles and life events.
EVERYDAY: Final = {
    "こども": ("子ども", "児童", "お子さん"),
    "子供": ("子ども", "児童"),
    "あかちゃん": ("出生", "児童"),
    "赤ちゃん": ("出生", "児童"),
    "出産": ("出生",),
    "じどう": ("児童",),
    "てあて": ("手当",),
    "子育て": ("児童", "出生"),
    "いぬ": ("犬",),
    "わんちゃん": ("犬",),
    "子犬": ("犬",),
    "ペット": ("犬",),
    "チップ": ("マイクロチップ",),
    "ひっこし": ("引越し",),
    "引っ越し": ("引越し",),
    "転入": ("引越し",),
    "台風": ("災害", "罹災"),
    "たいふう": ("災害", "罹災"),
    "大雨": ("災害", "罹災"),
    "地震": ("災害", "罹災"),
    "じしん": ("災害", "罹災"),
    "洪水": ("災害", "罹災"),
    "浸水": ("災害", "罹災"),
    "家がこわれた": ("災害", "罹災"),
    "りさい": ("罹災",),
    "り災": ("罹災",),
    "り災証明": ("罹災",),
    "お金": ("手当",),
    "鑑札": ("犬",),
    "baby": ("child",),
    "kids": ("child",),
    "typhoon": ("disaster",),
    "earthquake": ("disaster",),
    "flood": ("disaster",),
    "puppy": ("dog",),
    "pet": ("dog",),
}


def key(text: str) -> str:
    """What two spellings have in common: width, case, old forms of characters, spaces, and the kind of kana."""
    return to_hiragana(search_key(text))


_EVERYDAY: Final = {key(word): tuple(key(one) for one in means) for word, means in EVERYDAY.items()}


def find(query: str, offered: Sequence[Offer], language: str) -> list[Offer]:
    """What fits every word of the query; hits in the title come first. All languages are searched at once."""
    words = [key(word) for word in re.split(r"[\s　、,・のを]+", query) if re.search(r"\w", word)]
    if not words:
        return []
    scored = []
    for place, one in enumerate(offered):
        title = " ".join(key(text) for text in one.procedure.title.values())
        rest = (
            " ".join(key(text) for text in (one.procedure.summary or {}).values())
            + " "
            + key(" ".join(one.life_events))
        )
        points = [_points(word, title, rest) for word in words]
        if all(points):
            scored.append((-sum(points), place, one))
    return [one for *_, one in sorted(scored, key=lambda item: item[:2])]


def _points(word: str, title: str, rest: str) -> int:
    """3 for a hit in the title, 2 through an everyday word, 1 elsewhere, 0 for none."""
    meant = [
        other
        for said, others in _EVERYDAY.items()
        if said in word or (len(word) > 1 and word in said)
        for other in others
    ]
    if word and word in title:
        return 3
    if any(other in title for other in meant):
        return 2
    if (word and word in rest) or any(other in rest for other in meant):
        return 1
    return 0
