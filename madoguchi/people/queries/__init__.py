"""Who is acting, from what is stored; and what stands of partners."""

from madoguchi.people.queries.individuals import (
    Challenge,
    absences_of,
    absent_on,
    absent_today,
    actor_of_account,
    actor_of_person,
    challenge,
    colleagues,
    confirmation_key,
    leads,
    sections_of,
    staff_names,
    totp_now,
)
from madoguchi.people.queries.partners import (
    actor_of_partner,
    own_partner,
    partner_names,
    partner_of,
    partners_of,
    secrets_of,
    token_of,
)

__all__ = [
    "Challenge",
    "absences_of",
    "absent_on",
    "absent_today",
    "actor_of_account",
    "actor_of_partner",
    "actor_of_person",
    "challenge",
    "colleagues",
    "confirmation_key",
    "leads",
    "own_partner",
    "partner_names",
    "partner_of",
    "partners_of",
    "secrets_of",
    "sections_of",
    "staff_names",
    "token_of",
    "totp_now",
]
