"""Naming places, always part of an act of a higher noun (a submission); taking in what a layer's file holds; and
editing features by hand.

An edit is a change with a line for each feature. It counts at once, or, where the layer says so, when another person
has approved it; then it is one edition. Until then it stands apart, and nobody outside sees it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import InternalError, connection
from django.db.models import F, Q

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Refused, Stale
from madoguchi.ground.text import clean
from madoguchi.places import queries
from madoguchi.places.models import Amendment, Change, ChangeState, Edition, Feature, Photo, PhotoContent, Place
from madoguchi.places.reading import Reading, digest_of
from madoguchi.places.rules.editing import DATED, MAX_LINES, MAX_PHOTOS, MAX_WHY, Grounds, Line, Picture, typed
from madoguchi.places.rules.layer import AS_STORED, JAPAN, STORED, Layer, reader_of

BY_PERSON = Reason(
    "names-a-place",
    "申請の中で場所が示された",
    lambda actor, _: actor.kind in ("resident", "staff", "partner"),
)


@act("place.name", allow=(BY_PERSON, BY_SYSTEM))
def name_place(said: Mapping[str, Any], *, by: Actor) -> Place:
    """場所の記録: keep a place as an answer gives it: ``{text, town?, lat?, lon?, error?}`` (JGD2011; metres)."""
    point = Point(said["lon"], said["lat"], srid=4326) if "lon" in said and "lat" in said else None
    error = said.get("error") if point is not None else None
    place = Place.objects.create(text=said["text"], town=said.get("town", ""), point=point, error=error)
    record(town=place.town, has_point=point is not None)
    return place


@act("layer.mirror", allow=(BY_SYSTEM,))
def mirror(layer: Layer, reading: Reading, *, by: Actor) -> Edition:
    """レイヤーの写し: the layer has these features today and no others. What is gone leaves nothing behind, not even
    that it was there: it may have to be forgotten. Whoever reads what is mirrored locks the layer before.

    Raises Invalid for a layer that has a history to lose.
    """
    if not layer.shows:
        raise Invalid("not-shown", "このレイヤーは案件を見せるものではありません。")
    newest = Edition.objects.filter(layer=layer.code).order_by("number").last()
    edition = Edition.objects.create(
        layer=layer.code,
        number=newest.number + 1 if newest is not None else 1,
        as_of=clock.today(),
        digest=reading.digest,
    )
    told: dict[str, Any] = {"layer": layer.code, "edition": edition.pk, "as_of": edition.as_of}
    with connection.cursor() as cursor:
        _copy(cursor, reading)
        cursor.execute(_FORGET, told)
        gone = cursor.rowcount
        new = _add(cursor, told, reading.srid)
        cursor.execute("DROP TABLE incoming")
    edition.report = _report(reading, new=new, changed=0, gone=gone)
    edition.save(update_fields=["report"])
    record(layer=layer.code, edition=edition.number, new=new, gone=gone)
    return edition


_FORGET = """
    DELETE FROM layer_feature f WHERE f.layer = %(layer)s
      AND NOT EXISTS (SELECT FROM incoming i WHERE i.key = f.key AND i.digest = f.digest)
