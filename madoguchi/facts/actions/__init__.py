"""Appending to the ledger and its register of legal bases (``ledger``); a register's file (``register``)."""

from madoguchi.facts.actions.ledger import forget, permit, state, withdraw_consent
from madoguchi.facts.actions.register import Report, import_register

__all__ = [
    "Report",
    "forget",
    "import_register",
    "permit",
    "state",
    "withdraw_consent",
]
