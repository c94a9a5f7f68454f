"""要望: a refused reading becomes what the city asks of the State, the prefecture or its council, and is followed.

The founding meeting asked for it (第1回推進本部会議 議事要旨 t9: 法整備が必要な分については…本市から要望していく; t10).
"""

import datetime as dt
from collections.abc import Collection
from typing import Final

from madoguchi.cases.actions.reasons import MAY_REQUEST
from madoguchi.cases.models import Addressee, Wish
from madoguchi.cases.queries.wishes import attachable
from madoguchi.events import Actor, act, record
from madoguchi.facts.rules import PURPOSES
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.text import clean
from madoguchi.procedures import queries as procedures

MOST_TITLE: Final = 100
MOST_TEXT: Final = 2000


@act("wish.make", allow=(MAY_REQUEST,))
def make(
    title: str,
    *,
    procedure: str,
    purpose: str,
    keys: Collection[str],
    attachments: Collection[str] = (),
    why: str,
    law: str,
    to: str,
    by: Actor,
) -> Wish:
    """要望の作成: which facts the city may not read for what, which law stands in the way, and who could change it."""
    wrong: dict[str, Problem] = {}
    said = {
        "title": _said(wrong, "title", title, MOST_TITLE, "題名を書いてください。", lines=False),
        "why": _said(wrong, "why", why, MOST_TEXT, "なぜ必要かを書いてください。"),
        "law": _said(wrong, "law", law, MOST_TITLE * 3, "妨げている法令と条を書いてください。", lines=False),
    }
    if procedures.current(procedure) is None:
        wrong["procedure"] = Problem("wish-procedure", "市が提供している手続を選んでください。")
    if purpose not in PURPOSES:
        wrong["purpose"] = Problem("wish-purpose", "何のために見るのかを選んでください。")
    if not keys or not set(keys) <= procedures.vocabulary().keys():
        wrong["keys"] = Problem("wish-keys", "見られるようにしたい事実を選んでください。")
    if not set(attachments) <= {one.name for one in attachable(procedure)}:
        wrong["attachments"] = Problem("wish-attachments", "この手続の添付書類から選んでください。")
    if to not in Addressee.values:
        wrong["to"] = Problem("wish-to", "要望する相手を選んでください。")
    if wrong:
        raise Invalid("wish-incomplete", "要望の内容を確かめてください。", fields=wrong)
    made = Wish.objects.create(
        **said,
        procedure=procedure,
        purpose=purpose,
        keys=sorted(set(keys)),
        attachments=sorted(set(attachments)),
        to=to,
        made_by_id=by.who,
    )
    record(wish=made.pk, procedure=procedure, keys=made.keys, to=to)
    return made


@act("wish.send", allow=(MAY_REQUEST,))
def send(wish: Wish, *, on: dt.date | None, number: str = "", by: Actor) -> Wish:
    """要望の提出: on which day it went out, and under which document number. From now on it is public."""
    fresh = _locked(wish)
    if fresh.sent_on is not None:
        raise Stale("wish-sent", "この要望は、すでに出したと記録されています。")
    wrong: dict[str, Problem] = {}
    if on is None or not clock.day_of(fresh.made_at) <= on <= clock.today():
        wrong["on"] = Problem("wish-sent-on", "要望を作った日から今日までの日を書いてください。")
    kept = _said(wrong, "number", number, MOST_TITLE, "", lines=False)
    if wrong:
        raise Invalid("wish-incomplete", "出した日と文書番号を確かめてください。", fields=wrong)
    fresh.sent_on, fresh.sent_as = on, kept
    fresh.save(update_fields=["sent_on", "sent_as"])
    record(on=on)
    return fresh


@act("wish.answer", allow=(MAY_REQUEST,))
def answer(wish: Wish, *, on: dt.date | None, answer: str, by: Actor) -> Wish:
    """要望への回答: what was answered, and on which day."""
    fresh = _locked(wish)
    if fresh.sent_on is None:
        raise Stale("wish-not-sent", "この要望は、まだ出していません。")
    if fresh.answered_on is not None:
        raise Stale("wish-answered", "この要望への回答は、すでに記録されています。")
    wrong: dict[str, Problem] = {}
    if on is None or not fresh.sent_on <= on <= clock.today():
        wrong["on"] = Problem("wish-answered-on", "要望を出した日から今日までの日を書いてください。")
    kept = _said(wrong, "answer", answer, MOST_TEXT, "回答の内容を書いてください。")
    if wrong:
        raise Invalid("wish-incomplete", "回答の日と内容を確かめてください。", fields=wrong)
    fresh.answered_on, fresh.answer = on, kept
    fresh.save(update_fields=["answered_on", "answer"])
    record(on=on)
    return fresh


def _locked(wish: Wish) -> Wish:
    return Wish.objects.select_for_update().get(pk=wish.pk)


def _said(wrong: dict[str, Problem], name: str, text: str, most: int, missing: str, *, lines: bool = True) -> str:
    try:
        said = clean(text, multiline=lines, max_length=most)
    except Invalid as refusal:
        wrong[name] = refusal.as_problem()
        return ""
    if not said and missing:
        wrong[name] = Problem(f"wish-{name}", missing)
    return said
