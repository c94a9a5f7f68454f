"""Why somebody may act on a case. Each reason is one that can be said aloud to the resident."""

from madoguchi.events.rules import Reason

LEVELS = ("none", "contact", "account", "card", "card-signature")

SIGNED_IN = Reason(
    "signed-in",
    "手続が求める方法でご本人を確かめたから",
    lambda actor, procedure: (
        actor.kind == "resident" and LEVELS.index(actor.level or "none") >= LEVELS.index(procedure.identity)
    ),
)
OWN_CASE = Reason(
    "own-case",
    "ご本人の手続だから",
    lambda actor, case: actor.kind == "resident" and actor.id == case.person_id,
)
SECTION_OF_CASE = Reason(
    "section-of-case",
    "この手続を担当する課だから",
    lambda actor, case: actor.kind == "staff" and case.section in actor.sections,
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
