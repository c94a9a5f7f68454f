"""わたしの情報 as a PDF to keep or to print: what is known, from where, what was agreed to, and who has read it.

In the languages that the letters' fonts can print; readers of another get the English one.
"""

from itertools import islice
from typing import Any, Final

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from madoguchi.cases.queries import known
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.ground.languages import LANGUAGES, tag
from madoguchi.messages import queries as messages
from madoguchi.procedures import queries as procedures
from madoguchi.web.presenting.mydata import FactLine, ReadingLine, facts_page, reading_line
from madoguchi.web.words import day_words, language, time_words

#: Readings that are printed: setting 3,000 takes seconds and 350 MB, 10,000 half a minute and 1 GB. ZIP has them all.
MOST: Final = 3000


def my_data_pdf(by: Actor) -> bytes:
    """All of it, as the resident who asks may see it. A value that no font can print says where else it stands."""
    here = language() if language() in LANGUAGES else "en"
    with translation.override(here):
        data = _data(by, here)
        try:
            return messages.my_data(data, path=reverse("web:my-facts"))
        except Invalid as refusal:
            for path in refusal.fields:
                _put(data, path.split("."), gettext("（印刷できない文字があります。ZIPの data.json に入っています）"))
            return messages.my_data(data, path=reverse("web:my-facts"))


def _data(by: Actor, here: str) -> dict[str, Any]:
    now, city = clock.now(), procedures.city()
    page = facts_page(by, known.of_person(by), ())
    others = (one for one in known.every_reading(by.who, by) if one.is_other)
    lines = [reading_line(one) for one in islice(others, MOST)]
    left = sum(1 for _ in others)
    said = {"day": day_words(now), "time": time_words(now), "city": city.name.get_for(here)}
    contact = city.file.contact
    return {
        "title": gettext("わたしの情報"),
        "city": city.name.get_for(here),
        "lang": tag(here),
        "intro": [
            gettext(
                "%(day)s %(time)sに、%(city)sのオンライン窓口があなたについて覚えていたことと、"
                "それをだれが、何のために見たかの記録です。"
            )
            % said
        ],
        "known": {
            "title": gettext("覚えていること"),
            "head": [gettext("項目"), gettext("内容"), gettext("どこから・いつ")],
            "nothing": gettext("ありません。"),
            "groups": [
                {
                    "title": "　".join(filter(None, [one.title, one.name])),
                    "rows": [_row(fact) for fact in one.lines],
                }
                for one in page.groups
            ],
        },
        "consents": {
            "title": gettext("同意"),
            "head": [gettext("項目"), gettext("いま"), gettext("取り消すとどうなるか")],
            "nothing": gettext("ありません。"),
            "rows": [
                {
                    "label": one.label,
                    "value": gettext("同意しています") if one.given else gettext("同意していません"),
                    "day": day_words(one.since),
                    "after": one.after,
                }
                for one in page.consents
            ],
        },
        "readings": {
            "title": gettext("だれが見たか"),
            "intro": _how_many(len(lines), left),
            "head": [gettext("日時"), gettext("だれが"), gettext("何のため・見たもの"), gettext("根拠")],
            "nothing": gettext("ありません。"),
            "withheld": gettext(
                "法令が本人に知らせないと定めたものは、ここに出ません。手続きを受け持つ課の職員が仕事の一覧で見る"
                "氏名と受付番号、メールを送るための宛先は、1件ずつの記録になりません。"
            ),
            "rows": [_reading(one) for one in lines],
        },
        "asked": gettext("問い合わせ先"),
        "online": gettext("いまの内容は、画面で見られます。"),
        "alt": gettext("わたしの情報のページの二次元コード"),
        "contact": {
            "section": city.name.get_for(here),
            "address": f"〒{contact.postal_code} {contact.address.get_for(here)}",
            "phone": contact.phone,
            "hours": contact.hours.get_for(here),
        },
    }


def _how_many(printed: int, left: int) -> str:
    """That it is all, or where the rest is."""
    if not left:
        all_of_it = gettext("ほかの人が見た、または受け取った記録のすべてです（%(count)s件、新しい順）。")
        return all_of_it % {"count": f"{printed:,}"}
    return gettext(
        "ほかの人が見た、または受け取った記録のうち、新しい%(count)s件です。残りの%(left)s件もあわせて、すべてが"
        "ZIPファイルの data.json に入っています（「わたしの情報をまとめて受け取る」で受け取れます）。"
    ) % {"count": f"{printed:,}", "left": f"{left:,}"}


def _row(one: FactLine) -> dict[str, str]:
    notes = [gettext("あなたの申し出")] if one.beside else []
    notes += [gettext("前に伝えた内容")] if one.earlier else []
    notes += [one.asked.words] if one.asked else []
    return {
        "label": one.label,
        "value": one.shown,
        "note": "　".join(notes),
        "source": gettext(one.source.label),
        "day": day_words(one.as_of),
        "level": one.level,
    }


def _reading(one: ReadingLine) -> dict[str, str]:
    return {
        "day": day_words(one.at),
        "time": "" if one.day_only else time_words(one.at),
        "who": one.who,
        "purpose": one.purpose,
        "procedure": one.procedure,
        "what": gettext("、").join(one.what),
        "refused": "" if one.done else gettext("法令の定めがないため、見ることができませんでした。"),
        "laws": "、".join(one.laws),
    }


def _put(data: Any, path: list[str], text: str) -> None:
    for part in path[:-1]:
        data = data[int(part)] if isinstance(data, list) else data[part]
    key: Any = int(path[-1]) if isinstance(data, list) else path[-1]
    if isinstance(data, (dict, list)):
        data[key] = text


def as_file_name() -> str:
    """「my-data-20261129」."""
    return f"my-data-{clock.today():%Y%m%d}"
