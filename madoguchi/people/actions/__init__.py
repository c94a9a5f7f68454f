"""Acts on people: recognising a resident, opening a staff account, holding a post; and on partners, their systems."""

from madoguchi.people.actions.individuals import (
    admit,
    appoint,
    close_account,
    confirm_email,
    enrol_totp,
    note_factors,
    note_sign_in,
    open_account,
    recognise,
    request_email_confirmation,
    reset_factors,
    sign_in,
)
from madoguchi.people.actions.partners import (
    change_partner,
    close_partner,
    issue_token,
    new_secret,
    open_partner,
    revoke_token,
    spend_assertion,
)

__all__ = [
    "admit",
    "appoint",
    "change_partner",
    "close_account",
    "close_partner",
    "confirm_email",
    "enrol_totp",
    "issue_token",
    "new_secret",
    "note_factors",
    "note_sign_in",
    "open_account",
    "open_partner",
    "recognise",
    "request_email_confirmation",
    "reset_factors",
    "revoke_token",
    "sign_in",
    "spend_assertion",
]
