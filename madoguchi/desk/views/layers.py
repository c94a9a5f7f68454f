"""The layers of the map at the desk: features are looked up, edited, approved, and changed many at once by a table.

A feature's address names a row, and a row is how the feature was: whoever posts says so on what their form was made.
"""

import csv
import io
from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from madoguchi.cases import actions as cases
from madoguchi.cases.models import Scan
from madoguchi.cases.rules import uploads
from madoguchi.desk.access import desk, words
from madoguchi.desk.presenting.features import (
    ChangePage,
    FeaturePage,
    anew,
    change_page,
    feature_page,
    foreseen,
    table_page,
)
from madoguchi.desk.presenting.layers import concerned, layer_page, layers_page, wanted
from madoguchi.desk.views.exporting import cell
from madoguchi.desk.views.files import file_response
from madoguchi.desk.views.listing import day_of, key_of
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale, fill
from madoguchi.mapping.serving import with_policy
from madoguchi.places import actions
from madoguchi.places import queries as places
from madoguchi.places.models import Change, ChangeState, Feature
from madoguchi.places.queries import Where
from madoguchi.places.rules import editing
from madoguchi.places.rules.editing import Grounds, Picture
from madoguchi.places.rules.layer import Layer, includes, reader_of
from madoguchi.procedures import queries as procedures


@require_safe
@desk
def layers(request: HttpRequest, by: Actor) -> HttpResponse:
    """The layers with which one has to do, and the changes that wait."""
    return render(request, "desk/layers.html", {"page": layers_page(by)})


