"""How each type of answer is asked and shown: one small class a type. What is typed is read in procedures.rules.form.

Apart from the questions, because a type knows nothing of cases: it says which template asks it, how a stored value
stands in the inputs, and how a person reads it.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.utils.translation import gettext, gettext_noop

from madoguchi.ground.dates import format_date, listed
from madoguchi.ground.registry import Registry
from madoguchi.procedures.rules.form import FormField


class Kind:
    """A type of answer asked on one line. Subclasses say what differs."""

    template: ClassVar[str] = "line"
    input_type: ClassVar[str] = "text"
    input_mode: ClassVar[str] = ""
    width: ClassVar[str] = ""
    unit: ClassVar[str] = ""
    many: ClassVar[bool] = False

    def inputs(self, value: Any) -> Any:
        """A stored value as it stands in the inputs: a string, a list, or the parts of the field."""
        return "" if value is None else str(value)

    def show(self, value: Any, field: FormField, language: str) -> str:
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
    """Several lines of text."""

    template = "lines"


@kind("kana")
class Kana(Kind):
    """A reading; either kana and either width is understood."""


ERAS: Final = {
    "": gettext_noop("西暦"),
    "令和": gettext_noop("令和"),
    "平成": gettext_noop("平成"),
    "昭和": gettext_noop("昭和"),
    "大正": gettext_noop("大正"),
    "明治": gettext_noop("明治"),
}


@kind("date")
class Date(Kind):
    """A day in 西暦 or 和暦. The era is a menu beside the year; both together are the part ``year`` that is read."""

    template = "date"

    def inputs(self, value: Any) -> dict[str, str]:
        if not value:
            return {"era": "", "year": "", "month": "", "day": ""}
        day = dt.date.fromisoformat(value)
        return {"era": "", "year": str(day.year), "month": str(day.month), "day": str(day.day)}

    def show(self, value: Any, field: FormField, language: str) -> str:
        if not value:
            return ""
        return format_date(dt.date.fromisoformat(value), language)


@kind("integer")
class Integer(Kind):
    """A whole number."""

    input_mode = "numeric"
    width = "w8"

    def show(self, value: Any, field: FormField, language: str) -> str:
        return "" if value is None else f"{value:,}"


@kind("money")
class Money(Integer):
    """An amount in yen."""

    width = "w12"
    unit = "円"

    def show(self, value: Any, field: FormField, language: str) -> str:
        if value is None:
            return ""
        return f"{value:,} yen" if language == "en" else f"{value:,}円"


@kind("choice")
class Choice(Kind):
    """One of the options."""

    template = "choice"

    def options(self, field: FormField, language: str) -> Mapping[str, str]:
        """Value → label in the reader's language, in the order of the package."""
        return {value: label.get_for(language) for value, label in field.options.items()}

    def show(self, value: Any, field: FormField, language: str) -> str:
        return "" if value is None else self.options(field, language).get(str(value), str(value))


@kind("yes_no")
class YesNo(Choice):
    """Yes or no; stored as a boolean."""

    def options(self, field: FormField, language: str) -> Mapping[str, str]:
        return {"yes": gettext("はい"), "no": gettext("いいえ")}

    def inputs(self, value: Any) -> str:
        return "yes" if value is True else "no" if value is False else ""

    def show(self, value: Any, field: FormField, language: str) -> str:
        return gettext("はい") if value is True else gettext("いいえ") if value is False else ""


@kind("choices")
class Choices(Choice):
    """Any number of the options."""

    many = True

    def inputs(self, value: Any) -> list[str]:
        return [str(one) for one in value or []]

    def show(self, value: Any, field: FormField, language: str) -> str:
        known = self.options(field, language)
        return listed((known.get(one, one) for one in value or []), language)


@kind("email")
class Email(Kind):
    """An e-mail address."""

    input_type = "email"
    width = "w20"


@kind("phone")
class Phone(Kind):
    """A telephone number."""

    input_type = "tel"
    width = "w12"


@kind("postal_code")
class PostalCode(Kind):
    """Seven digits."""

    input_mode = "numeric"
    width = "w8"


@kind("place")
class Place(Kind):
    """An address or a description of a place, with the point where a device or a tap on a map gave one.

    A point that was found by the words does not stand in the inputs: it is found again when they change.
    """

    template = "place"

    def inputs(self, value: Any) -> dict[str, str]:
        held = value if isinstance(value, dict) else {"text": value or ""}
        parts = ("text", "lat", "lon", "error") if held.get("level") == "point" else ("text",)
        return {part: str(held.get(part, "")) for part in parts}

    def show(self, value: Any, field: FormField, language: str) -> str:
        return str(value.get("text", "")) if isinstance(value, dict) else str(value or "")


@kind("photo")
class Photo(Kind):
    """Photographs: documents of the case, sent as soon as they are chosen."""

    template = "upload"
    many = True

    def inputs(self, value: Any) -> list[str]:
        return [str(one) for one in value or []]

    def show(self, value: Any, field: FormField, language: str) -> str:
        return gettext("写真 %(count)s枚") % {"count": len(value)} if value else ""


@kind("file")
class File(Photo):
    """Files of any accepted type."""

    def show(self, value: Any, field: FormField, language: str) -> str:
        return gettext("ファイル %(count)s個") % {"count": len(value)} if value else ""


@kind("consent")
class Consent(Kind):
    """A box to tick; no is no answer."""

    template = "consent"

    def inputs(self, value: Any) -> str:
        return "yes" if value else ""

    def show(self, value: Any, field: FormField, language: str) -> str:
        return gettext("同意します") if value else ""


ACCOUNT_KINDS: Final = {"ordinary": gettext_noop("普通"), "current": gettext_noop("当座")}


@kind("bank_account")
class BankAccount(Kind):
    """A bank account in Japan."""

    template = "bank_account"

    def inputs(self, value: Any) -> dict[str, str]:
        held = value if isinstance(value, dict) else {}
        return {part: str(held.get(part, "")) for part in ("bank", "branch", "kind", "number", "holder")}

    def show(self, value: Any, field: FormField, language: str) -> str:
        if not isinstance(value, dict):
            return str(value or "")
        sort = ACCOUNT_KINDS.get(str(value.get("kind")), "")
        line = f"{gettext(sort) if sort else ''} {value.get('number', '')}"
        return f"{value.get('bank', '')} {value.get('branch', '')}\n{line}\n{value.get('holder', '')}"
