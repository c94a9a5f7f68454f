"""The index: words by BM25 over weighted fields, names by their sound. Plain dicts.

Built once for what is offered and kept as long as that is the same. It answers which procedures fit and in what order;
what is shown of them is the face's business.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from madoguchi.ground.sounding import key, pairs, short, slips, sound
from madoguchi.procedures.rules.search.entries import DESCRIBED, NAMES, WEIGHTS, Entry
from madoguchi.procedures.rules.search.words import names, phrases, read_out, words

#: How fast repetition stops counting, and how much a long text is held against its words (BM25's k1 and b).
SATURATION, LENGTH = 1.2, 0.5
#: What a name that sounds exactly like the query adds to its rank; words of a title come to about as much.
SOUND: Final = 6.0
#: What a name is worth that stands within a sentence.
MENTIONED: Final = 0.9
#: How alike a name must sound to count, and how alike to count as meant.
ALIKE, MEANT = 0.5, 0.7
#: The part of a query, by the weight of its words, that a procedure must answer to fit.
ANSWERED: Final = 0.5
#: How many that come near are offered where nothing fits.
NEAR: Final = 3


@dataclass(frozen=True, slots=True)
class Found:
    """Codes of procedures, best first: those that ``fit``, or where none does those that come ``near``."""

    fit: tuple[str, ...]
    near: tuple[str, ...] = ()


class Index:
    """What can be found among these entries."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.codes = [one.code for one in entries]
        self.words = _weighed(entries)
        self.rarity = {word: self._rarity(len(there)) for word, there in self.words.items()}
        known: dict[str, dict[int, float]] = defaultdict(dict)
        self.short: dict[str, dict[int, float]] = defaultdict(dict)
        for place, one in enumerate(entries):
            for text, worth in _names(one):
                for form in {sound(text), key(text)}:
                    if len(form) > (0 if worth == 1 else 3):
                        known[form][place] = max(worth, known[form].get(place, 0))
                if len(form := short(text)) > 2 and not form.isascii():
                    self.short[form][place] = max(worth, self.short[form].get(place, 0))
        self.names = [(name, pairs(name), places) for name, places in sorted(known.items())]
        self.sounds: dict[str, list[int]] = defaultdict(list)
        for at, (_, parts, _) in enumerate(self.names):
            for part in parts:
                self.sounds[part].append(at)

    def _rarity(self, known_to: int) -> float:
        return math.log(1 + (len(self.codes) - known_to + 0.5) / (known_to + 0.5))

    def find(self, query: str) -> Found:
        """What fits the query and what comes near it; nothing for a query without a word.

        Where nothing fits, what could be Japanese in Latin letters is asked as kana.
        """
        found = self._find(query)
        if not found.fit and (read := read_out(query, self.words)):
            heard = self._find(read, exactly=True)
            return heard if heard.fit or heard.near else found
        return found

    def _find(self, query: str, *, exactly: bool = False) -> Found:
        asked = tuple(dict.fromkeys(words(query)))
        # A word that nothing here knows tells no more than the rarest one known: people add words of their own.
        weight = {word: self.rarity.get(word, self._rarity(1)) for word in asked}
        points: dict[int, float] = defaultdict(float)
        answered: dict[int, float] = defaultdict(float)
        for word in asked:
            for place, count in self.words.get(word, {}).items():
                points[place] += self.rarity[word] * count
                answered[place] += weight[word]
        whole = sum(weight.values())
        alike = self._alike(query, exactly=exactly)
        for place, likeness in alike.items():
            points[place] += SOUND * likeness
        enough = 0.75 if exactly else ANSWERED  # of a word that was read out, its conversion is a guess
        fit = [
            place for place in points if alike.get(place, 0) >= MEANT or (whole and answered[place] >= enough * whole)
        ]
        ranked = self._ranked(fit, points)
        return Found(ranked, () if ranked else self._ranked(points, points)[:NEAR])

    def _ranked(self, places: Iterable[int], points: Mapping[int, float]) -> tuple[str, ...]:
        return tuple(self.codes[place] for place in sorted(places, key=lambda place: (-points[place], place)))

    def _alike(self, query: str, *, exactly: bool) -> dict[int, float]:
        """Entry → how much one of its names sounds like the query or a part of it: 1 is the same.

        ``exactly``: but for long vowels; what was read out of Latin letters is unsure enough without slips.
        """
        best: dict[int, float] = {}
        parts = phrases(query)
        whole = "".join(parts)
        for part in dict.fromkeys([whole, *parts][: 12 if len(parts) > 1 else 1]):
            # A part of several counts less than all of it: the other parts may say the contrary.
            share = 1.0 if part == whole else max(0.75, len(part) / len(whole))
            found = list(self._by_short(short(part)))
            for heard in () if exactly else {sound(part), key(part)}:
                found += ((self.names[name][2], likeness) for name, likeness in self._by_sound(heard))
            for places, likeness in found:
                for place, worth in places.items() if likeness * share >= ALIKE else ():
                    best[place] = max(best.get(place, 0.0), likeness * share * worth)
        return best

    def _by_short(self, heard: str) -> Iterable[tuple[Mapping[int, float], float]]:
        """Entries with the likeness of their names, long vowels left out: the same, begun with it, or within it."""
        for name, places in self.short.items() if len(heard) > 2 and not heard.isascii() else ():
            if name == heard:
                yield places, 1.0
            elif name.startswith(heard):
                yield places, 0.9
            elif len(name) > 3 and name in heard:
                yield places, 0.75 + 0.2 * len(name) / len(heard)
            elif len(heard) > 3 and heard in name:
                yield places, 0.8

    def _by_sound(self, heard: str) -> Iterable[tuple[int, float]]:
        """Places in ``names`` with their likeness."""
        asked = pairs(heard)
        if len(asked) < 2:
            # One or two kana: only the beginning of a name tells anything (いぬ, still being typed).
            return [
                (at, 0.8 if name == heard else 0.7)
                for at, (name, _, _) in enumerate(self.names)
                if len(heard) > 1 and name.startswith(heard)
            ]
        shared = Counter(chain.from_iterable(self.sounds.get(part, ()) for part in asked))
        return [(at, _likeness(count, asked, heard, *self.names[at][:2])) for at, count in shared.items()]


