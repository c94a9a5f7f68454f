"""Days, months and lists as people read them, in each language of the faces."""

from collections.abc import Iterable
from datetime import date

from madoguchi.ground.wareki import format_both

_JA = "月火水木金土日"
_ZH = "一二三四五六日"
_KO = "월화수목금토일"
_VI = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
_PT = ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo")
_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MESES = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho",
    "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
)  # fmt: skip


def format_day(day: date, language: str = "ja") -> str:
    """``2026年11月30日（月）``; in English ``Monday, 30 November 2026``."""
    if language == "en":
        return f"{_EN[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"
    return _FORMS.get(language, _japanese)(day, True)


def format_short_day(day: date, language: str = "ja") -> str:
    """``11月30日（月）``, where the year goes without saying; in English ``Mon 30 November``."""
    if language == "en":
        return f"{_EN[day.weekday()][:3]} {day.day} {_MONTHS[day.month - 1]}"
    return _FORMS.get(language, _japanese)(day, False)


def format_date(day: date, language: str = "ja") -> str:
    """A day of a life or a document, without its weekday: ``2026年4月1日（令和8年4月1日）``, ``1 April 2026``."""
    written = {
        "en": f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
        "zh-hans": f"{day.year}年{day.month}月{day.day}日",
        "ko": f"{day.year}년 {day.month}월 {day.day}일",
        "vi": f"{day.day}/{day.month}/{day.year}",
        "pt": f"{day.day} de {_MESES[day.month - 1]} de {day.year}",
    }
    return written.get(language) or format_both(day)


def format_month(day: date, language: str = "ja") -> str:
    """``2026年4月``, ``April 2026``."""
    written = {
        "en": f"{_MONTHS[day.month - 1]} {day.year}",
        "ko": f"{day.year}년 {day.month}월",
        "vi": f"tháng {day.month}/{day.year}",
        "pt": f"{_MESES[day.month - 1]} de {day.year}",
    }
    return written.get(language) or f"{day.year}年{day.month}月"


def listed(words: Iterable[str], language: str = "ja") -> str:
    """``柴犬、白``, ``Shiba, white``."""
    return ("、" if language in ("ja", "ja-simple", "zh-hans") else ", ").join(words)


def _japanese(day: date, year: bool) -> str:
    return f"{f'{day.year}年' if year else ''}{day.month}月{day.day}日（{_JA[day.weekday()]}）"


def _chinese(day: date, year: bool) -> str:
    return f"{f'{day.year}年' if year else ''}{day.month}月{day.day}日（周{_ZH[day.weekday()]}）"


def _korean(day: date, year: bool) -> str:
    return f"{f'{day.year}년 ' if year else ''}{day.month}월 {day.day}일({_KO[day.weekday()]})"


def _vietnamese(day: date, year: bool) -> str:
    return f"{_VI[day.weekday()]}, {day.day}/{day.month}{f'/{day.year}' if year else ''}"


def _portuguese(day: date, year: bool) -> str:
    return f"{_PT[day.weekday()]}, {day.day} de {_MESES[day.month - 1]}{f' de {day.year}' if year else ''}"


_FORMS = {"zh-hans": _chinese, "ko": _korean, "vi": _vietnamese, "pt": _portuguese}