"""


#: Of what was there, so many may go with one file before somebody has to say that this is meant.
MOST_GONE = 0.5


@act("layer.load", allow=(BY_SYSTEM,))
def load(layer: Layer, reading: Reading, as_of: dt.date, *, by: Actor, anyhow: bool = False) -> Edition:
    """レイヤーの取り込み: what the file holds is how it is from ``as_of`` on. The old serves until the new is whole.

    Features are compared by key: those that are gone end on that day, those that changed end and begin anew, the rest
    is left alone; a file that was taken in before changes nothing. Raises Stale where most of what is there would go
    or what staff have edited would be as the file has it (``anyhow`` says that this is meant), and Invalid for a day
    before that of the edition that stands.
    """
    with connection.cursor() as cursor:
        lock(layer)
        newest = Edition.objects.filter(layer=layer.code).order_by("number").last()
        if newest is not None and as_of < newest.as_of:
            raise Invalid("older-than-known", "いまのデータより前の日付のデータです。")
        if newest is not None and (newest.digest, newest.as_of) == (reading.digest, as_of):
            record(layer=layer.code, edition=newest.number, unchanged=True)
            return newest
        number = newest.number + 1 if newest is not None else 1
        edition = Edition.objects.create(layer=layer.code, number=number, as_of=as_of, digest=reading.digest)
        _copy(cursor, reading)
        cursor.execute(_COUNT, {"layer": layer.code})
        there, gone = cursor.fetchone()
        if gone > MOST_GONE * there and not anyhow:
            raise Stale(
                "most-would-go",
                "いまある%(there)s件のうち%(gone)s件がなくなります。正しいファイルか確かめてください。",
                {"there": there, "gone": gone},
            )
        cursor.execute(_EDITED, {"layer": layer.code})
        [edited] = cursor.fetchone()
        if edited and not anyhow:
            raise Stale(
                "edits-would-go",
                "職員が直した%(edited)s件が、ファイルの内容に戻ります。"
                "ファイルのほうを直すか、戻してよいか確かめてください。",
                {"edited": edited},
            )
        told: dict[str, Any] = {"layer": layer.code, "edition": edition.pk, "as_of": as_of}
        cursor.execute(_END, told)
        ended = cursor.rowcount
        added = _add(cursor, told, reading.srid)
        cursor.execute("DROP TABLE incoming")
    changed = ended - gone
    edition.report = _report(reading, new=added - changed, changed=changed, gone=gone)
    edition.save(update_fields=["report"])
    record(layer=layer.code, edition=edition.number, new=added - changed, changed=changed, gone=gone)
    return edition


def _report(reading: Reading, *, new: int, changed: int, gone: int) -> dict[str, Any]:
    """What an edition brought, and what of its source could not be used."""
    return {
        "read": len(reading.features),
        "new": new,
        "changed": changed,
        "gone": gone,
        "refused": reading.refused,
        "repaired": reading.repaired,
        "left_out": reading.left_out,
        "located": dict(reading.located),
        "told": [[row, problem.code, str(problem)] for row, problem in reading.told],
    }


_COUNT = """
    SELECT count(*), count(*) FILTER (WHERE i.key IS NULL) FROM layer_feature f LEFT JOIN incoming i USING (key)
    WHERE f.layer = %(layer)s AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
"""
#: What a file would make as it was before somebody edited it: other than theirs, or there again.
_EDITED = """
    WITH edits AS (SELECT edition_id FROM layer_change WHERE layer = %(layer)s AND edition_id IS NOT NULL),
    standing AS (
        SELECT key, digest, added_in_id FROM layer_feature
        WHERE layer = %(layer)s AND valid_until IS NULL AND dropped_in_id IS NULL
    )
    SELECT (SELECT count(*) FROM standing s LEFT JOIN incoming i USING (key)
            WHERE s.added_in_id IN (SELECT edition_id FROM edits) AND i.digest IS DISTINCT FROM s.digest)
         + (SELECT count(*) FROM incoming i
            WHERE NOT EXISTS (SELECT FROM standing s WHERE s.key = i.key)
              AND EXISTS (SELECT FROM layer_feature f WHERE f.layer = %(layer)s AND f.key = i.key
                          AND (f.ended_in_id IN (SELECT edition_id FROM edits)
                               OR f.dropped_in_id IN (SELECT edition_id FROM edits))))
"""
_END = """
    UPDATE layer_feature f SET valid_until = greatest(%(as_of)s, f.valid_from), ended_in_id = %(edition)s
    WHERE f.layer = %(layer)s AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
      AND NOT EXISTS (SELECT FROM incoming i WHERE i.key = f.key AND i.digest = f.digest)
"""
#: In their order neighbours come to lie side by side (a Hilbert curve): the index fills faster, a tile reads less.
_ADD = """
    INSERT INTO layer_feature (id, layer, key, properties, geom, digest, valid_from, added_in_id)
    SELECT gen_random_uuid(), %(layer)s, i.key, i.properties, ST_Transform(i.geom, %(stored)s), i.digest, %(as_of)s,
           %(edition)s
    FROM incoming i
    WHERE NOT EXISTS (
        SELECT FROM layer_feature f
        WHERE f.layer = %(layer)s AND f.key = i.key AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
    )
    ORDER BY i.geom
