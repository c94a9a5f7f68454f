"""Fees through Stripe's Checkout: cards, and what else the account allows (コンビニ払い)."""

from madoguchi.bridges.stripe.checkout import open_provider
from madoguchi.cases.ports import PAYMENT_PROVIDERS

PAYMENT_PROVIDERS.add("stripe", open_provider)
