"""What is asked about cases: the applicant's own, the desk's work list, where a case stands and what happened.

Every query takes the actor and answers only with what that actor may see; what is another's does not exist here.
"""

from madoguchi.cases.queries.changes import answers_at, answers_before, case_notes, differing, last_look
from madoguchi.cases.queries.checking import Checkable, checkables, line_subject, unchecked
from madoguchi.cases.queries.documents import content, documents, opened, upload, uploads_of
from madoguchi.cases.queries.figures import figures
from madoguchi.cases.queries.found import course_of, scope_of
from madoguchi.cases.queries.history import Happening, history
from madoguchi.cases.queries.inbox import Received, inbox, own_message, unread
from madoguchi.cases.queries.opinions import may_rate, opinions_for
from madoguchi.cases.queries.own import draft_of, open_corrections, own_case, own_cases, own_draft
from madoguchi.cases.queries.payments import Bill, bill, payments_of
from madoguchi.cases.queries.rounds import round_standing, rounds, runs_rounds, simulate
from madoguchi.cases.queries.staff import (
    after,
    corrections,
    decision_of,
    examined_by,
    mine_to_do,
    notes,
    staff_case,
    staff_step,
    visible,
)
from madoguchi.cases.queries.standing import Stage, Standing, Turn, standing
from madoguchi.cases.queries.talking import (
    Waiting,
    count_waiting_for_answer,
    may_write,
    remarks,
    waiting_for_answer,
)
from madoguchi.cases.queries.unknown import unknown_case
from madoguchi.cases.queries.worklist import (
    COUNTED,
    NO_FILTERS,
    PAGE,
    SORTS,
    VIEWS,
    Filters,
    Line,
    Outcome,
    Sort,
    View,
    counts,
    days_left,
    found,
    in_order,
    listing,
    open_steps,
    procedures_at,
    sorts_of,
    with_words,
)

__all__ = [
    "COUNTED",
    "NO_FILTERS",
    "PAGE",
    "SORTS",
    "VIEWS",
    "Bill",
    "Checkable",
    "Filters",
    "Happening",
    "Line",
    "Outcome",
    "Received",
    "Sort",
    "Stage",
    "Standing",
    "Turn",
    "View",
    "Waiting",
    "after",
    "answers_at",
    "answers_before",
    "bill",
    "case_notes",
    "checkables",
    "content",
    "corrections",
    "count_waiting_for_answer",
    "counts",
    "course_of",
    "days_left",
    "decision_of",
    "differing",
    "documents",
    "draft_of",
    "examined_by",
    "figures",
    "found",
    "history",
    "in_order",
    "inbox",
    "last_look",
    "line_subject",
    "listing",
    "may_rate",
    "may_write",
    "mine_to_do",
    "notes",
    "open_corrections",
    "open_steps",
    "opened",
    "opinions_for",
    "own_case",
    "own_cases",
    "own_draft",
    "own_message",
    "payments_of",
    "procedures_at",
    "remarks",
    "round_standing",
    "rounds",
    "runs_rounds",
    "scope_of",
    "simulate",
    "sorts_of",
    "staff_case",
    "staff_step",
    "standing",
    "unchecked",
    "unknown_case",
    "unread",
    "upload",
    "uploads_of",
    "visible",
    "waiting_for_answer",
    "with_words",
]
