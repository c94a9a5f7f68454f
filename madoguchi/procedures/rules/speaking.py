"""A person who asks for another (代理・代行): the questions that every package gets where it lets others apply.

They are a section like any other, so that reading, review, correction, the desk and the API need nothing of their own.
It is asked only where somebody speaks for another, and none of its answers is a fact: who speaks and who it is about
are two persons.
"""

from collections.abc import Mapping
from typing import Final

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.format import AskField, Procedure, Section

RELATION: Final = "proxy_relation"
NAME, KANA, PHONE, OFFICE = "proxy_name", "proxy_kana", "proxy_phone", "proxy_office"
#: True in the answers where the delegation is registered (代理権の登録): no mandate is shown again.
REGISTERED: Final = "proxy_registered"
#: What somebody tells of themselves once, for all that they apply for in one go.
OF_SPEAKER: Final = (NAME, KANA, PHONE, OFFICE)
#: Those who may speak for another and are no clerks: the clerk at the counter is known by the desk.
RELATIONS: Final[Mapping[str, LocalText]] = {
    "family": LocalText({"ja": "家族", "ja-simple": "家族", "en": "Family"}),
    "care_manager": LocalText({"ja": "ケアマネジャー", "ja-simple": "ケアマネジャー", "en": "Care manager"}),
    "legal_representative": LocalText(
        {
            "ja": "法定代理人（親権者、成年後見人など）",
            "ja-simple": "法律で 決まった 代理人（親、後見人 など）",
            "en": "Legal representative (parent, guardian)",
        }
    ),
    "agent": LocalText(
        {
            "ja": "頼まれた代理人（委任を受けた方）",
            "ja-simple": "本人に たのまれた 人",
            "en": "Agent asked by the person",
        }
    ),
}


def speakers(procedure: Procedure) -> dict[str, LocalText]:
    """Who may ask for another under this procedure, with their names in the order of :data:`RELATIONS`."""
    return {code: label for code, label in RELATIONS.items() if code in procedure.apply_for_others}


def asked(procedure: Procedure) -> tuple[Section, ...]:
    """All that is asked: who speaks, where somebody may, then what the package asks."""
    who = speakers(procedure)
    return (_speaker(procedure, who), *procedure.asks) if who else procedure.asks


def _unregistered(relation: str) -> str:
    return f"{RELATION} = '{relation}' and {REGISTERED} is null"


def _speaker(procedure: Procedure, who: Mapping[str, LocalText]) -> Section:
    questions = [
        AskField(
            ask=RELATION,
            type="choice",
            label=LocalText(
                {
                    "ja": "申し込む方との関係",
                    "ja-simple": "申し込む 人との 関係",
                    "en": "What you are to the person",
                }
            ),
            options=dict(who),
        ),
        AskField(
            ask=NAME,
            type="text",
            max_length=100,
            label=LocalText({"ja": "あなたの氏名", "ja-simple": "あなたの 名前", "en": "Your name"}),
        ),
        AskField(
            ask=KANA,
            type="kana",
            label=LocalText(
                {
                    "ja": "あなたの氏名（カタカナ）",
                    "ja-simple": "あなたの 名前（カタカナ）",
                    "en": "Your name in katakana",
                }
            ),
        ),
        AskField(
            ask=PHONE,
            type="phone",
            label=LocalText(
                {
                    "ja": "あなたの電話番号（日中に連絡できるもの）",
                    "ja-simple": "あなたの 電話番号",
                    "en": "Your telephone number during the day",
                }
            ),
        ),
    ]
    if "care_manager" in who:
        questions.append(
            AskField(
                ask=OFFICE,
                type="text",
                max_length=120,
                when=f"{RELATION} = 'care_manager'",
                label=LocalText({"ja": "事業所の名前", "ja-simple": "事業所の 名前", "en": "Your office"}),
            )
        )
    questions += [
        AskField(ask=f"proxy_{code}_mandate", type="file", at_most=5, when=_unregistered(code), label=label)
        for code, label in procedure.mandate.items()
    ]
    return Section(
        section=LocalText(
            {
                "ja": "代わりに申し込む方（あなた）",
                "ja-simple": "かわりに 申し込む 人（あなた）",
                "en": "You, who apply for somebody else",
            }
        ),
        id="proxy",
        intro=LocalText(
            {
                "ja": "あなたご自身のことを入力してください。申し込む方ご本人のことは、次の画面からたずねます。",
                "ja-simple": "ここには あなたの ことを 書いてください。本人の ことは、次の ページで 聞きます。",
                "en": "Enter your own particulars here. The person you apply for is asked about on the next pages.",
            }
        ),
        when=f"{RELATION} is not null",
        ask=tuple(questions),
    )
