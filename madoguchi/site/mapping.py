"""The layers of the map at the command line, in lines: what there is, files taken in, what applies at a point."""

import datetime as dt
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

from madoguchi.cases.actions import computing, showing
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.places import actions, queries
from madoguchi.places.reading import file_digest, read, read_file
from madoguchi.places.rules.layer import Audience, Layer
from madoguchi.procedures import queries as procedures
from madoguchi.site.land import drawn

logger = logging.getLogger(__name__)

#: Rows of a report that are printed; the edition keeps more.
PRINTED = 10


@dataclass(frozen=True, slots=True)
class Line:
    """A line to print; ``ok`` is false where something was refused."""

    words: str
    ok: bool = True


def all_layers() -> Iterator[Line]:
    """Each layer in one line: code, who may see it, title, features and day of its newest edition."""
    held = queries.newest()
    for code, layer in procedures.layers().items():
        edition = held.get(code)
        state = f"第{edition.number}版 {edition.as_of}" if edition else "未取り込み"
        if edition and "read" in edition.report:
            state += f" {edition.report['read']:,}件"
        overdue = edition is not None and layer.source.is_overdue(edition.as_of, clock.today())
        late = f"　更新の時期をすぎています（{layer.source.due(edition.as_of)}）" if edition and overdue else ""
        yield Line(f"{code:24} {layer.see:8} {layer.title['ja']}　{state}{late}")


def load(codes: Sequence[str], file: Path | None, as_of: dt.date | None, *, anyhow: bool) -> Iterator[Line]:
    """Take in the files of these layers: all of which there is a file, where none is named."""
    known = procedures.layers()
    if unknown := sorted(set(codes) - known.keys()):
        yield Line(f"there is no layer {', '.join(unknown)}; `madoguchi layers list` shows them", ok=False)
        return
    if file is not None and len(codes) != 1:
        yield Line("--file is for one layer: name it", ok=False)
        return
    for code in codes or known:
        layer = known[code]
        if layer.counted is not None:
            yield _counted(layer, named=bool(codes))
            continue
        if layer.shows:
            edition = showing.show(layer, by=Actor("system", channel="console"))
            yield Line(f"{code:24} 第{edition.number}版 {edition.as_of}: {edition.report['read']:,}件")
            continue
        path = file or _file(layer)
        if path is None and not layer.source.sample:
            yield Line(f"{code:24} no file: {layer.source.file}", ok=not codes)
        else:
            yield from _taken_in(layer, path, as_of, anyhow=anyhow)


def _file(layer: Layer) -> Path | None:
    """Where the layer's file stands; None where the sample city draws it, or there is no data pack."""
    of_city = layer.source.file.removeprefix("city:")
    if of_city != layer.source.file:
        return settings.CITY / "layers" / of_city
    if layer.source.sample or settings.DATA_PACK is None:
        return None
    path = Path(settings.DATA_PACK) / layer.source.file
    return path if path.is_file() else None


def _taken_in(layer: Layer, path: Path | None, as_of: dt.date | None, *, anyhow: bool) -> Iterator[Line]:
    """Take in this file; without one, what the sample city draws."""
    began, by = time.monotonic(), Actor("system", channel="console")
    try:
        reading = read_file(layer, path, _locate) if path is not None else read(layer, drawn(layer.source.file))
        edition = actions.load(layer, reading, as_of or layer.source.as_of, by=by, anyhow=anyhow)
    except Refused as refused:
        anyway = (
            "そのとおりなら --most-gone を付けます。" if refused.code in ("most-would-go", "edits-would-go") else ""
        )
        yield Line(f"{layer.code:24} {refused}{anyway}", ok=False)
        return
    report = edition.report
    counts = f"{report['read']:,}件（新{report['new']:,}・変{report['changed']:,}・消{report['gone']:,}）"
    mended = f"直した形{report['repaired']}・使えない{report['refused']}"
    if located := report["located"]:
        mended += "・住所から置いた場所：" + "、".join(f"{_LEVELS[level]}{many}" for level, many in located.items())
    took = time.monotonic() - began
    yield Line(f"{layer.code:24} 第{edition.number}版 {edition.as_of}: {counts}{mended}　{took:.1f}秒")
    for row, _, words in report["told"][:PRINTED]:
        yield Line(f"{'':24}   {row}件目 {words}")


