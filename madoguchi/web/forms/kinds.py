"""How each type of answer is read from a post, put back into inputs and shown: one small class a type.

Apart from the questions, because a type knows nothing of procedures: it turns what a person typed into the JSON value
of the format, or says in plain words what to write instead. Full and half width, kana of either kind, 和暦 and 西暦
are all accepted; the person is never asked to type for the machine's sake.
"""

import datetime
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext, gettext_noop

from madoguchi.ground import clock, kana, wareki
from madoguchi.ground.errors import Invalid
from madoguchi.ground.languages import LocalText
from madoguchi.ground.registry import Registry
from madoguchi.ground.text import clean

#: What was typed into one question: the part of the name after the last dot ("" for the input itself) → its values.
Typed = Mapping[str, list[str]]

MISSING: Final = gettext_noop("入力してください。")


class Asked(Protocol):
    """What a kind must know of the question, whether it comes from a fact or from the package."""

    @property
    def type(self) -> str: ...
    @property
    def options(self) -> Mapping[str, LocalText] | None: ...
    @property
    def max_length(self) -> int | None: ...
    @property
    def min(self) -> int | str | datetime.date | None: ...
    @property
    def max(self) -> int | str | datetime.date | None: ...
    @property
    def at_least(self) -> int | None: ...
    @property
    def at_most(self) -> int | None: ...


def first(typed: Typed, part: str = "") -> str:
    """The last value given for a part, as a browser means it; empty where there is none."""
    values = typed.get(part) or [""]
    return values[-1]


def narrow(text: str) -> str:
    """Digits and signs of full width made half width, for numbers of every sort."""
    return unicodedata.normalize("NFKC", text).strip()


class Kind:
    """A type of answer asked on one line. Subclasses say what differs."""

    template: ClassVar[str] = "line"
    parts: ClassVar[tuple[str, ...]] = ("",)
    input_type: ClassVar[str] = "text"
    input_mode: ClassVar[str] = ""
    width: ClassVar[str] = ""
    unit: ClassVar[str] = ""
    many: ClassVar[bool] = False
    limit: ClassVar[int] = 200

    def is_empty(self, typed: Typed) -> bool:
        """Whether nothing at all was given."""
        return not any(value.strip() for part in self.parts for value in typed.get(part, []))

    def read(self, typed: Typed, asked: Asked) -> Any:
        """The JSON value. Raises :class:`Invalid` with what to write instead."""
        return clean(first(typed), max_length=asked.max_length or self.limit)

    def inputs(self, value: Any) -> dict[str, list[str]]:
        """A stored value as it stands in the inputs."""
        return {"": ["" if value is None else str(value)]}

    def show(self, value: Any, asked: Asked, language: str) -> str:
        """The value as a person reads it."""
        return "" if value is None else str(value)


KINDS: Registry[Kind] = Registry("type of answer")


def kind(name: str) -> Any:
    """Register a kind under the name that the format gives it."""

    def register(cls: type[Kind]) -> type[Kind]:
        KINDS.register(name)(cls())
        return cls

    return register


@kind("text")
class Text(Kind):
    """One line of text."""


@kind("lines")
class Lines(Kind):
    """Several lines of text; emoji are somebody's words here, too."""

    template = "lines"
    limit = 2000

    def read(self, typed: Typed, asked: Asked) -> str:
        return clean(first(typed), multiline=True, max_length=asked.max_length or self.limit, emoji=True)


@kind("kana")
class Kana(Kind):
    """A reading: ひらがな and ｶﾀｶﾅ become カタカナ, so that nobody has to switch the keyboard."""

    def read(self, typed: Typed, asked: Asked) -> str:
        text = kana.to_katakana(kana.to_fullwidth(clean(first(typed), max_length=asked.max_length or self.limit)))
        if not kana.is_katakana_name(text):
            raise Invalid("kana", gettext_noop("ひらがなかカタカナで入力してください。例：ダイトウ　ハナコ"))
        return text


_ERAS: Final = {"": "", "reiwa": "令和", "heisei": "平成", "showa": "昭和", "taisho": "大正", "meiji": "明治"}


