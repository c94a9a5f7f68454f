"""Why somebody may act on a case, where the answer lies in its rows; the others are in ``rules.permission``."""

from typing import Any

from django.db.models import Q

from madoguchi.cases.models import Consultation, Sitting
from madoguchi.cases.queries.cosigning import agreement, is_sure_enough
from madoguchi.cases.queries.counter import serves_counter
from madoguchi.cases.queries.represented import is_closed_to
from madoguchi.cases.queries.wording import sections_where_may
from madoguchi.cases.rules.permission import OWN_CASE
from madoguchi.events import Actor, Reason
from madoguchi.people.models import Identity
from madoguchi.procedures.queries import city

#: As ``OWN_CASE``, and not that of somebody for whom they speak no more. Handing in and taking back ask by themselves
#: and say so.
SEES_CASE = Reason(
    "own-case",
    "ご本人の手続だから",
    lambda actor, case: (
        OWN_CASE.holds(actor, case) and (case.subject_id is None or not is_closed_to(case, case.person_id))
    ),
)


def _of(actor: Actor) -> Q:
    return Q(section__in=actor.sections) | Q(posts__overlap=sorted(actor.posts) or ["-"])


def _on_its_way(actor: Actor) -> Q:
    return _of(actor) | Q(route__overlap=sorted(actor.posts) or ["-"])


def _examines(actor: Actor, case: Any) -> bool:
    return actor.kind == "staff" and case.steps.filter(_of(actor), kind="examine", done_at=None).exists()


def _is_consulted(actor: Actor, case: Any) -> bool:
    asked = Consultation.objects.filter(case=case, section__in=actor.sections, dropped_at=None)
    return actor.kind == "staff" and asked.exists()


#: Whoever has an open or done step of the case before them must see the case.
IN_CASE = Reason(
    "step-of-case",
    "この手続に自分の段階があるから",
    lambda actor, case: actor.kind == "staff" and case.steps.filter(_on_its_way(actor)).exists(),
)
#: Whoever is asked must see what they are asked about; whoever has answered, what became of it.
CONSULTED = Reason("consulted", "合議を求められた課だから", _is_consulted)
EXAMINES = Reason("examines", "この手続をいま審査しているから", _examines)
APPROVES = Reason(
    "approves",
    "この手続をいま決裁しているから",
    lambda actor, case: actor.kind == "staff" and case.steps.filter(_of(actor), kind="approve", done_at=None).exists(),
)


def _may(actor: Actor, duty: str, section: str) -> bool:
    return any(one.id == section for one in sections_where_may(actor, duty))


def _holds_post_that_may(actor: Actor, duty: str) -> bool:
    """Whether a post of organisation.yaml that the actor holds has this duty, in whatever unit."""
    posts = city().organisation.posts()
    return actor.kind == "staff" and any(one in posts and duty in posts[one][0].may for one in actor.posts)


MAY_WORD = Reason(
    "may-word",
    "この課のお知らせの文を直す職だから",
    lambda actor, section: _may(actor, "texts", str(section)),
)
MAY_HOLD = Reason(
    "may-hold",
    "この課の文書の廃棄を保留できる職だから",
    lambda actor, case: _may(actor, "hold", case.section),
)
MAY_REQUEST = Reason(
    "may-request",
    "国などへの要望をまとめる職だから",
    lambda actor, _: _holds_post_that_may(actor, "request"),
)
MAY_EXPORT = Reason(
    "may-export",
    "保有個人情報の開示を担当する職だから",
    lambda actor, _: _holds_post_that_may(actor, "export"),
)
MAY_DELEGATE = Reason(
    "may-delegate",
    "代理権を窓口で登録する職だから",
    lambda actor, _: _holds_post_that_may(actor, "delegations"),
)


def _is_named(actor: Actor, cosigner: Any) -> bool:
    if actor.kind != "resident" or not is_sure_enough(cosigner, actor):
        return False
    return cosigner.person_id == actor.id if cosigner.person_id is not None else bool(agreement(cosigner, actor))


NAMED = Reason("named", "申請者が名前を挙げ、その方ご本人と確かめられたから", _is_named)
OWN_PERSON = Reason(
    "own-person",
    "ご本人の記録だから",
    lambda actor, person: actor.kind == "resident" and actor.id == person.pk,
)
#: A partner through which persons look at their log: for those whom it has identified itself, and nobody else.
PARTNER_TRACKS = Reason(
    "partner-tracks",
    "ご本人が自分の記録を見るための連携先だから",
    lambda actor, person: (
        actor.kind == "partner"
        and "usage:read" in actor.scopes
        and Identity.objects.filter(person=person.pk, issuer=f"partner:{actor.id}").exists()
    ),
)


def _sits_before(actor: Actor, case: Any) -> bool:
    if actor.kind != "staff" or case.sitting_id is None:
        return False
    sitting = Sitting.objects.filter(pk=case.sitting_id, clerk=actor.id, person=case.person_id).first()
    return sitting is not None and sitting.is_open and sitting.agreed_at is not None


#: The row is asked and not what the caller holds: a sitting ends from one moment to the next.
AT_COUNTER = Reason("at-counter", "窓口で、ご本人の前で入力しているから", _sits_before)
SERVES_COUNTER = Reason("serves-counter", "窓口を受け持つ職だから", lambda actor, _: serves_counter(actor))
OWN_SITTING = Reason(
    "own-sitting",
    "この受付をしている職員だから",
    lambda actor, sitting: actor.kind == "staff" and sitting.clerk_id == actor.id and serves_counter(actor),
)
#: Whoever stands before a shared device; which one that is, and what it may answer, is asked in the act itself.
AT_KIOSK = Reason(
    "at-kiosk",
    "窓口の端末の前にいる方だから",
    lambda actor, _: actor.kind in ("visitor", "resident") and actor.channel == "counter",
)
