"""The photographs and files of a case that the caller may see."""

from uuid import UUID

from madoguchi.cases.models import Case, Document, DocumentContent, Scan, Upload
from madoguchi.ground.errors import NotFound, Refused


def documents(case: Case) -> dict[str, list[Document]]:
    """The documents that belong to the answers, by path, in the order given."""
    result: dict[str, list[Document]] = {}
    for one in sorted(case.documents.all(), key=lambda one: one.added_at):
        if one.removed_at is None:
            result.setdefault(one.path, []).append(one)
    return result


def content(case: Case, document_id: UUID) -> tuple[Document, bytes]:
    """A document of a case that the caller may see, with its bytes."""
    document = case.documents.filter(pk=document_id).first()
    found = DocumentContent.objects.filter(document=document).first() if document else None
    if document is None or found is None:
        raise NotFound("document-unknown", "このファイルは見つかりません。")
    return document, bytes(found.content)


def opened(case: Case, document_id: UUID) -> tuple[Document, bytes]:
    """The same for the desk: what the virus scanner has not seen yet stays shut there. Raises Refused (423)."""
    document, bytes_ = content(case, document_id)
    if document.scan == Scan.WAITING:
        raise Refused(
            "document-unscanned",
            "ウイルス検査がまだ終わっていないため、開けません。検査が終わると開けるようになります。",
            status=423,
        )
    return document, bytes_


def upload(case: Case, upload_id: UUID) -> Upload:
    """A file that is on its way into a case that the caller may see."""
    found = (
        Upload.objects.select_related("case__procedure")
        .defer("case__procedure__data", "case__procedure__graph")
        .filter(case=case, pk=upload_id)
        .first()
    )
    if found is None:
        raise NotFound("upload-unknown", "この送信は見つかりません。もう一度ファイルを選んでください。")
    return found


def uploads_of(case: Case) -> dict[str, list[Upload]]:
    """What is on its way into a case and has not arrived whole, by path."""
    result: dict[str, list[Upload]] = {}
    for one in Upload.objects.filter(case=case, kept_at=None).order_by("begun_at"):
        result.setdefault(one.path, []).append(one)
    return result