"""


def _copy(cursor: Any, reading: Reading) -> None:
    """Put the features beside those that stand, in their CRS; gone with the transaction."""
    srid = STORED if reading.srid in AS_STORED else reading.srid
    cursor.execute("SELECT count(*) FROM spatial_ref_sys WHERE srid = %s", [srid])
    if cursor.fetchone() == (0,):
        raise Invalid("crs-unknown", "座標系がわかりません（EPSG:%(srid)s）。", {"srid": str(srid)})
    cursor.execute(_INCOMING)
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with cursor.copy("COPY incoming (key, properties, geom, digest) FROM STDIN") as rows:
        for one in reading.features:
            text = one.text or encode(one.properties)
            rows.write_row((one.key, text, f"SRID={srid};{one.wkb.hex()}", one.digest))
    # After the rows, which is faster; without it, what comes in may be compared with what stands row by row by row.
    cursor.execute("ALTER TABLE incoming ADD PRIMARY KEY (key)")
    cursor.execute("ANALYZE incoming")


_INCOMING = """
    CREATE TEMP TABLE incoming (key text, properties jsonb, geom geometry, digest text) ON COMMIT DROP
"""


def _add(cursor: Any, told: Mapping[str, Any], srid: int) -> int:
    """The features that are new or changed, brought to our CRS. Raises Invalid where that is not in Japan."""
    wrong = Invalid("crs-wrong", "座標を直すと日本の外になります。座標系（crs）を確かめてください。")
    try:
        cursor.execute(_ADD, {**told, "stored": STORED})
        added: int = cursor.rowcount
        if srid not in AS_STORED:
            cursor.execute(_ASTRAY, [told["edition"], *JAPAN, STORED])
            if cursor.fetchone() != (0,):
                raise wrong
    except InternalError:  # PROJ could not
        raise wrong from None
    return added


_ASTRAY = """
    SELECT count(*) FROM layer_feature WHERE added_in_id = %s AND NOT geom @ ST_MakeEnvelope(%s, %s, %s, %s, %s)
