"""The page that asks what a list is taken out for, and says what will be in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.queries import Filters, View
from madoguchi.desk.presenting.worklist import Chip, chips, named, titles, url_of
from madoguchi.events import Actor

PURPOSES: Final[Mapping[str, str]] = {
    "work": gettext_noop("課の事務（一覧での確認・引継ぎ）"),
    "statistics": gettext_noop("統計・報告（個人を書かない集計のもと）"),
    "audit": gettext_noop("監査・検査"),
    "disclosure": gettext_noop("開示請求などへの対応"),
}
#: What stands in each column, by its key.
MEANINGS: Final[Mapping[str, str]] = {
    "number": gettext_noop("申請者に伝えている番号"),
    "procedure": gettext_noop("手続の名前"),
    "state": gettext_noop("受付済み・補正待ち・決定・完了・取下げのどれか"),
    "steps": gettext_noop("いま開いている段階。いくつもあるときは「・」で区切る"),
    "taken_by": gettext_noop("いまの段階を担当している職員"),
    "applicant": gettext_noop("申請書の氏名（個人情報）"),
    "kana": gettext_noop("申請書のフリガナ（個人情報）"),
    "town": gettext_noop("場所または住所の町・丁目"),
    "received_on": gettext_noop("提出された日（日本時間）"),
    "promised_on": gettext_noop("標準処理期間から決まる、お約束の日。補正の間は延びる"),
    "business_days": gettext_noop("受付から終わり（まだならきょう）までの開庁日の数"),
    "decided_on": gettext_noop("決定した日"),
    "decision": gettext_noop("認める・認めない。決定の前は空"),
    "ended_on": gettext_noop("完了または取下げの日"),
    "digital": gettext_noop("行った段階がすべて画面の上だったか"),
}


@dataclass(frozen=True, slots=True)
class ExportPage:
    """All that ``desk/export.html`` shows."""

    title: str
    count: str
    chips: Sequence[Chip]
    hidden: Sequence[tuple[str, str]]
    words: str
    columns: Sequence[tuple[str, str, str]]
    purposes: Sequence[tuple[str, str]]
    problem: str
    back: str


def export_page(view: View, filters: Filters, by: Actor, problem: str = "") -> ExportPage:
    """The list that is asked for, its columns explained."""
    return ExportPage(
        title=titles()[view],
        count=f"{cases.found(view, by, filters).count():,}",
        chips=chips(view, filters, cases.procedures_at(by)),
        hidden=[*named(view, filters).items()],
        words=filters.words,
        columns=[(key, title, gettext(MEANINGS[key])) for key, title in cases.COLUMNS.items()],
        purposes=[(key, gettext(title)) for key, title in PURPOSES.items()],
        problem=problem,
        back=url_of(view, filters),
    )
