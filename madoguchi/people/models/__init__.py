"""Who may act: residents and staff (``individuals``), and the systems of others (``partners``)."""

from madoguchi.people.models.businesses import Business
from madoguchi.people.models.individuals import (
    Absence,
    Account,
    EmailConfirmation,
    Identity,
    Person,
    PostHolding,
    SpentSignIn,
)
from madoguchi.people.models.partners import Partner, PartnerRequest, PartnerSecret, PartnerToken, Window
from madoguchi.people.models.sessions import SignIn
from madoguchi.people.models.webhooks import Delivery, Subscription

__all__ = [
    "Absence",
    "Account",
    "Business",
    "Delivery",
    "EmailConfirmation",
    "Identity",
    "Partner",
    "PartnerRequest",
    "PartnerSecret",
    "PartnerToken",
    "Person",
    "PostHolding",
    "SignIn",
    "SpentSignIn",
    "Subscription",
    "Window",
]
