"""From a text to its words of content in their base form.

People misspell in two ways: another form of the word (引っ越した, 引越し) is a matter of words, which is here; a wrong
conversion, kana or a slip of the finger is a matter of sound (:mod:`madoguchi.ground.sounding`). Japanese in Latin
letters (juminhyo) is read as kana.
"""

import re
import unicodedata
from collections.abc import Container, Iterator
from functools import lru_cache
from typing import Final

from madoguchi.ground.japanese import Morpheme, morphemes
from madoguchi.ground.kana import from_romaji

_CONTENT: Final = frozenset({"名詞", "動詞", "形容詞", "形状詞", "接頭辞", "接尾辞", "副詞"})
#: What every question holds and no procedure is told by, in base form.
_SMALL_WORDS: Final = """
為る 有る 居る 成る 出来る 下さる 致す 為さる 貰う 遣る 言う 思う 行く 来る 良い 時 事 物 為 方 様 人 者 私 何 誰 何処
何時 如何 どう 場合 必要 方法 教える 知る 分かる 欲しい 願う 度い 市 市役所 役所 手続き
申請 申し込み 申し込む 届け 届け出
届け出る 届 御 さん ちゃん 目 的 等
a an the of to for in on at my me i is are was be do does how what where when can need want get have please about and or
no
"""
_EMPTY: Final = frozenset(_SMALL_WORDS.split())
_LATIN: Final = re.compile(r"[a-z]+")
_SENTENCE_END: Final = re.compile(r"[\s　、。，．,.!?！？「」『』（）()・/／:：;；]+")


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of content of a text in base form, compounds both whole and in parts; repeated as they stand there."""
    plain = unicodedata.normalize("NFKC", text).lower()
    found: list[str] = []
    for one in morphemes(plain):
        found += _content(one)
    parts = set(found)
    for one in morphemes(plain, whole=True):
        found += (word for word in _content(one) if word not in parts)
    return tuple(found)


def _content(one: Morpheme) -> Iterator[str]:
    if latin := _LATIN.findall(one.surface):
        yield from (stem(word) for word in latin if len(word) > 1 and word not in _EMPTY)
    elif one.part in _CONTENT and one.kind != "数詞" and one.base not in _EMPTY and re.search(r"\w", one.surface):
        yield one.base


def names(text: str) -> Iterator[str]:
    """The nouns of a text, compounds whole: マイクロチップ, 母子健康手帳, certificate."""
    for one in morphemes(unicodedata.normalize("NFKC", text).lower(), whole=True):
        if one.part == "名詞" and one.kind != "数詞" and one.base not in _EMPTY and len(one.surface) > 1:
            yield one.surface


def stem(word: str) -> str:
    """An English word without its commonest endings: dogs, registered and registering are found by each other."""
    for ending, rest in (
        ("ations", 4),
        ("ation", 4),
        ("ies", 3),
        ("ing", 3),
        ("ed", 3),
        ("es", 4),
        ("s", 3),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= rest and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return word.rstrip("e") if len(word) > 4 else word


def read_out(text: str, known: Container[str]) -> str:
    """What was typed with its Japanese words in Latin letters as kana; empty where there are none.

    ``known`` are the stems of the English words that tell something: those stay what they are. Of two letters (no, en)
    a word is Japanese only among others that are.
    """
    parts = phrases(unicodedata.normalize("NFKC", text).lower())
    read = ["" if stem(part) in known and part not in _EMPTY else from_romaji(part) for part in parts]
    long = [kana for part, kana in zip(parts, read, strict=True) if len(part) > 2]
    if not any(long):
        return ""
    return " ".join(
        kana if kana and (len(part) > 2 or all(long)) else part for part, kana in zip(parts, read, strict=True)
    )


def phrases(text: str) -> list[str]:
    """The parts of what was typed, as spaces and punctuation divide it."""
    return [part for part in _SENTENCE_END.split(text) if part]
