"""自治体標準オープンデータセット: which of our layers are one of them, and how a feature becomes one of its rows.

The columns of 指定緊急避難場所一覧, their order and what stands in them (a hazard is 1 or empty) are those of its item
definitions, as three programs that read published files quote them, all alike; the Digital Agency's own sheet was not
at hand. What a layer does not say stays empty; nothing is guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from madoguchi.procedures.rules.city import CityFile


@dataclass(frozen=True, slots=True)
class Standard:
    """One table. ``holds``: whether a feature of the layer belongs into it; ``row``: its cells by column."""

    title: str
    layer: str
    columns: tuple[str, ...]
    holds: Callable[[Mapping[str, Any], CityFile], bool]
    row: Callable[[Mapping[str, Any], int, CityFile, float, float], Mapping[str, Any]]


_HAZARDS: Final = {
    "災害種別_洪水": "flood",
    "災害種別_崖崩れ、土石流及び地滑り": "landslide",
    "災害種別_高潮": "",
    "災害種別_地震": "earthquake",
    "災害種別_津波": "",
    "災害種別_大規模な火事": "fire",
    "災害種別_内水氾濫": "inland_flood",
    "災害種別_火山現象": "",
}


def _is_emergency_space(values: Mapping[str, Any], city: CityFile) -> bool:
    """Of this city, and designated for at least one hazard (災害対策基本法49条の4).

    A shelter to stay in is another table; and the layer has those of the neighbours near the border, too.
    """
    address = str(values.get("address") or "").removeprefix(city.prefecture["ja"])
    designated = any(values.get(one) is not None for one in _HAZARDS.values() if one)
    return designated and address.startswith(city.name["ja"])


def _evacuation_space(
    values: Mapping[str, Any], number: int, city: CityFile, lon: float, lat: float
) -> Mapping[str, Any]:
    code = city.codes.local_government
    return {
        "全国地方公共団体コード": code,
        "ID": number,
        "名称": values.get("name"),
        "所在地_全国地方公共団体コード": code,
        "所在地_連結表記": values.get("address"),
        "所在地_都道府県": city.prefecture["ja"],
        "所在地_市区町村": city.name["ja"],
        "緯度": lat,
        "経度": lon,
        "市区町村コード": code,
        "地方公共団体名": f"{city.prefecture['ja']}{city.name['ja']}",
        **{column: "1" if values.get(key) else "" for column, key in _HAZARDS.items()},
        "指定避難所との重複": "1" if values.get("also_shelter") else "",
    }


STANDARD: Final[Mapping[str, Standard]] = {
    "evacuation_space": Standard(
        title="指定緊急避難場所一覧",
        layer="shelters",
        columns=(
            "全国地方公共団体コード",
            "ID",
            "名称",
            "名称_カナ",
            "名称_英字",
            "所在地_全国地方公共団体コード",
            "町字ID",
            "所在地_連結表記",
            "所在地_都道府県",
            "所在地_市区町村",
            "所在地_町字",
            "所在地_番地以下",
            "建物名等(方書)",
            "緯度",
            "経度",
            "標高",
            "電話番号",
            "内線番号",
            "連絡先メールアドレス",
            "連絡先FormURL",
            "連絡先備考（その他、SNSなど）",
            "郵便番号",
            "市区町村コード",
            "地方公共団体名",
            *_HAZARDS,
            "指定避難所との重複",
            "想定収容人数",
            "対象となる町会・自治会",
            "URL",
            "画像",
            "画像_ライセンス",
            "備考",
        ),
        holds=_is_emergency_space,
        row=_evacuation_space,
    ),
}
