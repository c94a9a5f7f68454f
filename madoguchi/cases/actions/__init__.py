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
from madoguchi.cases.actions.rating import count_figures, forget_words, rate
from madoguchi.cases.actions.talking import answer, read_thread, write
from madoguchi.cases.actions.timing import fire

__all__ = [
    "add_document",
    "add_row",
    "amend_note",
    "answer",
    "approve",
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
    "perform",
    "rate",
    "read",
    "read_thread",
    "remove_document",
    "remove_row",
    "save_section",
    "submit",
    "uncheck",
    "withdraw",
    "write",
]
