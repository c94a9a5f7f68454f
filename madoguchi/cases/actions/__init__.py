"""All that can happen to a case: drafting (the applicant), handling (the office), driving (the machine)."""

from madoguchi.cases.actions.allotting import allot, place, set_places
from madoguchi.cases.actions.approving import approve, review_afterwards
from madoguchi.cases.actions.asking import ask as ask_cosigner
from madoguchi.cases.actions.attaching import remove_document
from madoguchi.cases.actions.batching import begin_batch, carry_out
from madoguchi.cases.actions.checking import check, uncheck
from madoguchi.cases.actions.connecting import Said, withdraw_services
from madoguchi.cases.actions.connecting import answer as answer_service
from madoguchi.cases.actions.connecting import call_off as call_off_service
from madoguchi.cases.actions.connecting import choose as choose_companies
from madoguchi.cases.actions.connecting import read as read_service
from madoguchi.cases.actions.connecting import take_back as take_back_service
from madoguchi.cases.actions.consulting import ask_opinion, drop_question, give_opinion
from madoguchi.cases.actions.correcting import correct
from madoguchi.cases.actions.cosigning import cosign, decline, show_part
from madoguchi.cases.actions.counter import (
    agree,
    end_kiosk,
    end_sitting,
    find_kiosk,
    identify_by_card,
    join_kiosk,
    make_kiosk,
    mistaken,
    note_agreed,
    note_confirmed,
    open_sitting,
    pair,
    show_code,
    stay,
    stay_at_kiosk,
    take_up,
)
from madoguchi.cases.actions.counter import ask as ask_resident
from madoguchi.cases.actions.counter import begin as begin_at_counter
from madoguchi.cases.actions.counter import confirm as confirm_typed
from madoguchi.cases.actions.counter import identify as identify_by_document
from madoguchi.cases.actions.delegating import (
    Wish,
    accept,
    give,
    invited,
    record_at_counter,
    record_member,
    withdraw_invitation,
)
from madoguchi.cases.actions.delegating import end as end_delegation
from madoguchi.cases.actions.delegating import find_person as find_for_delegation
from madoguchi.cases.actions.drafting import add_row, remove_row, save_section, take_one
from madoguchi.cases.actions.driving import perform
from madoguchi.cases.actions.exporting import export_list
from madoguchi.cases.actions.foreseeing import draft_letters, enclosure, may_draft
from madoguchi.cases.actions.giving import add_document, scan_again, scanned
from madoguchi.cases.actions.handing_out import export_person, find_person, find_usage, too_weak
from madoguchi.cases.actions.handling import consult, do, examine, read
from madoguchi.cases.actions.journeying import open_parts, submit_parts
from madoguchi.cases.actions.keeping import delete, hold, release_hold, warn
from madoguchi.cases.actions.mapping import keep_map_answer
from madoguchi.cases.actions.migrating import migrate
from madoguchi.cases.actions.noting import amend_note, note
from madoguchi.cases.actions.opening import open_draft, open_for_another
from madoguchi.cases.actions.paying import ask as ask_payment
from madoguchi.cases.actions.phrasing import add as add_phrase
from madoguchi.cases.actions.phrasing import change as change_phrase
from madoguchi.cases.actions.phrasing import retire as retire_phrase
from madoguchi.cases.actions.printing import post_letter, print_letter
from madoguchi.cases.actions.rating import count_figures, forget_words, rate
from madoguchi.cases.actions.refunding import refund
from madoguchi.cases.actions.reminding import remind
from madoguchi.cases.actions.representing import open_for_principal
from madoguchi.cases.actions.settling import open_page, settle
from madoguchi.cases.actions.sharing import assign, claim, hand_over, release
from madoguchi.cases.actions.signing import begin as begin_signing
from madoguchi.cases.actions.signing import complete as complete_signing
from madoguchi.cases.actions.signing import sign
from madoguchi.cases.actions.submitting import submit
from madoguchi.cases.actions.talking import answer, read_thread, write
from madoguchi.cases.actions.timing import fire
from madoguchi.cases.actions.uploading import begin_upload, drop_upload, finish_upload, forget_uploads, receive_part
from madoguchi.cases.actions.wishing import answer as answer_wish
from madoguchi.cases.actions.wishing import make as make_wish
from madoguchi.cases.actions.wishing import send as send_wish
from madoguchi.cases.actions.withdrawing import withdraw
from madoguchi.cases.actions.wording import restore as restore_text
from madoguchi.cases.actions.wording import word as word_text

__all__ = [
    "Said",
    "Wish",
    "accept",
    "add_document",
    "add_phrase",
    "add_row",
    "agree",
    "allot",
    "amend_note",
    "answer",
    "answer_service",
    "answer_wish",
    "approve",
    "ask_cosigner",
    "ask_opinion",
    "ask_payment",
    "ask_resident",
    "assign",
    "begin_at_counter",
    "begin_batch",
    "begin_signing",
    "begin_upload",
    "call_off_service",
    "carry_out",
    "change_phrase",
    "check",
    "choose_companies",
    "claim",
    "complete_signing",
    "confirm_typed",
    "consult",
    "correct",
    "cosign",
    "count_figures",
    "decline",
    "delete",
    "do",
    "draft_letters",
    "drop_question",
    "drop_upload",
    "enclosure",
    "end_delegation",
    "end_kiosk",
    "end_sitting",
    "examine",
    "export_list",
    "export_person",
    "find_for_delegation",
    "find_kiosk",
    "find_person",
    "find_usage",
    "finish_upload",
    "fire",
    "forget_uploads",
    "forget_words",
    "give",
    "give_opinion",
    "hand_over",
    "hold",
    "identify_by_card",
    "identify_by_document",
    "invited",
    "join_kiosk",
    "keep_map_answer",
    "make_kiosk",
    "make_wish",
    "may_draft",
    "migrate",
    "mistaken",
    "note",
    "note_agreed",
    "note_confirmed",
    "open_draft",
    "open_for_another",
    "open_for_principal",
    "open_page",
    "open_parts",
    "open_sitting",
    "pair",
    "perform",
    "place",
    "post_letter",
    "print_letter",
    "rate",
    "read",
    "read_service",
    "read_thread",
    "receive_part",
    "record_at_counter",
    "record_member",
    "refund",
    "release",
    "release_hold",
    "remind",
    "remove_document",
    "remove_row",
    "restore_text",
    "retire_phrase",
    "review_afterwards",
    "save_section",
    "scan_again",
    "scanned",
    "send_wish",
    "set_places",
    "settle",
    "show_code",
    "show_part",
    "sign",
    "stay",
    "stay_at_kiosk",
    "submit",
    "submit_parts",
    "take_back_service",
    "take_one",
    "take_up",
    "too_weak",
    "uncheck",
    "warn",
    "withdraw",
    "withdraw_invitation",
    "withdraw_services",
    "word_text",
    "write",
]
