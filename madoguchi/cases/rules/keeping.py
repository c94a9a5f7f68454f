"""When what was kept is deleted, and what of a case is deleted, stays or is handed out. Pure.

``LIVES`` is the one list of where something about a person stands. A new model with personal data is named here, or in
``ELSEWHERE`` with the reason why it needs no line; a house test asks. What hangs on a case and is not named is deleted
with it and not handed out.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from madoguchi.people.rules import NOBODY

#: A draft that nobody has touched for so long is deleted; so long before that, its owner is told.
DRAFT_KEPT: Final = timedelta(days=30)
DRAFT_NOTICE: Final = timedelta(days=7)
#: So long before a record is deleted its applicant is told, where the procedure says so.
RECORD_NOTICE: Final = timedelta(days=30)
#: A sitting at the counter is forgotten so long after its end; what a case needs of it stands with the case.
SITTING_KEPT: Final = timedelta(days=1)

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Life(NamedTuple):
    """Where the rows of a table belong, and what becomes of them.

    ``of_case`` and ``of_person`` are lookups from a row to the id of its case and of its person. ``blank``: the row
    stays for the statistics, with these values; None: it is deleted. ``stays`` says of each personal field that
    survives, why; ``withheld`` of each that the person's own export leaves out, why.
    """

    of_case: str
    of_person: str = ""
    blank: Mapping[str, Any] | None = None
    stays: Mapping[str, str] = _NONE
    withheld: Mapping[str, str] = _NONE


_INNER: Final = "庁内の審議・検討に関するもの（個人情報保護法78条1項6号）。見るには保有個人情報の開示請求をする（76条）"
_MAP: Final = "庁内の地図の、職員だけが見る内容を含むもの。見るには保有個人情報の開示請求をする（個人情報保護法76条）"
_BYTES: Final = "ZIPの中のファイルとして入っている"

LIVES: Final[Mapping[str, Life]] = MappingProxyType(
    {
        "case": Life(
            "pk",
            "person",
            blank={
                "person_id": NOBODY,
                "subject_id": None,
                "part_of_id": None,
                "sitting_id": None,
                "email": "",
                "answers": {},
                "typed": {},
                "corrects": None,
                "place_id": None,
                "applicant": "",
                "kana": "",
                "town": "",
                "search_key": "",
                "seen_by": [],
            },
            stays={"number": "廃棄の記録を受付番号で確かめるため。ほかの値がなければ、だれのものかは分からない"},
            withheld={
                "search_key": "同じ内容の検索用の写し",
                "place": "答えにある場所と同じ",
                "person": "この書き出しの本人",
            },
        ),
        "case_step": Life("case", blank={"note": ""}, withheld={"note": _INNER}),
        "case_correction": Life("step__case"),
        "case_approval": Life("step__case", withheld=dict.fromkeys(("because", "note"), _INNER)),
        "case_confirmation": Life("case"),
        "case_consultation": Life(
            "case", withheld=dict.fromkeys(("question", "answer", "agreed", "dropped_because"), _INNER)
        ),
        "case_cosigner": Life("case", withheld={"person": "確認した方の番号。だれかは氏名の項目で分かる"}),
        "case_decision": Life(
            "case",
            blank={"values": {}, "reasons": [], "course": {}, "note": ""},
            stays={"granted": "認めたかどうかの件数のため"},
            withheld={"note": _INNER, "course": "理由と決定の値のもとになった内部の経過"},
        ),
        "case_departure": Life("step__case", withheld=dict.fromkeys(("was", "became", "why"), _INNER)),
        "case_document": Life("case"),
        "case_document_content": Life("document__case", withheld={"content": _BYTES}),
        "case_hand_over": Life("case", withheld={"why": _INNER}),
        "case_hold": Life("case", withheld={"reason": _INNER}),
        "case_mandate": Life("case"),
        "case_map_answer": Life("case", withheld=dict.fromkeys(("name", "spot", "told"), _MAP)),
        "case_note": Life("case", withheld={"text": _INNER}),
        "case_opinion": Life("case", blank={"words": ""}),
        "case_origin": Life("case", withheld={"reference": "連携するシステムの側の番号"}),
        "case_payment": Life(
            "case",
            blank={"reference": "", "url": "", "refund_note": ""},
            stays=dict.fromkeys(
                ("yen", "paid_yen", "charge", "refund_reference"),
                "収納と返金を会計と突き合わせるため。決済会社の番号からは、市にはだれのものか分からない",
            ),
            withheld={"refund_note": _INNER},
        ),
        "case_remark": Life("case"),
        "case_service": Life("case"),
        "case_signature": Life("case", withheld=dict.fromkeys(("content", "cover", "cms"), _BYTES)),
        "case_submission": Life("case"),
        "case_upload": Life("case"),
        "case_upload_part": Life("upload__case", withheld={"content": "送りかけで、まだ書類になっていないもの"}),
        "message": Life("about", "person", withheld={"person": "この書き出しの本人"}),
        "letter_file": Life("letter__about", "letter__person", withheld={"pdf": _BYTES}),
        "letter": Life(
            "about",
            "person",
            blank={"person_id": None},
            stays={"code": "ご本人が持っている通知書を、あとからも本物と確かめられるようにするため"},
            withheld={"person": "この書き出しの本人"},
        ),
        "notice_letter": Life("", "person", withheld={"person": "この書き出しの本人"}),
        "delegation_invitation": Life("", "person", withheld={"person": "この書き出しの本人"}),
        "fact": Life("case_id", "person", withheld={"person": "この書き出しの本人"}),
        "register_entry": Life("", "person", withheld={"person": "この書き出しの本人"}),
        "register_pair": Life(
            "",
            "person",
            withheld={
                "person": "この書き出しの本人",
                "entry": "台帳の記載は、ほかの方のものかもしれない（個人情報保護法78条1項2号）",
                "reason": _INNER,
                "replaced": "台帳の記載に付いていた番号で、いまは使われていない",
            },
        ),
        "person_identity": Life("", "person", withheld={"person": "この書き出しの本人"}),
        "sign_in": Life("", "person", withheld={"person": "この書き出しの本人"}),
    }
)

#: Tables with personal fields that are neither a case's nor, by themselves, a resident's; with the reason.
ELSEWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "event": "操作した人のidだけを持つ。書き換えられない記録なので消さない（ADR 0001）",
        "person": "idだけの行。名前も住所も持たない",
        "place": "案件が指す場所。ほかの案件が指していなければ、案件といっしょに消える",
        "person_email_confirmation": "1日で消える。申請にもご本人にもまだ結びついていない",
        "counter_sitting": "窓口の受付。終わると4情報は消え、1日で行も消える。手続に要ることは案件の側にある",
        "staff_account": "職員のもの",
        "staff_absence": "職員のもの",
        "partner_token": "連携するシステムのもの",
        "partner_request": "連携するシステムへの答えの控え。決まった時間で消える",
        "layer_photo": "地図の地物の写真。だれの記録とも結びつかない。残すべきでないものは職員が消す",
        "layer_photo_content": "地図の地物の写真の中身。消すとその場でなくなる",
        "case_batch": "職員がまとめて処理したときの書き添え。申請者ごとの内容は書かれない",
    }
)