"""


# -- by hand ----------------------------------------------------------------------------------------------------------

EDITS = Reason(
    "edits-layer",
    "このレイヤーを編集する課だから",
    lambda actor, layer: (
        actor.kind == "staff" and layer.edit is not None and bool(actor.sections & set(layer.edit.sections))
    ),
)
DECIDES = Reason(
    "decides-layer",
    "このレイヤーの変更を決める職だから",
    lambda actor, layer: (
        actor.kind == "staff" and layer.edit is not None and bool(actor.posts & set(layer.edit.deciders))
    ),
)

_FIRST_DAY: Final = dt.date(1868, 1, 25)


@act("feature.add", allow=(EDITS,))
def add(
    layer: Layer, given: Mapping[str, str], shape: bytes, *, on: dt.date | None, why: str, grounds: Grounds, by: Actor
) -> Change:
    """地物の追加: something new has been there since ``on``."""
    return _asked(layer, [Line("add", None, given, shape)], on, why, grounds, by)


@act("feature.change", allow=(EDITS,))
def change(
    layer: Layer,
    feature: UUID,
    given: Mapping[str, str] | None = None,
    shape: bytes | None = None,
    *,
    on: dt.date | None,
    why: str,
    grounds: Grounds,
    by: Actor,
) -> Change:
    """地物の変更: since ``on`` it has been other than the row ``feature`` says; before, it was as that says."""
    return _asked(layer, [Line("change", feature, given, shape)], on, why, grounds, by)


@act("feature.correct", allow=(EDITS,))
def correct(
    layer: Layer,
    feature: UUID,
    given: Mapping[str, str] | None = None,
    shape: bytes | None = None,
    *,
    why: str,
    grounds: Grounds,
    by: Actor,
) -> Change:
    """地物の訂正: what the row ``feature`` says was recorded wrongly; it was otherwise from its beginning."""
    return _asked(layer, [Line("correct", feature, given, shape)], None, why, grounds, by)


@act("feature.end", allow=(EDITS,))
def end(layer: Layer, feature: UUID, *, on: dt.date | None, why: str, grounds: Grounds, by: Actor) -> Change:
    """地物の終了: it ceased in the world on ``on``."""
    return _asked(layer, [Line("end", feature)], on, why, grounds, by)


@act("feature.drop", allow=(EDITS,))
def drop(layer: Layer, feature: UUID, *, why: str, grounds: Grounds, by: Actor) -> Change:
    """地物の取消し: it was recorded wrongly and never was."""
    return _asked(layer, [Line("drop", feature)], None, why, grounds, by)


@act("layer.amend", allow=(EDITS,))
def amend(layer: Layer, lines: Sequence[Line], *, on: dt.date | None, why: str, grounds: Grounds, by: Actor) -> Change:
    """地物のまとめての変更: many features in one change, whole or not at all."""
    return _asked(layer, lines, on, why, grounds, by)


@act("change.undo", allow=(EDITS,))
def undo(layer: Layer, undone: UUID, *, why: str, grounds: Grounds, by: Actor) -> Change:
    """変更の取消し: what a change did is taken back; that it was so meanwhile can still be seen.

    Raises Stale where something of it has changed since.
    """
    said = _why(why)
    lock(layer)
    meant = _change(layer, undone)
    if meant.state != ChangeState.APPROVED or meant.edition is None:
        raise Stale("change-not-made", "この変更は、地図に反映されていません。")
    made = Change.objects.create(layer=layer.code, why=said, asked_by=by.who, undoes=meant)
    lines = _backwards(layer, meant, made)
    waiting = queries.waits_on([one.feature_id for one in lines if one.feature_id])
    if waiting is not None:
        raise _waits(waiting)
    Amendment.objects.bulk_create(lines)
    return _settled(layer, made, grounds, by)


@act("change.approve", allow=(DECIDES,))
def approve(layer: Layer, asked: UUID, *, grounds: Grounds, by: Actor) -> Change:
    """変更の承認: from now on the map says what the change says. Never one's own."""
    lock(layer)
    made = _open(layer, asked)
    if made.asked_by == by.who:
        raise _of(made, NotAllowed("own-change", "自分の変更は承認できません。ほかの人の承認が要ります。"))
    try:
        _checked(layer, made, grounds)
        _applied(layer, made, by.who)
    except Refused as refusal:
        raise _of(made, refusal) from None
    return made


@act("change.refuse", allow=(DECIDES,))
def refuse(layer: Layer, asked: UUID, *, why: str, by: Actor) -> Change:
    """変更を認めない: the map stays as it is; who asked reads why."""
    said = clean(why, max_length=MAX_WHY, multiline=True)
    if not said:
        raise Invalid("why-missing", "認めない理由を書いてください。求めた人が読みます。")
    lock(layer)
    made = _open(layer, asked)
    if made.asked_by == by.who:
        raise _of(made, NotAllowed("own-change", "自分の変更は取り下げてください。"))
    made.refused_at, made.refused_why, made.decided_by = clock.now(), said, by.who
    made.save(update_fields=["refused_at", "refused_why", "decided_by"])
    made.refresh_from_db(fields=["state"])
    record(layer=layer.code)
    return made


@act("change.withdraw", allow=(EDITS,))
def withdraw(layer: Layer, asked: UUID, *, by: Actor) -> Change:
    """変更の取下げ: who asked for it no longer does."""
    lock(layer)
    made = _open(layer, asked)
    if made.asked_by != by.who:
        raise _of(made, NotAllowed("change-of-another", "取り下げられるのは、変更した本人だけです。"))
    made.withdrawn_at = clock.now()
    made.save(update_fields=["withdrawn_at"])
    made.refresh_from_db(fields=["state"])
    record(layer=layer.code)
    return made


