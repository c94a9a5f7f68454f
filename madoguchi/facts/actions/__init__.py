"""Appending to the ledger and its register of legal bases (``ledger``); a register's file (``register``); a sign-in by
card that finds its person in a register (``meeting``); what staff say of a doubtful pair (``pairing``).
"""

from madoguchi.facts.actions.ledger import forget, permit, state, withdraw_consent
from madoguchi.facts.actions.meeting import identify, sign_in, told_by
from madoguchi.facts.actions.pairing import ask_again, decide, part
from madoguchi.facts.actions.register import Report, forget_entry, import_register

__all__ = [
    "Report",
    "ask_again",
    "decide",
    "forget",
    "forget_entry",
    "identify",
    "import_register",
    "part",
    "permit",
    "sign_in",
    "state",
    "told_by",
    "withdraw_consent",
]
