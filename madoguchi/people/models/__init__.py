"""Who may act: residents and staff (``individuals``), and the systems of others (``partners``)."""

from madoguchi.people.models.individuals import (
    Account,
    EmailConfirmation,
    Identity,
    Person,
    PostHolding,
    SpentSignIn,
)
from madoguchi.people.models.partners import Partner, PartnerRequest, PartnerSecret, PartnerToken, Window

__all__ = [
    "Account",
    "EmailConfirmation",
    "Identity",
    "Partner",
    "PartnerRequest",
    "PartnerSecret",
    "PartnerToken",
    "Person",
    "PostHolding",
    "SpentSignIn",
    "Window",
]