@act("feature.attach", allow=(EDITS,))
def attach(layer: Layer, feature: UUID, picture: Picture, *, by: Actor) -> Photo:
    """地物の写真の追加: for staff; residents never see it."""
    lock(layer)
    one = queries.feature(layer, feature)
    if queries.photos(one).count() >= MAX_PHOTOS:
        raise Invalid("too-many-photos", "写真は1つの地物に%(most)s枚までです。", {"most": MAX_PHOTOS})
    photo = Photo.objects.create(
        layer=layer.code, key=one.key, name=picture.name, media_type=picture.media_type, size=len(picture.content),
        sha256=hashlib.sha256(picture.content).hexdigest(), width=picture.width, height=picture.height,
        added_by=by.who,
    )  # fmt: skip
    PhotoContent.objects.create(photo=photo, content=picture.content)
    record(layer=layer.code, size=photo.size)
    return photo


@act("feature.detach", allow=(EDITS,))
def detach(layer: Layer, photo: UUID, *, by: Actor) -> Photo:
    """地物の写真の削除: its content is gone; that there was one, and who removed it, stays."""
    one = Photo.objects.select_for_update().filter(pk=photo, layer=layer.code, removed_at=None).first()
    if one is None:
        raise NotFound("photo-unknown", "写真が見つかりません。")
    PhotoContent.objects.filter(photo=one).delete()
    one.removed_at, one.removed_by, one.name = clock.now(), by.who, ""
    one.save(update_fields=["removed_at", "removed_by", "name"])
    record(layer=layer.code)
    return one