@kind("date")
class Date(Kind):
    """A day in 西暦 or 和暦; a whole date typed or pasted into the first box is understood, too."""

    template = "date"
    parts = ("era", "year", "month", "day")

    def is_empty(self, typed: Typed) -> bool:
        return not any(first(typed, part).strip() for part in ("year", "month", "day"))

    def read(self, typed: Typed, asked: Asked) -> str:
        year, month, day = (narrow(clean(first(typed, part), max_length=40)) for part in ("year", "month", "day"))
        if not month and not day and len(year) > 4:
            found = wareki.parse_date(year)
        else:
            for given, problem in (
                (year, gettext_noop("年を入力してください。")),
                (month, gettext_noop("月を入力してください。")),
                (day, gettext_noop("日を入力してください。")),
            ):
                if not given:
                    raise Invalid("date-part-missing", problem)
            era = _ERAS.get(first(typed, "era"), "")
            found = wareki.parse_date(f"{era}{year.removesuffix('年')}年{month.removesuffix('月')}月{day.removesuffix('日')}日")
        low, high = (_day(bound) for bound in (asked.min, asked.max))
        if high and found > high:
            if asked.max == "today":
                raise Invalid("date-future", gettext_noop("今日より後の日付です。もう一度確かめてください。"))
            raise Invalid("date-late", gettext_noop("%(day)sまでの日付を入力してください。"), {"day": wareki.format_both(high)})
        if low and found < low:
            if asked.min == "today":
                raise Invalid("date-past", gettext_noop("今日か、今日より後の日付を入力してください。"))
            raise Invalid("date-early", gettext_noop("%(day)sからの日付を入力してください。"), {"day": wareki.format_both(low)})
        return found.isoformat()

    def inputs(self, value: Any) -> dict[str, list[str]]:
        if not value:
            return {part: [""] for part in self.parts}
        day = datetime.date.fromisoformat(value)
        return {"era": [""], "year": [str(day.year)], "month": [str(day.month)], "day": [str(day.day)]}

    def show(self, value: Any, asked: Asked, language: str) -> str:
        if not value:
            return ""
        day = datetime.date.fromisoformat(value)
        return f"{day:%-d %B %Y}" if language == "en" else wareki.format_both(day)


def _day(bound: int | str | datetime.date | None) -> datetime.date | None:
    if bound == "today":
        return clock.today()
    return bound if isinstance(bound, datetime.date) else None


@kind("integer")
class Integer(Kind):
    """A whole number; ０, １，２３４ and 3人 are understood."""

    input_mode = "numeric"
    width = "w8"

    def read(self, typed: Typed, asked: Asked) -> int:
        text = re.sub(r"[,\s¥\\]", "", narrow(clean(first(typed), max_length=40)))
        text = re.sub(r"(円|人|匹|頭|歳|才|回|台|個|枚|本|日)$", "", text)
        if not re.fullmatch(r"[-−]?\d{1,15}", text):
            raise Invalid("integer", gettext_noop("数字で入力してください。例：3"))
        number = int(text.replace("−", "-"))
        if isinstance(asked.min, int) and number < asked.min:
            raise Invalid("integer-small", gettext_noop("%(limit)s以上の数字を入力してください。"), {"limit": asked.min})
        if isinstance(asked.max, int) and number > asked.max:
            raise Invalid("integer-large", gettext_noop("%(limit)s以下の数字を入力してください。"), {"limit": asked.max})
        return number

    def show(self, value: Any, asked: Asked, language: str) -> str:
        return "" if value is None else f"{value:,}"


@kind("money")
class Money(Integer):
    """An amount in yen."""

    width = "w12"
    unit = "円"

    def show(self, value: Any, asked: Asked, language: str) -> str:
        if value is None:
            return ""
        return f"{value:,} yen" if language == "en" else f"{value:,}円"


@kind("choice")
class Choice(Kind):
    """One of the options."""

    template = "choice"

    def options(self, asked: Asked, language: str) -> dict[str, str]:
        """Value → label in the reader's language, in the order of the package."""
        return {value: label.get_for(language) for value, label in (asked.options or {}).items()}

    def read(self, typed: Typed, asked: Asked) -> Any:
        value = first(typed)
        if value not in self.options(asked, "ja"):
            raise Invalid("choice", gettext_noop("選択肢の中から選んでください。"))
        return value

    def show(self, value: Any, asked: Asked, language: str) -> str:
        return "" if value is None else self.options(asked, language).get(str(value), str(value))