def _counted(layer: Layer, *, named: bool) -> Line:
    """Count what a layer counts, where a period is over that was not counted yet."""
    if not named and not computing.is_due(layer):
        return Line(f"{layer.code:24} 集計ずみ")
    try:
        edition = computing.count_layer(layer, by=Actor("system", channel="console"))
    except Refused as refused:
        return Line(f"{layer.code:24} {refused}", ok=False)
    return Line(f"{layer.code:24} 第{edition.number}版 {edition.as_of}: {edition.report['read']:,}件")


_LEVELS: Final = {"lot": "地番", "town": "町", "area": "地区", "landmark": "施設の名前"}


def _locate(address: str) -> Sequence[queries.Located]:
    city = procedures.city().file
    return queries.locate(address, procedures.gazetteer(), procedures.layers().values(), city.plane, reader="staff")


def renew() -> int:
    """Take in the files of the data pack that have changed since; how many. What people edited since is left to them.

    A file that is refused is told of once, and tried again when it has changed.
    """
    renewed, held = 0, queries.newest()
    for code, layer in procedures.layers().items():
        path, edition = _file(layer), held.get(code)
        if path is None or edition is None or not edition.digest:
            continue
        digest = file_digest(layer, path)
        if digest in _REFUSED or queries.was_taken_in(code, digest):
            continue
        lines = list(_taken_in(layer, path, None, anyhow=False))
        if all(one.ok for one in lines):
            renewed += 1
        else:
            _REFUSED.add(digest)
            logger.warning("a new file of layer %s was refused: %s", code, lines[0].words)
    return renewed


_REFUSED: Final[set[str]] = set()


def at(lon: float, lat: float, on: dt.date | None, reader: Audience) -> Iterator[Line]:
    """What applies at a point, in sentences, each with its source."""
    layers, plane = procedures.layers(), procedures.city().file.plane
    try:
        found = queries.applies(layers.values(), queries.Where(lon, lat), plane, reader=reader, on=on)
    except Refused as refused:
        yield Line(str(refused), ok=False)
        return
    for one in found:
        near = f"{one.layer.near:,.0f}m以内に記録がありません。" if one.layer.shape != "polygon" else ""
        words = one.sentence("ja") or near or "わかりません（データがありません）。"
        doubt = "ただし境界の近くです。担当課に確かめてください。" if one.why == "border" else ""
        yield Line(f"{one.layer.title['ja']}：{words}{doubt}")
        yield Line(f"    {one.layer.source.credit}（{one.as_of}現在）")


def find(text: str) -> Iterator[Line]:
    """The places that a text may mean, with where they are and how surely."""
    city = procedures.city().file
    found = queries.locate(text, procedures.gazetteer(), procedures.layers().values(), city.plane, reader="staff")
    for one in found:
        doubt = "" if one.exact else "？"
        beside = f"　{one.beside.words}" if one.beside else ""
        place = f"{one.at.lon:.6f} {one.at.lat:.6f}　±{one.error:,.0f}m（{one.level}）"
        yield Line(f"{one.name}{doubt}　{place}{beside}")
    if not found and queries.lacks_place(text):
        yield Line("どこの近くかも書いてください（住道駅の近くの避難所）。", ok=False)
    elif not found:
        yield Line("見つかりません。", ok=False)


def reverse(lon: float, lat: float) -> Iterator[Line]:
    """What a point is called, and what is near it."""
    city, layers = procedures.city().file, procedures.layers().values()
    try:
        called = queries.reverse(queries.Where(lon, lat), procedures.gazetteer(), layers, city.plane, reader="staff")
    except Refused as refused:
        yield Line(str(refused), ok=False)
        return
    if called.level == "nowhere":
        yield Line("市の外か、町のレイヤーがまだありません。", ok=False)
    else:
        doubt = "" if called.sure else "？ 境界の近く"
        yield Line(f"{called.name}{doubt}　±{called.error:,.0f}m（{called.level}）")
    for one in called.beside:
        yield Line(f"    {one.words}")
