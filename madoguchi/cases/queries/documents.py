"""The photographs and files of a case that the caller may see."""

from uuid import UUID

from madoguchi.cases.models import Case, Document, DocumentContent
from madoguchi.ground.errors import NotFound


def documents(case: Case) -> dict[str, list[Document]]:
    """The documents that belong to the answers, by path, in the order given."""
    result: dict[str, list[Document]] = {}
    for one in case.documents.filter(removed_at=None).order_by("added_at"):
        result.setdefault(one.path, []).append(one)
    return result


def content(case: Case, document_id: UUID) -> tuple[Document, bytes]:
    """A document of a case that the caller may see, with its bytes."""
    document = case.documents.filter(pk=document_id).first()
    found = DocumentContent.objects.filter(document=document).first() if document else None
    if document is None or found is None:
        raise NotFound("document-unknown", "このファイルは見つかりません。")
    return document, bytes(found.content)