@kind("yes_no")
class YesNo(Choice):
    """Yes or no; stored as a boolean."""

    def options(self, asked: Asked, language: str) -> dict[str, str]:
        return {"yes": gettext("はい"), "no": gettext("いいえ")}

    def read(self, typed: Typed, asked: Asked) -> bool:
        return bool(super().read(typed, asked) == "yes")

    def inputs(self, value: Any) -> dict[str, list[str]]:
        return {"": [{True: "yes", False: "no"}.get(value, "")]}

    def show(self, value: Any, asked: Asked, language: str) -> str:
        return {True: gettext("はい"), False: gettext("いいえ")}.get(value, "")


@kind("choices")
class Choices(Choice):
    """Any number of the options, stored in the order of the package."""

    many = True

    def read(self, typed: Typed, asked: Asked) -> list[str]:
        chosen = {value for value in typed.get("", []) if value}
        known = self.options(asked, "ja")
        if chosen - known.keys():
            raise Invalid("choice", gettext_noop("選択肢の中から選んでください。"))
        if asked.at_least and len(chosen) < asked.at_least:
            raise Invalid("choices-few", gettext_noop("%(limit)s個以上選んでください。"), {"limit": asked.at_least})
        if asked.at_most and len(chosen) > asked.at_most:
            raise Invalid("choices-many", gettext_noop("%(limit)s個まで選べます。"), {"limit": asked.at_most})
        return [value for value in known if value in chosen]

    def inputs(self, value: Any) -> dict[str, list[str]]:
        return {"": [str(one) for one in value or []]}

    def show(self, value: Any, asked: Asked, language: str) -> str:
        known = self.options(asked, language)
        return (", " if language == "en" else "、").join(known.get(one, one) for one in value or [])


@kind("email")
class Email(Kind):
    """An e-mail address."""

    input_type = "email"
    width = "w20"

    def read(self, typed: Typed, asked: Asked) -> str:
        text = narrow(clean(first(typed), max_length=254))
        try:
            validate_email(text)
        except ValidationError:
            raise Invalid("email", gettext_noop("メールアドレスを確かめてください。例：hanako@example.jp")) from None
        return text


_HYPHENS: Final = re.compile("[‐‑‒–—―−ー－ｰ]")


@kind("phone")
class Phone(Kind):
    """A telephone number, kept with the hyphens that the person wrote."""

    input_type = "tel"
    width = "w12"

    def read(self, typed: Typed, asked: Asked) -> str:
        text = _HYPHENS.sub("-", narrow(clean(first(typed), max_length=40)))
        text = re.sub(r"[()\s]+", "-", text).strip("-")
        text = re.sub(r"^\+81-?0?", "0", text)
        digits = text.replace("-", "")
        if not re.fullmatch(r"0\d{9,10}", digits) or "--" in text:
            raise Invalid("phone", gettext_noop("電話番号を市外局番から入力してください。例：072-872-2181"))
        return text


@kind("postal_code")
class PostalCode(Kind):
    """Seven digits; stored as 574-8555."""

    input_mode = "numeric"
    width = "w8"

    def read(self, typed: Typed, asked: Asked) -> str:
        digits = re.sub(r"[-\s〒]", "", _HYPHENS.sub("-", narrow(clean(first(typed), max_length=20))))
        if not re.fullmatch(r"\d{7}", digits):
            raise Invalid("postal-code", gettext_noop("郵便番号を7けたの数字で入力してください。例：574-8555"))
        return f"{digits[:3]}-{digits[3:]}"


@kind("place")
class Place(Kind):
    """An address or a description of a place, with the point where the device gave one (EPSG:4326)."""

    template = "place"
    parts = ("", "lat", "lon")

    def is_empty(self, typed: Typed) -> bool:
        return not first(typed).strip()

    def read(self, typed: Typed, asked: Asked) -> dict[str, Any]:
        value: dict[str, Any] = {"text": clean(first(typed), max_length=asked.max_length or self.limit)}
        try:
            lat, lon = float(first(typed, "lat")), float(first(typed, "lon"))
        except ValueError:
            return value
        if 20 <= lat <= 46 and 122 <= lon <= 154:
            value |= {"lat": round(lat, 6), "lon": round(lon, 6)}
        return value

    def inputs(self, value: Any) -> dict[str, list[str]]:
        held = value if isinstance(value, dict) else {"text": value or ""}
        return {
            "": [str(held.get("text", ""))],
            "lat": [str(held.get("lat", ""))],
            "lon": [str(held.get("lon", ""))],
        }

    def show(self, value: Any, asked: Asked, language: str) -> str:
        return str(value.get("text", "")) if isinstance(value, dict) else str(value or "")