def lock(layer: Layer) -> None:
    """Whoever changes a layer waits for whoever does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"layer {layer.code}"])


def _asked(layer: Layer, lines: Sequence[Line], on: dt.date | None, why: str, grounds: Grounds, by: Actor) -> Change:
    """Keep the change with what each feature was and will be; it counts at once where nobody is asked."""
    said, wrong = "", dict[str, Problem]()
    try:
        said = _why(why)
    except Invalid as refusal:
        wrong["why"] = refusal.as_problem()
    dated = any(one.kind in DATED for one in lines)
    if dated and (on is None or not _FIRST_DAY <= on <= clock.today()):
        wrong["on"] = Problem("change-day", "いつからそうなのか、今日までの日を書いてください。")
    if not 0 < len(lines) <= MAX_LINES:
        raise Invalid("too-many-lines", "一度に変えられるのは%(most)s件までです。", {"most": f"{MAX_LINES:,}"})
    lock(layer)
    rows = _standing(layer, [one.feature for one in lines if one.feature is not None])
    made = Change(layer=layer.code, why=said, valid_from=on if dated else None, asked_by=by.who)
    kept = []
    for number, line in enumerate(lines, 1):
        one, problems = _line(layer, made, number, line, rows.get(line.feature) if line.feature else None, by, grounds)
        kept.append(one)
        place = "" if len(lines) == 1 else f"{number}."
        wrong |= {f"{place}{key}": problem for key, problem in problems.items()}
    if wrong:
        raise Invalid("change-incomplete", "内容を確かめてください。", fields=wrong)
    made.save()
    Amendment.objects.bulk_create(kept)
    return _settled(layer, made, grounds, by)


def _standing(layer: Layer, ids: Sequence[UUID]) -> dict[UUID, Feature]:
    """The rows on which a change was made. Raises NotFound, Stale where one is no more what stands, or waits."""
    rows = {one.pk: one for one in Feature.objects.filter(pk__in=ids, layer=layer.code)}
    if len(rows) != len(ids):
        raise NotFound("feature-unknown", "地物が見つかりません。")
    if gone := [one for one in rows.values() if one.valid_until is not None or one.dropped_in_id is not None]:
        raise Stale(
            "feature-changed",
            "開いている間に、ほかの人がこの地物を変えました（%(key)s）。いまの内容を見て、もう一度入れてください。",
            {"key": gone[0].key},
        )
    waiting = queries.waits_on(ids)
    if waiting is not None:
        raise _waits(waiting)
    return rows


def _waits(waiting: Change) -> Refused:
    words = "この地物には、承認を待っている変更があります。先にそちらを決めてください。"
    return _of(waiting, Stale("change-waits", words))


def _of(made: Change, refusal: Refused) -> Refused:
    """The refusal, with the change that it is about for the event."""
    refusal.log = refusal.log | {"change": str(made.pk)}
    return refusal


def _line(
    layer: Layer, made: Change, number: int, line: Line, row: Feature | None, by: Actor, grounds: Grounds
) -> tuple[Amendment, dict[str, Problem]]:
    """One feature as it will be, and what is wrong with it by attribute."""
    one = Amendment(change=made, number=number, kind=line.kind, feature=row, key=row.key if row else "")
    wrong: dict[str, Problem] = {}
    if row is not None and made.valid_from is not None and line.kind in DATED and made.valid_from < row.valid_from:
        wrong["on"] = Problem(
            "before-it-began",
            "いまの内容は%(day)sからです。その日より後にしてください。",
            {"day": f"{row.valid_from:%Y年%-m月%-d日}"},
        )
    if line.kind in ("end", "drop"):
        return one, wrong
    before = row.properties if row is not None else {}
    one.properties = before
    problems: dict[str, Problem] = {}
    if line.given is not None:
        one.properties, problems = typed(layer, line.given, before, layer.seen_by(reader_of(by)(layer)))
    shape = queries.brought_together(layer, line.shape, row, grounds.plane) if line.shape is not None else None
    if row is not None and shape is None and one.properties == before and not problems:
        wrong["shape"] = Problem("nothing-changed", "何も変わっていません。")
    if shape is not None:
        one.geom = GEOSGeometry(memoryview(shape), srid=STORED)
    elif row is not None:
        one.geom = row.geom
    else:
        wrong["shape"] = Problem("no-shape", "形を書いてください。")
    if one.geom is not None and not problems:
        own = layer.key_of(one.properties)
        if row is None:
            one.key = own or digest_of(one.properties, bytes(one.geom.wkb))
        elif own != layer.key_of(before):
            one.key = own
    return one, wrong | problems


def _settled(layer: Layer, made: Change, grounds: Grounds, by: Actor) -> Change:
    """The change waits for whom the layer names, or counts now."""
    _checked(layer, made, grounds)
    if layer.edit is None or not layer.edit.deciders:
        _applied(layer, made, None)
    else:
        record(layer=layer.code, lines=made.lines.count(), waits=True)
    return made


def _checked(layer: Layer, made: Change, grounds: Grounds) -> None:
    """Raise Stale or Invalid where the change cannot be: what it was made on has changed, or a shape is in the way."""
    stale = made.lines.exclude(kind="restore").filter(feature__dropped_in__isnull=False)
    if made.undoes_id is None:
        stale = stale | made.lines.filter(feature__valid_until__isnull=False)
    if (one := stale.first()) is not None:
        raise Stale(
            "feature-changed",
            "開いている間に、ほかの人がこの地物を変えました（%(key)s）。いまの内容を見て、もう一度入れてください。",
            {"key": one.key},
        )
    if (key := queries.key_taken(made)) is not None:
        raise Invalid("key-taken", "同じ番号の地物がすでにあります（%(key)s）。", {"key": key})
    if (problem := queries.in_the_way(layer, made, grounds)) is not None:
        raise Invalid(problem.code, problem.message, problem.params)


def _applied(layer: Layer, made: Change, decided_by: UUID | None) -> None:
    """Make the change what the map says, as one edition."""
    newest = Edition.objects.filter(layer=layer.code).order_by("number").last()
    as_of = made.valid_from or (newest.as_of if newest is not None else clock.today())
    edition = Edition.objects.create(
        layer=layer.code,
        number=newest.number + 1 if newest is not None else 1,
        as_of=max(as_of, newest.as_of) if newest is not None else as_of,
        why=made.why,
    )
    with connection.cursor() as cursor:
        told = {"change": made.pk, "edition": edition.pk, "on": made.valid_from}
        for statement in (_CEASE, _DROP):
            cursor.execute(statement, told)
        rows = [_row(layer, made, one, edition) for one in made.lines.select_related("feature").exclude(geom=None)]
        Feature.objects.bulk_create(rows)
    renamed = made.lines.filter(kind__in=("change", "correct")).exclude(key=F("feature__key"))
    for before, now in renamed.values_list("feature__key", "key"):
        Photo.objects.filter(layer=layer.code, key=before).update(key=now)
    kinds = [one for (one,) in made.lines.values_list("kind")]
    standing = Feature.objects.filter(layer=layer.code, valid_until=None, dropped_in=None).count()
    edition.report = {
        "read": standing,
        "new": kinds.count("add") + kinds.count("restore"),
        "changed": kinds.count("change") + kinds.count("correct"),
        "gone": kinds.count("end") + kinds.count("drop"),
        "refused": 0,
        "repaired": 0,
        "left_out": 0,
        "told": [],
    }
    edition.save(update_fields=["report"])
    made.edition, made.approved_at, made.decided_by = edition, clock.now(), decided_by
    made.save(update_fields=["edition", "approved_at", "decided_by"])
    made.refresh_from_db(fields=["state"])
    record(layer=layer.code, lines=len(kinds), edition=edition.number)


_CEASE: Final = """
    UPDATE layer_feature f SET valid_until = %(on)s, ended_in_id = %(edition)s
    FROM layer_amendment a WHERE a.change_id = %(change)s AND a.feature_id = f.id AND a.kind IN ('change', 'end')
