"""A case: what was asked, where it stands, what was decided. Its state follows from its dates."""

from madoguchi.cases.models.batch import Batch
from madoguchi.cases.models.case import Case, Grams, State, at_post
from madoguchi.cases.models.decision import Decision
from madoguchi.cases.models.document import Document, DocumentContent
from madoguchi.cases.models.figures import Figures
from madoguchi.cases.models.handover import HandOver
from madoguchi.cases.models.hold import Hold
from madoguchi.cases.models.opinion import Ease, Opinion
from madoguchi.cases.models.remark import Remark
from madoguchi.cases.models.step import Correction, Step, Timer

__all__ = [
    "Batch",
    "Case",
    "Correction",
    "Decision",
    "Document",
    "DocumentContent",
    "Ease",
    "Figures",
    "Grams",
    "HandOver",
    "Hold",
    "Opinion",
    "Remark",
    "State",
    "Step",
    "Timer",
    "at_post",
]