def _likeness(shared: int, asked: frozenset[str], heard: str, name: str, there: frozenset[str]) -> float:
    """How alike two names are: 1 the same; less where one holds the other; else by the slips between them."""
    if name == heard:
        return 1.0
    if name.startswith(heard):
        return 0.9
    if heard in name:
        return 0.8
    if len(there) > 2 and name in heard:
        return 0.75 + 0.2 * len(there) / len(asked)
    longer = max(len(heard), len(name))
    # Slips are counted only where enough is shared and the lengths allow for a likeness that counts.
    if 3 * shared < len(asked) or longer < 4 or abs(len(heard) - len(name)) > longer * (1 - ALIKE):
        return 0.0
    return 1 - slips(heard, name) / longer


def _names(one: Entry) -> Iterable[tuple[str, float]]:
    """How everything is called that a procedure is known by, and what that is worth: less where only mentioned."""
    for field in NAMES:
        for text in one.texts.get(field, ()):
            yield text, 1.0
    for field in DESCRIBED:
        for text in one.texts.get(field, ()):
            for name in names(text):
                yield name, MENTIONED


def _weighed(entries: Sequence[Entry]) -> dict[str, dict[int, float]]:
    """Word → entry → how much it counts there: BM25F, fields by weight, repetition saturated."""
    counted = [{field: Counter(chain.from_iterable(map(words, texts))) for field, texts in one.texts.items()}
               for one in entries]  # fmt: skip
    usual = {
        field: (sum(fields[field].total() for fields in counted if field in fields) / max(1, len(entries))) or 1.0
        for field in WEIGHTS
    }
    result: dict[str, dict[int, float]] = defaultdict(dict)
    for place, fields in enumerate(counted):
        raw: dict[str, float] = defaultdict(float)
        for field, counts in fields.items():
            length = 1 - LENGTH + LENGTH * counts.total() / usual[field]
            for word, count in counts.items():
                raw[word] += WEIGHTS[field] * count / length
        for word, weight in raw.items():
            result[word][place] = weight * (SATURATION + 1) / (weight + SATURATION)
    return dict(result)
