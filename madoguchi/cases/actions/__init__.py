"""All that can happen to a case: drafting (the applicant), handling (the office), driving (the machine)."""

from madoguchi.cases.actions.checking import check, uncheck
from madoguchi.cases.actions.drafting import (
    add_document,
    add_row,
    open_draft,
    remove_document,
    remove_row,
    save_section,
    submit,
    withdraw,
)
from madoguchi.cases.actions.driving import perform
from madoguchi.cases.actions.handling import approve, consult, do, examine, read
from madoguchi.cases.actions.migrating import migrate
from madoguchi.cases.actions.noting import amend_note, note
from madoguchi.cases.actions.paying import ask as ask_payment
from madoguchi.cases.actions.rating import count_figures, forget_words, rate
from madoguchi.cases.actions.refunding import refund
from madoguchi.cases.actions.settling import open_page, settle
from madoguchi.cases.actions.talking import answer, read_thread, write
from madoguchi.cases.actions.timing import fire

__all__ = [
    "add_document",
    "add_row",
    "amend_note",
    "answer",
    "approve",
    "ask_payment",
    "check",
    "consult",
    "count_figures",
    "do",
    "examine",
    "fire",
    "forget_words",
    "migrate",
    "note",
    "open_draft",
    "open_page",
    "perform",
    "rate",
    "read",
    "read_thread",
    "refund",
    "remove_document",
    "remove_row",
    "save_section",
    "settle",
    "submit",
    "uncheck",
    "withdraw",
    "write",
]