@require_safe
@desk
def layer(request: HttpRequest, by: Actor, code: str) -> HttpResponse:
    """The features of a layer, searched and in pages."""
    meant = _layer(code, by)
    page = layer_page(meant, by, _asked(request))
    return render(request, "desk/layer.html", {"page": page}, status=422 if page.problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def new(request: HttpRequest, by: Actor, code: str) -> HttpResponse:
    """A new feature."""
    meant = _editable(code, by)
    if request.method != "POST":
        return _shown(request, feature_page(meant, None, by, given=_asked_before(request, meant, None, by)))
    given = _given(request)
    try:
        made = actions.add(
            meant, _attributes(given), editing.drawn(meant, given["shape"]), on=day_of(given.get("on", "")),
            why=given.get("why", ""), grounds=grounds(), by=by,
        )  # fmt: skip
    except Refused as refusal:
        return _shown(request, feature_page(meant, None, by, given=given, refusal=refusal), refusal.status)
    return _done(request, made)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def feature(request: HttpRequest, by: Actor, code: str, key: UUID) -> HttpResponse:
    """A feature as it is or was; posted, what is to become of it."""
    meant = _layer(code, by)
    one = places.feature(meant, key)
    if request.method != "POST":
        given = _asked_before(request, meant, one, by)
        return _shown(request, feature_page(meant, one, by, given=given, now=_newer(meant, one) if given else None))
    _editable(code, by)
    given = _given(request)
    try:
        made = _act_on(meant, one, given, by)
    except Refused as refusal:
        now = _newer(meant, one) if isinstance(refusal, Stale) else None
        return _shown(request, feature_page(meant, one, by, given=given, refusal=refusal, now=now), refusal.status)
    return _done(request, made)


def _newer(meant: Layer, one: Feature) -> Feature | None:
    """What stands instead of a row."""
    return places.standing(meant.code).filter(key=one.key).exclude(pk=one.pk).first()


def _asked_before(request: HttpRequest, meant: Layer, one: Feature | None, by: Actor) -> dict[str, str] | None:
    """The form as it was for the change that ``from`` names, so that it can be mended and asked for again."""
    key = key_of(request.GET.get("from", ""))
    return anew(meant, places.change(meant, key), one, by) if key is not None else None


def _act_on(meant: Layer, one: Feature, given: Mapping[str, str], by: Actor) -> Change:
    deed, why, on = given.get("deed", ""), given.get("why", ""), day_of(given.get("on", ""))
    if deed == "end":
        return actions.end(meant, one.pk, on=on, why=why, grounds=grounds(), by=by)
    if deed == "drop":
        return actions.drop(meant, one.pk, why=why, grounds=grounds(), by=by)
    shape = editing.drawn(meant, given["shape"])
    moved = shape if shape != bytes(one.geom.wkb) else None
    said = _attributes(given)
    if deed == "change":
        return actions.change(meant, one.pk, said, moved, on=on, why=why, grounds=grounds(), by=by)
    return actions.correct(meant, one.pk, said, moved, why=why, grounds=grounds(), by=by)


@require_POST
@desk
def photos(request: HttpRequest, by: Actor, code: str, key: UUID) -> HttpResponse:
    """A photograph of a feature, taken in: looked at for viruses, and encoded anew without what the camera wrote."""
    meant = _editable(code, by)
    one = places.feature(meant, key)
    try:
        sent = request.FILES.get("photo")
        if sent is None or isinstance(sent, list):
            raise Invalid("file-empty", "写真を選んでください。")
        if (sent.size or 0) > uploads.MAX_BYTES:
            raise uploads.too_large()
        content = bytes(sent.read())
        if cases.scanned(content, by=by, verb="feature.attach") == Scan.WAITING:
            raise Invalid("scanner-down", "いまはウイルス検査ができません。少し待ってから、もう一度送ってください。")
        kept = uploads.check(sent.name or "", content, images_only=True)
        picture = Picture(kept.name, kept.media_type, kept.content, kept.width or 0, kept.height or 0)
        actions.attach(meant, one.pk, picture, by=by)
    except Refused as refusal:
        return _shown(request, feature_page(meant, one, by, refusal=refusal), refusal.status)
    notices.success(request, gettext("写真を付けました。"))
    return redirect("desk:feature", meant.code, one.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def photo(request: HttpRequest, by: Actor, code: str, key: UUID, photo_id: UUID) -> HttpResponse:
    """A photograph; posted, that it is removed."""
    meant = _layer(code, by)
    if request.method == "POST":
        actions.detach(meant, photo_id, by=by)
        notices.success(request, gettext("写真を消しました。"))
        return redirect("desk:feature", meant.code, key)
    found, content = places.photo(meant, photo_id)
    return file_response(content, found.media_type, found.name, inline=True)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def change(request: HttpRequest, by: Actor, code: str, key: UUID) -> HttpResponse:
    """A change; posted, that it is approved, refused, withdrawn or undone."""
    meant = _layer(code, by)
    one = places.change(meant, key)
    if request.method != "POST":
        return _compared(request, change_page(meant, one, by))
    why, todo = request.POST.get("why", "").replace("\0", ""), request.POST.get("_do", "")
    try:
        if todo == "approve":
            actions.approve(meant, one.pk, grounds=grounds(), by=by)
            notices.success(request, gettext("承認しました。地図に反映されています。"))
        elif todo == "refuse":
            actions.refuse(meant, one.pk, why=why, by=by)
            notices.success(request, gettext("認めないことを記録しました。地図は変わっていません。"))
        elif todo == "withdraw":
            actions.withdraw(meant, one.pk, by=by)
            notices.success(request, gettext("取り下げました。"))
        else:
            return _done(request, actions.undo(meant, one.pk, why=why, grounds=grounds(), by=by))
    except Refused as refusal:
        page = change_page(meant, places.change(meant, key), by, why, refusal)
        return _compared(request, page, refusal.status)
    return redirect("desk:layer-change", meant.code, one.pk)


@require_safe
@desk
def features_csv(request: HttpRequest, by: Actor, code: str) -> HttpResponse:
    """The features as a table to be edited and taken in again (UTF-8 with a mark, CRLF); those that the page shows."""
    meant = _layer(code, by)
    attributes = meant.seen_by(reader_of(by)(meant))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([editing.ROW, editing.DEED, *editing.headings(attributes), editing.SHAPE])
    for one in places.written_out(meant, reader_of(by)(meant), wanted(meant, by, _asked(request))):
        values = map(cell, editing.cells(attributes, one.properties))
        writer.writerow([one.pk, "", *values, editing.as_wkt(bytes(one.geom.wkb))])
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{meant.code}.csv"'
    return response


@require_safe
@desk
def near(request: HttpRequest, by: Actor, code: str) -> HttpResponse:
    """What of the layer is in view, for the map on which a feature is drawn: shapes only."""
    meant = _layer(code, by)
    if not includes(meant.see, reader_of(by)(meant)):
        raise NotFound("layer-unknown", "レイヤーが見つかりません。")
    try:
        west, south, east, north = (float(one) for one in request.GET.get("box", "").split(","))
        sides = (Where(west, south), Where(east, north))
    except ValueError:
        raise Invalid("box-unread", "範囲を読めません。") from None
    box = (sides[0].lon, sides[0].lat, sides[1].lon, sides[1].lat)
    shapes = places.around(meant, box, key_of(request.GET.get("apart", "")))
    body = ",".join(f'{{"type":"Feature","properties":{{}},"geometry":{one}}}' for one in shapes)
    return HttpResponse(f'{{"type":"FeatureCollection","features":[{body}]}}', content_type="application/geo+json")


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def table(request: HttpRequest, by: Actor, code: str) -> HttpResponse:
    """Many features at once: a table is looked at first, and made when it is posted again as it was shown."""
    meant = _editable(code, by)
    page = table_page(meant)
    if request.method != "POST":
        return render(request, "desk/layer_table.html", {"page": page})
    page.mistake = request.POST.get("deed", "correct") != "change"
    page.on, page.why = request.POST.get("on", page.today)[:10], request.POST.get("why", "").replace("\0", "")[:1000]
    try:
        page.table = _table(request)
        rows = editing.rows_of(page.table)
        known = places.standings(meant, editing.written_on(rows))
        read = editing.read_table(meant, rows, known, meant.seen_by(reader_of(by)(meant)), mistake=page.mistake)
        foreseen(page, meant, read, by)
        if request.POST.get("_do") == "save" and page.ready:
            lines = [one.line for one in read.foreseen]
            made = actions.amend(meant, lines, on=day_of(page.on), why=page.why, grounds=grounds(), by=by)
            return _done(request, made)
    except Refused as refusal:
        page.problem = words(refusal)
        page.problems = {name: fill(gettext(one.message), one.params) for name, one in refusal.fields.items()}
        return render(request, "desk/layer_table.html", {"page": page}, status=refusal.status)
    return render(request, "desk/layer_table.html", {"page": page}, status=422 if page.wrong else 200)


def _asked(request: HttpRequest) -> dict[str, str]:
    """What the address of a table says."""
    return {name: request.GET.get(name, "").replace("\0", "")[:300] for name in request.GET}


def _table(request: HttpRequest) -> str:
    """The file that was chosen, or the table as it was shown (in more bytes than it came in). Raises Invalid."""
    if (sent := request.FILES.get("file")) is not None and not isinstance(sent, list):
        if (sent.size or 0) > editing.MAX_TABLE:
            raise editing.too_large()
        return editing.text_of(bytes(sent.read()))
    said = request.POST.get("table", "")
    if not said:
        raise Invalid("table-missing", "CSVファイルを選んでください。")
    if len(said) > editing.MAX_TABLE + editing.MAX_ROWS:
        raise editing.too_large()
    return said


def _layer(code: str, by: Actor) -> Layer:
    """A layer with which somebody has to do. Raises NotFound, NotAllowed."""
    found = procedures.layers().get(code)
    if found is None:
        raise NotFound("layer-unknown", "レイヤーが見つかりません。")
    if not concerned(found, by):
        raise NotAllowed("layer-of-another", "このレイヤーの画面は、担当する課と編集する課の人が使います。")
    return found


def _editable(code: str, by: Actor) -> Layer:
    found = _layer(code, by)
    if not actions.EDITS.holds(by, found):
        refusal = NotAllowed("layer-not-edited", "このレイヤーを編集するのは、別の課です。")
        refuse("feature.change", refusal, by=by)
        raise refusal
    return found


def grounds() -> Grounds:
    """The city in which features stand."""
    city = procedures.city().file
    return Grounds(city.plane, city.codes.municipality)


def _given(request: HttpRequest) -> dict[str, str]:
    """What was typed, as far as a form of a feature has it."""
    said = {name: request.POST.get(name, "").replace("\0", "") for name in ("deed", "on", "why", "shape")}
    typed = {name: request.POST.get(name, "").replace("\0", "") for name in request.POST if name.startswith("p-")}
    return {**said, **typed}


def _attributes(given: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix("p-"): value for name, value in given.items() if name.startswith("p-")}


def _shown(request: HttpRequest, page: FeaturePage, status: int = 200) -> HttpResponse:
    """The page of a feature, on which a map may be drawn."""
    return with_policy(render(request, "desk/feature.html", {"page": page}, status=status))


def _compared(request: HttpRequest, page: ChangePage, status: int = 200) -> HttpResponse:
    """The page of a change, on which what was and what will be is on the map."""
    return with_policy(render(request, "desk/layer_change.html", {"page": page}, status=status))


def _done(request: HttpRequest, made: Change) -> HttpResponse:
    """Say what has become of a change, and show it."""
    if made.state == ChangeState.WAITING:
        notices.success(request, gettext("承認を求めました。承認されるまで、地図は変わりません。"))
    else:
        notices.success(request, gettext("保存しました。地図に反映されています。"))
    return redirect("desk:layer-change", made.layer, made.pk)
