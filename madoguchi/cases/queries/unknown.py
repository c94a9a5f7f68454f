"""The one answer for every case that the asker may not see, existing or not."""

from madoguchi.ground.errors import NotFound


def unknown_case() -> NotFound:
    return NotFound("case-unknown", "この受付番号の手続は見つかりません。番号を確かめてください。")
