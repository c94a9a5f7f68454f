"""A case: what was asked, where it stands, what was decided. Its state follows from its dates."""

from madoguchi.cases.models.approval import Approval
from madoguchi.cases.models.batch import Batch
from madoguchi.cases.models.case import Case, Grams, State, at_post
from madoguchi.cases.models.check import Check
from madoguchi.cases.models.confirmation import Confirmation, How
from madoguchi.cases.models.consultation import Consultation
from madoguchi.cases.models.cosigner import Cosigner
from madoguchi.cases.models.decision import Decision
from madoguchi.cases.models.departure import Departure
from madoguchi.cases.models.document import Document, DocumentContent, Scan
from madoguchi.cases.models.export import Export
from madoguchi.cases.models.figures import Figures
from madoguchi.cases.models.handover import HandOver
from madoguchi.cases.models.hold import Hold
from madoguchi.cases.models.mandate import Mandate
from madoguchi.cases.models.map_answer import MapAnswer
from madoguchi.cases.models.note import Note, Phrase, Use
from madoguchi.cases.models.opinion import Ease, Opinion
from madoguchi.cases.models.origin import Origin
from madoguchi.cases.models.payment import Payment, PaymentNotice, PaymentState, Why
from madoguchi.cases.models.remark import Remark
from madoguchi.cases.models.round import Round
from madoguchi.cases.models.service import Service, ServiceState
from madoguchi.cases.models.signature import Checked, Signature
from madoguchi.cases.models.sitting import Kiosk, Sitting
from madoguchi.cases.models.step import Correction, Step, Timer
from madoguchi.cases.models.submission import Submission
from madoguchi.cases.models.upload import Upload, UploadPart
from madoguchi.cases.models.wish import Addressee, Wish, WishState

__all__ = [
    "Addressee",
    "Approval",
    "Batch",
    "Case",
    "Check",
    "Checked",
    "Confirmation",
    "Consultation",
    "Correction",
    "Cosigner",
    "Decision",
    "Departure",
    "Document",
    "DocumentContent",
    "Ease",
    "Export",
    "Figures",
    "Grams",
    "HandOver",
    "Hold",
    "How",
    "Kiosk",
    "Mandate",
    "MapAnswer",
    "Note",
    "Opinion",
    "Origin",
    "Payment",
    "PaymentNotice",
    "PaymentState",
    "Phrase",
    "Remark",
    "Round",
    "Scan",
    "Service",
    "ServiceState",
    "Signature",
    "Sitting",
    "State",
    "Step",
    "Submission",
    "Timer",
    "Upload",
    "UploadPart",
    "Use",
    "Why",
    "Wish",
    "WishState",
    "at_post",
]