@kind("photo")
class Photo(Kind):
    """Photographs. What was sent is kept at once, as documents of the case; the value is the list of their ids."""

    template = "upload"
    many = True

    def is_empty(self, typed: Typed) -> bool:
        return not typed.get("", [])

    def read(self, typed: Typed, asked: Asked) -> list[str]:
        ids = [one for one in typed.get("", []) if one]
        if asked.at_least and len(ids) < asked.at_least:
            raise Invalid("files-few", gettext_noop("%(limit)s枚以上付けてください。"), {"limit": asked.at_least})
        return ids

    def inputs(self, value: Any) -> dict[str, list[str]]:
        return {"": [str(one) for one in value or []]}

    def show(self, value: Any, asked: Asked, language: str) -> str:
        count = len(value or [])
        return gettext("写真 %(count)s枚") % {"count": count} if count else ""


@kind("file")
class File(Photo):
    """Files of any accepted type."""

    def show(self, value: Any, asked: Asked, language: str) -> str:
        count = len(value or [])
        return gettext("ファイル %(count)s個") % {"count": count} if count else ""


@kind("consent")
class Consent(Kind):
    """A box to tick; no is no answer."""

    template = "consent"

    def read(self, typed: Typed, asked: Asked) -> bool:
        return first(typed) == "yes"

    def inputs(self, value: Any) -> dict[str, list[str]]:
        return {"": ["yes" if value else ""]}

    def show(self, value: Any, asked: Asked, language: str) -> str:
        return gettext("同意します") if value else ""


ACCOUNT_KINDS: Final = {
    "ordinary": gettext_noop("普通"),
    "current": gettext_noop("当座"),
    "savings": gettext_noop("貯蓄"),
}


@kind("bank_account")
class BankAccount(Kind):
    """A bank account in Japan: bank, branch, kind, number of seven digits, holder in カタカナ."""

    template = "bank_account"
    parts = ("bank", "branch", "kind", "number", "holder")

    def is_empty(self, typed: Typed) -> bool:
        return not any(first(typed, part).strip() for part in ("bank", "branch", "number", "holder"))

    def read(self, typed: Typed, asked: Asked) -> dict[str, str]:
        value = {part: clean(first(typed, part), max_length=80) for part in self.parts}
        for part, problem in (
            ("bank", gettext_noop("金融機関の名前を入力してください。")),
            ("branch", gettext_noop("支店の名前を入力してください。")),
            ("number", gettext_noop("口座番号を入力してください。")),
            ("holder", gettext_noop("口座の名義を入力してください。")),
        ):
            if not value[part]:
                raise Invalid("bank-part-missing", problem)
        value["number"] = narrow(value["number"]).replace("-", "").zfill(7)
        if not re.fullmatch(r"\d{7}", value["number"]):
            raise Invalid("bank-number", gettext_noop("口座番号を7けたまでの数字で入力してください。"))
        value["holder"] = kana.to_katakana(kana.to_fullwidth(value["holder"]))
        if not re.fullmatch(r"[ァ-ヶー　 ().\-．（）－・A-ZＡ-Ｚ0-9０-９]+", value["holder"]):
            raise Invalid("bank-holder", gettext_noop("口座の名義を、通帳のとおりカタカナで入力してください。"))
        if value["kind"] not in ACCOUNT_KINDS:
            value["kind"] = "ordinary"
        return value

    def inputs(self, value: Any) -> dict[str, list[str]]:
        held = value if isinstance(value, dict) else {}
        return {part: [str(held.get(part, ""))] for part in self.parts}

    def show(self, value: Any, asked: Asked, language: str) -> str:
        if not isinstance(value, dict):
            return str(value or "")
        sort = gettext(ACCOUNT_KINDS.get(value.get("kind", ""), ""))
        return f"{value.get('bank', '')} {value.get('branch', '')}\n{sort} {value.get('number', '')}\n{value.get('holder', '')}"
