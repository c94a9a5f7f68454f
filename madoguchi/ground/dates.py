"""Days as people read them, in each language of the faces."""

from datetime import date

_JA = "月火水木金土日"
_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def format_day(day: date, language: str = "ja") -> str:
    """``2026年11月30日（月）``; in English ``Monday, 30 November 2026``."""
    if language == "en":
        return f"{_EN[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日（{_JA[day.weekday()]}）"
