"""Text typed by people: what may be stored, and what is refused before it reaches a rule or the database.

The stored text stays as typed as far as it can: a name keeps its 旧字 and 異体字. What is refused are characters
that break storage (NUL, lone surrogates), that lie to the reader (bidirectional overrides, see Trojan Source,
CVE-2021-42574) or that only one machine can show (外字, private use).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from madoguchi.ground.errors import Invalid

_LINE_BREAKS: Final = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Residue of copying from web pages and word processors: invisible, meaningless, no fault of the person.
_RESIDUE: Final = re.compile("[\u00ad\u200b\u2060\ufeff]")
_JOINERS: Final = re.compile("[\u200c\u200d]")
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u180e\u2061-\u2065\u206a-\u206f\ufff9-\ufffc"  # other invisible formatting, object replacement
    "\ud800-\udfff"  # lone surrogates
    "\ufdd0-\ufdef" + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17)) + "]"
)
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
# Emoji_Presentation of Unicode's emoji-data.txt; characters of JIS X 0208 such as ★ ♪ ☎ are text, not emoji.
_EMOJI: Final = re.compile(
    "[\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab"
    "\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c"
    "\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\ufe0f\u20e3"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f]"
)
# NFC would replace these by their unified form (神 U+FA19 → 神 U+795E): a person's own character would be lost.
_COMPATIBILITY_IDEOGRAPHS: Final = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f])")


def compose(text: str) -> str:
    """NFC (composed か+゙ → が), except that CJK compatibility ideographs stay as they are."""
    if unicodedata.is_normalized("NFC", text):
        return text
    parts = _COMPATIBILITY_IDEOGRAPHS.split(text)
    return "".join(part if i % 2 else unicodedata.normalize("NFC", part) for i, part in enumerate(parts))


def clean(value: object, *, multiline: bool = False, max_length: int, emoji: bool = False) -> str:
    """The text as it is stored: composed, trimmed, with line breaks as `\\n` (and only where `multiline`).

    `max_length` counts code points after cleaning. Raises Invalid with the code `text-type`, `text-unsafe`,
    `text-private-use`, `text-emoji`, `text-line-break` or `text-too-long`; positions count characters from 1.
    """
    if not isinstance(value, str):
        raise Invalid("text-type", "文字で入力してください。")
    text = _RESIDUE.sub("", compose(_LINE_BREAKS.sub("\n", value))).strip()
    if not emoji and not text.isascii():
        text = _JOINERS.sub(lambda joiner: _kept_joiner(text, joiner), text)
    if not multiline:
        text = text.replace("\t", " ")
    if found := _UNSAFE.search(text):
        raise _refused(
            "text-unsafe", "%(position)d文字目に使えない文字があります。消してから入力し直してください。", found
        )
    if found := _PRIVATE.search(text):
        raise _refused(
            "text-private-use",
            "%(position)d文字目は外字（この端末だけの文字）です。ほかの漢字かカタカナで入力してください。",
            found,
        )
    if not emoji and (found := _EMOJI.search(text)):
        raise _refused("text-emoji", "%(position)d文字目は絵文字です。絵文字は使えません。", found)
    if not multiline and (found := re.search("\n", text)):
        raise _refused("text-line-break", "%(position)d文字目に改行があります。1行で入力してください。", found)
    if len(text) > max_length:
        raise Invalid(
            "text-too-long",
            "%(limit)d文字以内で入力してください（いま%(length)d文字です）。",
            {"limit": max_length, "length": len(text)},
        )
    return text


def _kept_joiner(text: str, joiner: re.Match[str]) -> str:
    """Joiners spell Indic conjuncts after a virama (names of residents from South Asia); elsewhere they only hide."""
    before = text[joiner.start() - 1] if joiner.start() else ""
    return joiner[0] if before and unicodedata.combining(before) == 9 else ""


def _refused(code: str, message: str, found: re.Match[str]) -> Invalid:
    return Invalid(code, message, {"position": found.start() + 1})