"""
_DROP: Final = """
    UPDATE layer_feature f SET dropped_in_id = %(edition)s
    FROM layer_amendment a WHERE a.change_id = %(change)s AND a.feature_id = f.id
      AND a.kind IN ('correct', 'drop', 'restore') AND f.dropped_in_id IS NULL
"""


def _row(layer: Layer, made: Change, one: Amendment, edition: Edition) -> Feature:
    """The feature as the line says, from the day of the change or, of what was recorded wrongly, from its beginning."""
    properties, geom = one.properties or {}, one.geom
    since = one.feature.valid_from if one.kind in ("correct", "restore") and one.feature else made.valid_from
    if since is None or geom is None:
        raise ValueError("a line that says neither when nor where")  # the constraints of the tables keep them away
    return Feature(
        layer=layer.code, key=one.key, properties=properties, geom=geom, valid_from=since, added_in=edition,
        digest=digest_of(properties, bytes(geom.wkb)),
        valid_until=one.until, ended_in=edition if one.until is not None else None,
    )  # fmt: skip


def _backwards(layer: Layer, meant: Change, made: Change) -> list[Amendment]:
    """The lines that take a change back: what it added is dropped, what it ended or dropped is there again."""
    edition = meant.edition
    touched = list(
        Feature.objects.filter(layer=layer.code).filter(
            Q(added_in=edition) | Q(ended_in=edition) | Q(dropped_in=edition)
        ).order_by("added_in__number", "key")
    )  # fmt: skip
    lines: list[Amendment] = []
    for row in touched:
        came, went = row.added_in_id == meant.edition_id, row.dropped_in_id == meant.edition_id
        if (row.dropped_in_id is not None and not went) or (came and row.ended_in_id not in (None, meant.edition_id)):
            raise Stale("undo-too-late", "その後に変わった地物があります（%(key)s）。", {"key": row.key})
        one = Amendment(
            change=made, number=len(lines) + 1, kind="drop" if came else "restore", feature=row, key=row.key
        )
        if not came:
            one.properties, one.geom = row.properties, row.geom
            one.until = row.valid_until if went else None
        lines.append(one)
    return lines


def _change(layer: Layer, key: UUID) -> Change:
    found = Change.objects.select_for_update().filter(pk=key, layer=layer.code).first()
    if found is None:
        raise NotFound("change-unknown", "変更が見つかりません。")
    return found


def _open(layer: Layer, key: UUID) -> Change:
    """A change on which nobody has decided. Raises NotFound, Stale."""
    found = _change(layer, key)
    if found.state != ChangeState.WAITING:
        raise _of(found, Stale("change-decided", "この変更は、すでに決まっています。"))
    return found


def _why(said: str) -> str:
    text = clean(said, max_length=MAX_WHY, multiline=True)
    if not text:
        raise Invalid("why-missing", "変更の理由を書いてください。")
    return text
