"""Photographs and files on their way into a case: looked at by the virus scanner first, where this node has one.

The scanner is asked outside any transaction. Where it does not answer, the file is kept shut and asked about again by
the worker; a resident does not lose a photograph because a daemon is being updated.
"""

import logging

from django.db import models
from django.db.models import Q

from madoguchi.cases.actions import attaching, driving
from madoguchi.cases.models import Case, Document, DocumentContent, Scan
from madoguchi.cases.ports import ScannerDown, scanner
from madoguchi.cases.rules import uploads
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.acting import refuse
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.procedures.rules import form as forms

logger = logging.getLogger(__name__)


def add_document(case: Case, path: str, name: str, content: bytes, *, by: Actor) -> Document:
    """Keep an upload under a photo or file field: scanned, then cleaned and kept in one act.

    Raises Invalid in the sender's words, also where a virus was found: then one event says so, and nothing is kept.
    """
    return attaching.keep_document(case, path, name, content, scanned(content, by=by, subject=case), by=by)


def scanned(content: bytes, *, by: Actor, subject: models.Model | None = None, verb: str = "case.add-document") -> Scan:
    """What the scanner says of the bytes as they were sent for an act. Raises Invalid ``file-infected``."""
    scan = scanner()
    if scan is None or not content or len(content) > uploads.MAX_BYTES:
        return Scan.OFF  # what is empty or too large is refused before anybody could open it
    try:
        found = scan.scan(content)
    except ScannerDown:
        logger.warning("the virus scanner does not answer; a file is kept shut until it does")
        return Scan.WAITING
    if found:
        logger.warning("a file was refused: the virus scanner found %s", found)
        refusal = Invalid(
            "file-infected",
            "このファイルからウイルスが見つかったため、受け取りませんでした。"
            "お使いの機器を確かめて、別のファイルを選んでください。",
        )
        refuse(verb, refusal, by=by, subject=subject)
        raise refusal
    return Scan.CLEAN


def scan_waiting(limit: int = 20) -> int:
    """Ask the scanner about files that wait for it, oldest first; how many were settled. The worker's duty."""
    scan = scanner()
    waiting = Document.objects.filter(Q(content__isnull=False), scan=Scan.WAITING).order_by("added_at")[:limit]
    settled = 0
    for one in waiting if scan is not None else ():
        content = DocumentContent.objects.filter(document=one).values_list("content", flat=True).first()
        try:
            found = scan.scan(bytes(content or b"")) if scan is not None else ""
        except ScannerDown:
            return 0
        if found:
            logger.warning("a file that was kept shut is deleted: the virus scanner found %s", found)
        scan_again(one, bool(found), by=SYSTEM)
        settled += 1
    return settled


@act("case.scan-document", allow=(BY_SYSTEM,))
def scan_again(document: Document, infected: bool, *, by: Actor) -> Document:
    """ウイルス検査の結果: what had waited may be opened now, or its content is deleted and a draft asks anew."""
    case = driving.locked(document.case)
    fresh = Document.objects.get(pk=document.pk)
    if fresh.scan != Scan.WAITING:
        return fresh
    fresh.scan, fresh.scanned_at = (Scan.INFECTED if infected else Scan.CLEAN), clock.now()
    fresh.save(update_fields=["scan", "scanned_at"])
    if infected:
        DocumentContent.objects.filter(document=fresh).delete()
        if case.received_at is None:
            kept = [one for one in forms.get(case.answers, fresh.path) or [] if one != str(fresh.pk)]
            forms.put(case.answers, fresh.path, kept or None)
            case.save(update_fields=["answers"])
    record(case=case.pk, infected=infected)
    return fresh
