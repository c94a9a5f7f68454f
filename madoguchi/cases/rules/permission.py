"""Why somebody may act on a case. Each reason is one that can be said aloud to the resident."""

from typing import Any

from madoguchi.events.rules import Actor, Reason

LEVELS = ("none", "contact", "account", "card", "card-signature")


def sign_in_level(identity: str) -> str:
    """How strongly one signs in for what a package asks for: a signature is given at the end, by the same card."""
    return "card" if identity == "card-signature" else identity


SIGNED_IN = Reason(
    "signed-in",
    "手続が求める方法でご本人を確かめたから",
    lambda actor, procedure: (
        actor.kind == "resident"
        and LEVELS.index(actor.level or "none") >= LEVELS.index(sign_in_level(procedure.identity))
    ),
)
OWN_CASE = Reason(
    "own-case",
    "ご本人の手続だから",
    lambda actor, case: actor.kind == "resident" and actor.id == case.person_id,
)
OWN_STEP = Reason(
    "own-case",
    "ご本人の手続だから",
    lambda actor, step: OWN_CASE.holds(actor, step.case),
)
OWN_COSIGNER = Reason(
    "own-case",
    "ご本人の手続だから",
    lambda actor, cosigner: OWN_CASE.holds(actor, cosigner.case),
)
OWN_SERVICE = Reason(
    "own-case",
    "ご本人の手続だから",
    lambda actor, service: OWN_CASE.holds(actor, service.case),
)
SECTION_OF_CASE = Reason(
    "section-of-case",
    "この手続を担当する課だから",
    lambda actor, case: actor.kind == "staff" and case.section in actor.sections,
)
LETTER_OF_CASE = Reason(
    "section-of-case",
    "この手続を担当する課だから",
    lambda actor, step: SECTION_OF_CASE.holds(actor, step.case),
)
SECTION_OF_PAYMENT = Reason(
    "section-of-case",
    "この手続を担当する課だから",
    lambda actor, payment: SECTION_OF_CASE.holds(actor, payment.case),
)
SECTION_OF_COSIGNER = Reason(
    "section-of-case",
    "この手続を担当する課だから",
    lambda actor, cosigner: SECTION_OF_CASE.holds(actor, cosigner.case),
)
SECTION_OF_STEP = Reason(
    "section-of-step",
    "この段階を担当する課だから",
    lambda actor, step: actor.kind == "staff" and bool(step.section) and step.section in actor.sections,
)
POST_OF_STEP = Reason(
    "post-of-step",
    "この段階を決裁する職だから",
    lambda actor, step: actor.kind == "staff" and not actor.posts.isdisjoint(step.posts),
)

# -- partners (other systems): what they were given, and for their own filings ----------------------------------------


def _filed_by(actor: Actor, case: Any) -> bool:
    origin = getattr(case, "origin", None)
    return origin is not None and origin.partner_id == actor.id


PARTNER_FILES = Reason(
    "partner-files",
    "この手続の提出を任された連携先だから",
    lambda actor, procedure: (
        actor.kind == "partner"
        and actor.may("cases:create", procedure.code)
        and LEVELS.index(actor.level) >= LEVELS.index(procedure.identity)
    ),
)
PARTNER_FILED = Reason(
    "partner-filed",
    "この連携先が提出を任された手続だから",
    lambda actor, case: (
        actor.kind == "partner" and actor.may("cases:create", case.procedure.code) and _filed_by(actor, case)
    ),
)
PARTNER_ADDS = Reason(
    "partner-adds",
    "この連携先が提出した手続の添付書類だから",
    lambda actor, case: (
        actor.kind == "partner" and actor.may("documents:add", case.procedure.code) and _filed_by(actor, case)
    ),
)
PARTNER_READS = Reason(
    "partner-reads",
    "内容を読むことが許された連携先だから",
    lambda actor, case: actor.kind == "partner" and actor.may("cases:answers", case.procedure.code),
)
PARTNER_DECIDES = Reason(
    "partner-decides",
    "審査の結果を登録することが許された連携先だから",
    lambda actor, step: actor.kind == "partner" and actor.may("cases:decide", step.case.procedure.code),
)
ADDRESSEE = Reason(
    "addressee",
    "ご本人が同意して連絡した相手だから",
    lambda actor, service: (
        actor.kind == "partner"
        and "services:answer" in actor.scopes
        and service.partner_id == actor.id
        and service.company in service.partner.companies
    ),
)
