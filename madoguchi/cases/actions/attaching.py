"""The documents of a draft or a correction: kept under a field of the form, and taken away again.

``giving`` and ``uploading`` bring them here, looked at by the virus scanner; this is the act itself.
"""

from uuid import UUID

from madoguchi.cases.actions import storing
from madoguchi.cases.actions.drafting import editable, only_what_was_asked
from madoguchi.cases.actions.reasons import AT_COUNTER, SEES_CASE
from madoguchi.cases.models import Case, Document, DocumentContent, Scan
from madoguchi.cases.rules import uploads
from madoguchi.cases.rules.permission import PARTNER_ADDS
from madoguchi.events import Actor, act, record
from madoguchi.events.storing import insert_with_file
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.form import FormField, FormSection


@act("case.add-document", allow=(SEES_CASE, PARTNER_ADDS, AT_COUNTER))
def keep_document(case: Case, path: str, name: str, content: bytes, scan: Scan, *, by: Actor) -> Document:
    """写真・ファイルの追加: keep an upload under a photo or file field, cleaned (see ``rules.uploads``).

    The same content under the same field is kept once, so a repeated post changes nothing. ``scan`` is what the
    virus scanner said of it before (``giving``, the only caller: no network within a transaction).
    """
    fresh = editable(case)
    one = upload_field(fresh, path)
    kept = forms.get(fresh.answers, path) or []
    checked = uploads.check(name, content, images_only=one.type == "photo")
    alike = fresh.documents.filter(path=path, sha256=checked.sha256, removed_at=None).exclude(scan=Scan.INFECTED)
    same = alike.first() if kept else None
    if same is not None:
        return same
    if len(kept) >= one.at_most:
        raise too_many(one)
    document = Document.objects.create(
        case=fresh,
        path=path,
        name=checked.name,
        media_type=checked.media_type,
        size=len(checked.content),
        sha256=checked.sha256,
        width=checked.width,
        height=checked.height,
        scan=scan,
        scanned_at=clock.now() if scan == Scan.CLEAN else None,
    )
    insert_with_file(DocumentContent(document=document, content=checked.content))
    forms.put(fresh.answers, path, [*kept, str(document.pk)])
    storing.save([fresh])
    record(document=document.pk, field=path, bytes=document.size, scan=scan)
    storing.mirror(case, fresh)
    return document


def upload_field(case: Case, path: str) -> FormField:
    """The photo or file field at a path of this case, if it may be given something now. Raises NotFound or Stale."""
    found = procedures.package(case.procedure).form.field_at(path)
    if found is None or found[1].type not in forms.UPLOADED or not _row_is_there(case, found[0], path):
        raise NotFound("field-unknown", "この手続にその項目はありません。")
    only_what_was_asked(case, forms.Read(values={path: None}))
    return found[1]


def too_many(one: FormField) -> Invalid:
    """The refusal of more files than a field takes."""
    return Invalid("files-too-many", "%(count)s枚（件）までにしてください。", {"count": one.at_most})


@act("case.remove-document", allow=(SEES_CASE, AT_COUNTER))
def remove_document(case: Case, document_id: UUID, *, by: Actor) -> Case:
    """写真・ファイルの削除: the upload no longer belongs to the answers; in a draft its bytes are deleted."""
    fresh = editable(case)
    document = fresh.documents.filter(pk=document_id, removed_at=None).first()
    if document is None:
        return storing.mirror(case, fresh)
    only_what_was_asked(fresh, forms.Read(values={document.path: None}))
    kept = [one for one in forms.get(fresh.answers, document.path) or [] if one != str(document_id)]
    forms.put(fresh.answers, document.path, kept or None)
    document.removed_at = clock.now()
    document.save(update_fields=["removed_at"])
    if fresh.received_at is None:
        DocumentContent.objects.filter(document=document).delete()
    storing.save([fresh])
    record(document=document_id)
    return storing.mirror(case, fresh)


def _row_is_there(case: Case, section: FormSection, path: str) -> bool:
    """An upload is given to a row that exists; it never makes rows."""
    return section.each is None or forms.get(case.answers, path.rpartition(".")[0]) is not None
