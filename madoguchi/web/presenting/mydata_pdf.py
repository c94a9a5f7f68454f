"""わたしの情報 as a PDF to keep or to print: what is known, from where, what was agreed to, and who has read it.

In the languages that the letters' fonts can print; readers of another get the English one.
"""

from typing import Any, Final

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from madoguchi.cases.queries import correcting, known
from madoguchi.events import Actor
from madoguchi.facts import queries as facts
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.ground.languages import LANGUAGES, tag
from madoguchi.messages import queries as messages
from madoguchi.procedures import queries as procedures
from madoguchi.web.presenting.mydata import FactLine, ReadingLine, facts_page, reading_line
from madoguchi.web.words import day_words, language, time_words

#: Readings by others that are printed, the newest; all are in data.json of the ZIP.
MOST: Final = 1000


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
    page = facts_page(known.of_person(by), (), correcting.asked_of(by))
    found = facts.readings(by.who, most=MOST)
    lines = [reading_line(one) for one in known.told(found, by.who)]
    said = {"day": day_words(now), "time": time_words(now), "city": city.name.get_for(here)}
    contact = city.file.contact
    groups = [[one for one in lines if not one.is_consent] for lines in page.groups]
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
            "groups": [{"title": "", "rows": [_row(one) for one in rows]} for rows in groups if rows],
        },
        "consents": {
            "title": gettext("同意"),
            "head": [gettext("項目"), gettext("内容"), gettext("どこから・いつ")],
            "nothing": gettext("ありません。"),
            "rows": [_row(one) for lines in page.groups for one in lines if one.is_consent],
        },
        "readings": {
            "title": gettext("だれが見たか"),
            "intro": gettext("市役所などが見た記録です（新しいものから%(count)s件）。") % {"count": len(lines)},
            "head": [gettext("日時"), gettext("だれが"), gettext("何のため・見たもの"), gettext("根拠")],
            "nothing": gettext("ありません。"),
            "withheld": gettext("法令が本人に知らせないと定めたものは、ここに出ません。"),
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


def _row(one: FactLine) -> dict[str, str]:
    notes = ([gettext("あなたの申し出")] if one.beside else []) + ([one.asked.words] if one.asked else [])
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
