"""Things with a name, found by what people type: as written, in part, in kana or Latin letters, with a slip or two."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Final, Generic, Protocol, TypeVar

from madoguchi.ground.kana import from_romaji, shortened
from madoguchi.ground.sounding import is_kana, key, pairs, short, slips, sound

#: Sounds of which one may be wrong; with twice as many, two.
SLIP_IN: Final = 4
#: Signs that a name must have to be found within a longer text.
LONG_ENOUGH: Final = 3
#: English words that stand for a part of a name: Suminodo Station.
_ENGLISH: Final = {"station": "えき", "sta.": "えき", "park": "こうえん"}


class Named(Protocol):
    """Whatever has a name."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, slots=True)
class Heard(Generic[T]):
    """A thing that may be meant; ``exact``: written so, but for spelling."""

    thing: T
    exact: bool


class Names(Generic[T]):
    """The names of a map. Made once for an edition; the readings of ten thousand names take a second."""

    def __init__(self, things: Sequence[T], spoken: Callable[[str], str]) -> None:
        """``spoken``: a name with its parts that no dictionary reads in kana."""
        self.things = things
        self.spoken = spoken
        self.written: dict[str, list[int]] = defaultdict(list)
        for at, one in enumerate(things):
            self.written[key(one.name)].append(at)

    @cached_property
    def heard(self) -> dict[str, list[int]]:
        """By sound without long vowels."""
        found: dict[str, list[int]] = defaultdict(list)
        for at, one in enumerate(self.things):
            if said := short(self.spoken(one.name)):
                found[said].append(at)
        return found

    @cached_property
    def by_pairs(self) -> dict[str, list[tuple[str, int]]]:
        """Pairs of neighbours → the names that have them, as they sound and as they are written, with the thing."""
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for at, one in enumerate(self.things):
            for form in self._forms(one.name):
                for pair in pairs(form):
                    found[pair].append((form, at))
        return found

    def _forms(self, text: str) -> set[str]:
        return {sound(self.spoken(text)), key(text)}

    def find(self, text: str, most: int) -> list[Heard[T]]:
        """What this text may name, the likeliest first: at most so many."""
        asked = key(text)
        if len(asked) < 2:
            return []
        # In front of the station is at the station.
        if same := self.written.get(asked) or self.written.get(asked.removesuffix("前")):
            return [Heard(self.things[at], True) for at in same[:most]]
        found: dict[int, bool] = {}
        for at, exact in chain(self._sounding(text), self._holding(asked)):
            found.setdefault(at, exact)
        if not found:
            found = dict.fromkeys(self._misspelt(text), False)
        return [Heard(self.things[at], exact) for at, exact in found.items()][:most]

    def _sounding(self, text: str) -> Iterator[tuple[int, bool]]:
        """The same sound: surely meant where it was typed as sound, in kana or Latin letters."""
        plain = unicodedata.normalize("NFKC", text).strip()
        as_sound = is_kana(plain)
        said = short(self.spoken(text))
        if plain.isascii():
            read = [_ENGLISH.get(one) or from_romaji(one) for one in plain.lower().replace("-", " ").split()]
            said, as_sound = shortened("".join(read)) if all(read) else "", True
        if len(said) >= LONG_ENOUGH:
            for at in self.heard.get(said, ()):
                yield at, as_sound
            for name, places in sorted(self.heard.items(), key=lambda one: len(one[0])) if as_sound else ():
                if name.startswith(said) and name != said:
                    yield from ((at, False) for at in places)

    def _holding(self, asked: str) -> Iterator[tuple[int, bool]]:
        """Names that have all of it in them, the shortest first; then those that stand in it, the longest first."""
        holding = sorted((name for name in self.written if asked in name), key=len)
        within = sorted(
            (name for name in self.written if len(name) >= LONG_ENOUGH and name in asked), key=len, reverse=True
        )
        for name in (*holding, *within):
            yield from ((at, False) for at in self.written[name])

    def _misspelt(self, text: str) -> Iterator[int]:
        """Names that lie a slip or two away, by their sound or as they are written, the nearest first."""
        near = []
        for said in self._forms(text):
            shared = Counter(chain.from_iterable(self.by_pairs.get(one, ()) for one in pairs(said)))
            for (name, at), count in shared.items():
                allowed = min(max(len(said), len(name)) // SLIP_IN, 2)
                # One slip spoils two pairs.
                if abs(len(name) - len(said)) <= allowed and count >= len(pairs(said)) - 2 * allowed:
                    apart = slips(said, name)
                    if 0 < apart <= allowed:
                        near.append((apart, len(name), at))
        yield from (at for _, _, at in sorted(near))
