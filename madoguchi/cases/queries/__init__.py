"""What is asked about cases: the applicant's own, the desk's work list, where a case stands and what happened.

Every query takes the actor and answers only with what that actor may see; what is another's does not exist here.
"""

from madoguchi.cases.queries.documents import content, documents
from madoguchi.cases.queries.figures import figures
from madoguchi.cases.queries.found import course_of, scope_of
from madoguchi.cases.queries.history import Happening, history
from madoguchi.cases.queries.opinions import may_rate, opinions_for
from madoguchi.cases.queries.own import draft_of, open_corrections, own_case, own_cases, own_draft
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
from madoguchi.cases.queries.unknown import unknown_case
from madoguchi.cases.queries.worklist import (
    MOST_LINES,
    MOST_SEARCHED,
    VIEWS,
    Line,
    View,
    Work,
    case_list,
    counts,
    days_left,
    open_steps,
    procedures_at,
    work_list,
)

__all__ = [
    "MOST_LINES",
    "MOST_SEARCHED",
    "VIEWS",
    "Happening",
    "Line",
    "Stage",
    "Standing",
    "Turn",
    "View",
    "Work",
    "after",
    "case_list",
    "content",
    "corrections",
    "counts",
    "course_of",
    "days_left",
    "decision_of",
    "documents",
    "draft_of",
    "examined_by",
    "figures",
    "history",
    "may_rate",
    "mine_to_do",
    "notes",
    "open_corrections",
    "open_steps",
    "opinions_for",
    "own_case",
    "own_cases",
    "own_draft",
    "procedures_at",
    "scope_of",
    "staff_case",
    "staff_step",
    "standing",
    "unknown_case",
    "visible",
    "work_list",
]
