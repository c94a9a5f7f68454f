"""A whole small catalogue for tests: one good package in which no rule finds anything, to be spoilt bit by bit."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]
CATALOGUE = REPOSITORY / "catalogue"
CITY = REPOSITORY / "cities" / "daito"

Files = dict[str, Any]
"""Name in the folder of the package (or in the catalogue, with a leading /) → data, or text of a letter."""
Spoil = Callable[[Files], None]


def words(ja: str) -> dict[str, str]:
    """A text in the three languages."""
    return {"ja": ja, "ja-simple": f"{ja}です", "en": f"<{len(ja)}>"}


BREAK = {"clause": "条例第3条", "level": "条例", "reason": words("物を渡す"), "substitute": words("電子で足りる")}
PERSON = {"full_name": "見本 花子"}
CHECKED = [{"statute": "みほん法", "article": "第1条", "checked": "2026-04-01"}]

GOOD: Files = {
    "/laws.yaml": {
        "mihon": {
            "title": "みほん法",
            "number": "令和8年法律第1号",
            "level": "法律",
            "articles": {"第1条": {"says": "小さい見本を許可する。", "checked": "2026-04-01"}},
        }
    },
    "/facts.yaml": {
        "person.full_name": {
            "type": "text",
            "label": words("氏名"),
            "gif": "Person.fullName",
            "sensitivity": "personal",
        },
        "permit.mihon": {"type": "text", "label": words("許可"), "gif": "none", "sensitivity": "personal"},
    },
    "procedure.yaml": {
        "code": "mihon",
        "version": "2026-04-01",
        "kind": "application",
        "title": words("見本の許可"),
        "law": {"class": "義務", "basis": CHECKED},
        "office": "dog-registration",
        "standard_period": {"business_days": 10, "from": "received", "basis": CHECKED},
        "identity": "contact",
        "apply_for_others": ["legal_representative"],
        "fee": "none",
        "remedy": {
            "kind": "review-request",
            "authority": "mayor",
            "within": "3か月",
            "basis": CHECKED,
            "text": words("{mayor}に審査請求を、{city}を被告として取消しの訴えをすることができます。"),
        },
        "retention": {"granted": {"years": 5}, "basis": "文書管理規程"},
        "asks": [
            {
                "section": words("あなた"),
                "id": "you",
                "ask": [
                    {"fact": "person.full_name"},
                    {"ask": "size", "type": "integer", "min": 1, "max": 9, "label": words("大きさ")},
                ],
            }
        ],
        "flow": [
            {"judge": {"id": "rule", "table": "size_rule"}},
            {
                "examine": {
                    "id": "examine",
                    "title": words("審査"),
                    "by": "office",
                    "outcomes": ["accept", "return", "refuse"],
                    "deadline": {"business_days": 3, "then": "remind"},
                    "checks": [words("大きさ")],
                }
            },
            {"record": {"id": "record", "when": "decision.granted", "fact": "permit.mihon"}},
            {"issue": {"id": "letter", "letter": "decision", "signed": True}},
            {"notify": {"id": "notify", "template": "decided"}},
        ],
    },
    "rules.yaml": {
        "size_rule": {
            "inputs": {"size": {"type": "integer", "min": 1, "max": 9}},
            "first_match": [
                {"when": "size >= 5", "then": {"fits": False}, "reason": words("大きすぎます。")},
                {"otherwise": None, "then": {"fits": True}, "reason": words("基準に合います。")},
            ],
            "decides": "fits",
        }
    },
    "letters/decision.typ": """#import "/letters/letter.typ": *
#show: letter.with(title: "見本の通知書")

#if data.decision.granted [許可しました。] else [許可しません。]
""",
    "examples/granted.yaml": {
        "known": {"person": PERSON},
        "given": {"size": 3},
        "on": "2026-04-01",
        "asked": ["size"],
        "path": ["judge", "examine:accept", "record", "issue", "notify"],
        "decision": {"granted": True, "fits": True},
        "letter": {"name": "decision", "contains": ["許可しました", "基準に合います"], "lacks": ["許可しません"]},
        "digital": True,
    },
    "examples/returned.yaml": {
        "known": {"person": PERSON},
        "given": {"size": 7},
        "on": "2026-04-01",
        "corrections": [{"size": 4}],
        "path": ["judge", "examine:return", "correction", "judge", "examine:accept", "record", "issue", "notify"],
        "decision": {"granted": True},
    },
    "examples/refused.yaml": {
        "known": {"person": PERSON},
        "given": {"size": 9},
        "on": "2026-04-01",
        "path": ["judge", "examine:refuse", "issue", "notify"],
        "decision": {"granted": False},
        "letter": {"contains": ["許可しません", "大きすぎます", "審査請求"]},
    },
    "examples/withdrawn.yaml": {
        "known": {"person": PERSON},
        "given": {"size": 1},
        "on": "2026-04-01",
        "path": ["judge", "withdrawn"],
    },
}


def write(folder: Path, spoil: Spoil = lambda files: None) -> Path:
    """A catalogue with the one package `mihon` in ``folder``, spoilt as told. Returns the catalogue's path."""
    files = copy.deepcopy(GOOD)
    spoil(files)
    root = folder / "catalogue"
    for name, data in files.items():
        path = root / name[1:] if name.startswith("/") else root / "procedures" / "mihon" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML: what is written here reads as a clerk's file would.
        path.write_text(data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=1), "utf-8")
    (root / "letters").mkdir(parents=True, exist_ok=True)
    shutil.copy(CATALOGUE / "letters" / "letter.typ", root / "letters")
    return root
