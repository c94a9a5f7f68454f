"""Files that arrive in parts (tus 1.0): a telephone that loses its connection goes on where it stopped.

What has arrived is no document: nobody is shown it, it is counted against the limits of its field, and it is forgotten
after a day. Only the last part makes it one, by the same way as a file that came whole.
"""

import datetime as dt

from django.db import transaction

from madoguchi.cases.actions import attaching, drafting, giving
from madoguchi.cases.actions.reasons import SEES_CASE
from madoguchi.cases.models import Case, Document, Upload, UploadPart
from madoguchi.cases.rules import uploads
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.rules import BY_SYSTEM, Reason
from madoguchi.events.storing import insert_with_file
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale
from madoguchi.procedures.rules import form as forms

OWN_UPLOAD = Reason(
    "own-case",
    "ご本人の手続だから",
    lambda actor, upload: actor.kind == "resident" and actor.id == upload.case.person_id,
)
#: How long after its last part an upload is remembered.
REMEMBERED_FOR = dt.timedelta(days=1)


@act("case.begin-upload", allow=(SEES_CASE,))
def begin_upload(case: Case, path: str, name: str, length: int, *, by: Actor, modified: str = "") -> Upload:
    """送信の開始: a file of ``length`` bytes will arrive in parts. The same file chosen again is the same upload.

    Counts and sizes are refused here, before a byte of it has crossed the network.
    """
    fresh = drafting.editable(case)
    one = attaching.upload_field(fresh, path)
    if length <= 0:
        raise Invalid("file-empty", "ファイルの中身がありません。もう一度選んでください。")
    if length > uploads.MAX_BYTES:
        raise uploads.too_large()
    name, modified = uploads.sent_name(name), modified[:40]
    on_the_way = Upload.objects.filter(case=fresh, path=path, kept_at=None)
    same = on_the_way.filter(name=name, length=length, modified=modified).first()
    if same is not None:
        record(upload=same.pk, continued=True, received=same.received)
        return same
    if len(forms.get(fresh.answers, path) or []) + on_the_way.count() >= one.at_most:
        raise attaching.too_many(one)
    upload = Upload.objects.create(case=fresh, path=path, name=name, length=length, modified=modified)
    record(upload=upload.pk, field=path, bytes=length)
    return upload


def receive_part(upload: Upload, at: int, content: bytes, *, by: Actor) -> Upload:
    """The next bytes, beginning at ``at``. Not an act: bytes in transit change no case, and leave no event.

    Raises Stale where ``at`` is not where the upload stands, Invalid where more comes than was announced.
    """
    if not OWN_UPLOAD.holds(by, upload):
        raise NotAllowed("not-allowed", "この操作をする権限がありません。")
    with transaction.atomic():  # noqa: TID251 -- see above
        fresh = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if fresh is None:
            raise NotFound("upload-unknown", "この送信は見つかりません。もう一度ファイルを選んでください。")
        if fresh.received != at:
            raise Stale("upload-offset", "続きの位置が合いません。")
        if at + len(content) > fresh.length:
            raise Invalid("upload-too-long", "知らされた大きさより多く届きました。もう一度選んでください。")
        if content:
            insert_with_file(UploadPart(upload=fresh, at=at, content=content))
        fresh.received, fresh.touched_at = at + len(content), clock.now()
        fresh.save(update_fields=["received", "touched_at"])
    upload.received = fresh.received
    return upload


def finish_upload(upload: Upload, *, by: Actor) -> Document | None:
    """All has arrived: make it a document, as if it had come whole. Twice is once (then None).

    What cannot be kept is refused in the sender's words, and its bytes go.
    """
    if upload.kept_at is not None:
        return None
    if upload.received != upload.length:
        raise Stale("upload-incomplete", "ファイルがまだ全部届いていません。")
    parts = UploadPart.objects.filter(upload=upload).order_by("at").values_list("content", flat=True)
    content = b"".join(bytes(one) for one in parts)
    try:
        document = giving.add_document(upload.case, upload.path, upload.name, content, by=by)
    except Refused:
        drop_upload(upload, by=by)
        raise
    Upload.objects.filter(pk=upload.pk).update(kept_at=clock.now())
    UploadPart.objects.filter(upload=upload).delete()
    return document


@act("case.drop-upload", allow=(OWN_UPLOAD,))
def drop_upload(upload: Upload, *, by: Actor) -> None:
    """送信の取りやめ: what has arrived of the file is deleted."""
    Upload.objects.filter(pk=upload.pk, kept_at=None).delete()


@act("case.forget-uploads", allow=(BY_SYSTEM,))
def _forget(*, by: Actor) -> None:
    """途中で止まった送信の削除: files whose last part came more than a day ago."""
    forgotten, _ = Upload.objects.filter(touched_at__lt=clock.now() - REMEMBERED_FOR).delete()
    record(rows=forgotten)


def forget_uploads() -> int:
    """Delete what nobody has gone on with for a day. The worker's duty; without anything to forget no event."""
    if Upload.objects.filter(touched_at__lt=clock.now() - REMEMBERED_FOR).exists():
        _forget(by=SYSTEM)
    return 0
