"""The layers of the city: their files hold together, and with the real data they say what is known from elsewhere."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from madoguchi.events import Actor
from madoguchi.places.actions import load
from madoguchi.places.queries import Where, applies, locate
from madoguchi.places.reading import read_file
from madoguchi.places.rules.applying import Applies, Hit
from madoguchi.places.rules.layer import Follows
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.city import load_city
from madoguchi.procedures.rules.document import BrokenPackage
from madoguchi.procedures.rules.layers import check_layers, check_map, load_layers
from madoguchi.procedures.tests.shipped import daito, publish

SYSTEM = Actor("system", channel="console")
PLANE = 6674


def test_the_citys_layers_hold_together() -> None:
    assert check_layers(daito()) == []
    assert all(one.source.terms == "open" for one in procedures.layers().values() if one.see == "public")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("terms: open", "terms: to_read", "公開できません"),
        ("owner: residents", "owner: nobody", "nobody という課や部はありません"),
        ("key: [key_code]", "key: [kee]", "kee という属性はありません"),
        ("{name}です", "{nome}です", "{nome} という属性はありません"),
        ("{name}です", "{name.__class__}です", "波かっこの中は属性の名前だけです"),
        ("{name}です", "{name!r}です", "波かっこの中は属性の名前だけです"),
        ("file: daito/towns", "file: ../towns", "データの置き場所の外は指せません"),
        ("'2015-10-01'", "'2015-10-32'", "as_of が日付ではありません"),
        ("shape: polygon", "shape: line", "near は点と線のレイヤーに書きます"),
        ("accuracy: 5", "accuracy: 0", "accuracy"),
        ("terms: open", "terms: open\n  lon_lat: [x, y]", "crs が要ります"),
        ("type: integer", "type: code", "codes は type: code のときに書きます"),
        ("shape: polygon", "shape: polygon\nedit: {by: [nobody]}", "nobody という課や部はありません"),
        ("shape: polygon", "shape: polygon\nedit: {topology: {ends_meet: 1}}", "ends_meet は線のレイヤーに書きます"),
        ("shape: polygon", "shape: polygon\nsee: section\nedit: {by: [taxation]}", "ほかの課は編集できません"),
        ("answers:", "hazards: [name]\nanswers:", "hazards の name は、はい・いいえの属性ではありません"),
        ("answers:", "hazards: [nome]\nanswers:", "hazards の nome は、はい・いいえの属性ではありません"),
        ("answers:", "procedures: [{code: x, when: nome = 1}]\nanswers:", "nome という属性はありません"),
        ("answers:", "procedures: [{code: x, when: name > }]\nanswers:", "when が条件として読めません"),
        ("answers:", "procedures: [{code: x, when: name > 1}]\nanswers:", "when が条件として読めません"),
        ("answers:", "procedures: [{code: x, when: population + 1}]\nanswers:", "when が条件として読めません"),
        ("label: name", "label: nome", "nome という属性はありません"),
        ("colour: '#6b4c9a'", "colour: purple", "colour"),
        ("width: 1.5", "width: 1.5, weight: 2", "weight: という項目はありません"),
        ("width: 1.5", "by: name", "by: と colours: をそろえます"),
        ("width: 1.5", "by: population, colours: {'1': '#000000'}", "色を分けるのは text か code の属性です"),
        ("from_zoom: 11", "from_zoom: 30", "from_zoom"),
    ],
)
def test_what_a_file_of_a_layer_must_not_say(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    city = daito()
    text = (city.folder / "layers" / "towns.yaml").read_text()
    assert was in text
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "towns.yaml").write_text(text.replace(was, becomes))
    with pytest.raises(BrokenPackage) as broken:
        load_layers(replace(city, folder=tmp_path))
    assert any(said in str(one) for one in broken.value.problems)


def test_who_edits_and_who_approves_follows_from_the_organisation(tmp_path: Path) -> None:
    """Of a section its head, who stands in, and the department's head; of a department its head."""
    city = daito()
    text = (city.folder / "layers" / "towns.yaml").read_text()
    (tmp_path / "layers").mkdir()
    for owner, by, sections, deciders in (
        ("taxation", "", ("taxation",), ("general-affairs-director", "taxation-deputy", "taxation-head")),
        ("city-planning", "by: [taxation], ", ("taxation",), ("city-planning-director",)),
    ):
        said = text.replace("owner: residents", f"owner: {owner}\nedit: {{{by}approve: true}}")
        (tmp_path / "layers" / "towns.yaml").write_text(said)
        edit = load_layers(replace(city, folder=tmp_path))["towns"].edit
        assert edit is not None
        assert (edit.sections, edit.deciders) == (sections, deciders)


def test_a_procedure_that_is_not_in_the_catalogue_is_told_of(tmp_path: Path) -> None:
    city = daito()
    text = (city.folder / "layers" / "towns.yaml").read_text()
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "towns.yaml").write_text(text.replace("answers:", "procedures: [{code: nothing}]\nanswers:"))
    [problem] = check_layers(replace(city, folder=tmp_path), {"disaster-certificate"})
    assert (problem.rule, "nothing" in problem.message) == ("M02", True)
    assert check_layers(replace(city, folder=tmp_path), {"nothing"}) == []


@pytest.mark.django_db
def test_what_follows_is_what_fits_and_what_the_city_offers() -> None:
    """By the attributes that were told: where the depth is not, nothing follows from it."""
    publish()
    layer = replace(
        procedures.layers()["towns"],
        procedures=(
            Follows("disaster-certificate", "depth >= 0.5"),
            Follows("no-such-procedure"),
            Follows("after-disaster", "depth > 3"),
        ),
    )
    for depth, codes in (
        (0.5, ["disaster-certificate"]),
        (0.49, []),
        (None, []),
        (3.5, ["disaster-certificate", "after-disaster"]),
    ):
        told = {} if depth is None else {"depth": depth}
        applies = [Applies(layer, "applies", "", (Hit("1", told, True, 0.0), Hit("2", told, True, 0.0)))]
        found = procedures.following(applies)
        assert [one.procedure.procedure.code for one in found] == codes
        assert all(one.because == (layer,) for one in found)
    hit = Hit("1", {"depth": 9.0}, False, 0.0)
    assert procedures.following([Applies(layer, "unknown", "border", (hit,))]) == []


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("file: counted:cases", "file: daito/dogs.geojson", "集計するレイヤーは"),
        ("threshold: 10", "threshold: 9", "threshold"),
        ("shape: polygon", "shape: point\nnear: 5", "集計するレイヤーは"),
        ("{people}人です", "{person}人です", "{person} という属性はありません"),
        ("procedures: [dog-registration]", "procedures: []", "procedures"),
        ("file: public:cases", "file: daito/works.geojson", "案件を見せるレイヤーは"),
        ("shows: [road-occupancy]", "key: [kind]\nshows: [road-occupancy]", "案件を見せるレイヤーは"),
    ],
)
def test_what_a_layer_that_is_made_of_cases_must_not_say(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    city = daito()
    file = "road-occupancy.yaml" if "public:" in was or "shows:" in was else "dog-registrations.yaml"
    text = (city.folder / "layers" / file).read_text()
    assert was in text
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "dogs.yaml").write_text(text.replace(was, becomes))
    with pytest.raises(BrokenPackage) as broken:
        load_layers(replace(city, folder=tmp_path))
    assert any(said in str(one) for one in broken.value.problems)


def test_no_two_layers_count_the_same_cases(tmp_path: Path) -> None:
    """The difference of their figures would be a figure that nobody has rounded."""
    city = daito()
    text = (city.folder / "layers" / "dog-registrations.yaml").read_text()
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "dogs.yaml").write_text(text)
    wider = text.replace("[dog-registration]", "[dog-death, dog-registration]").replace("quarter", "month")
    (tmp_path / "layers" / "pets.yaml").write_text(wider)
    [problem] = check_layers(replace(city, folder=tmp_path))
    assert problem.rule == "M05"
    assert "dog-registration は dogs でも数えています" in str(problem)
    (tmp_path / "layers" / "pets.yaml").write_text(wider.replace(", dog-registration]", "]"))
    assert check_layers(replace(city, folder=tmp_path)) == []


def test_a_colour_is_of_a_value_that_there_is(tmp_path: Path) -> None:
    city = daito()
    text = (city.folder / "layers" / "city-planning-area.yaml").read_text()
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "area.yaml").write_text(text.replace("'2': '#4d7c0f'", "'3': '#4d7c0f'"))
    with pytest.raises(BrokenPackage) as broken:
        load_layers(replace(city, folder=tmp_path))
    assert "3 という値は codes にありません" in str(broken.value.problems[0])


def test_the_map_opens_with_layers_that_there_are(tmp_path: Path) -> None:
    city = daito()
    of_city = city.file.map
    assert of_city is not None
    file = city.file.model_copy(update={"map": of_city.model_copy(update={"shown": ("shelters", "nothing")})})
    [problem] = check_map(replace(city, file=file))
    assert "nothing というレイヤーはありません" in str(problem)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("[135.6235, 34.7119]", "[34.7119, 135.6235]", "地図の中心が日本の外です"),
        ("base: daito/", "base: ../daito/", "データの置き場所の外は指せません"),
        ("credit: ©", "# ©", "背景の地図の出典がありません"),
        ("zoom: 14", "zoom: 99", "zoom"),
    ],
)
def test_what_a_map_must_not_say(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    folder = tmp_path / "daito"
    shutil.copytree(daito().folder, folder)
    text = (folder / "city.yaml").read_text()
    assert was in text
    (folder / "city.yaml").write_text(text.replace(was, becomes))
    with pytest.raises(BrokenPackage) as broken:
        load_city(folder)
    assert any(said in str(one) for one in broken.value.problems)


@pytest.mark.django_db
@pytest.mark.skipif(settings.DATA_PACK is None, reason="needs the data pack (MADOGUCHI_DATA)")
def test_every_layer_of_the_city_is_taken_in_and_the_city_hall_is_where_it_is() -> None:
    """What is known of it from elsewhere: its town and population, school district, the shelters by metres."""
    folders = {True: settings.CITY / "layers", False: Path(str(settings.DATA_PACK))}
    from_pack = [
        one for one in procedures.layers().values() if not one.source.sample and not one.counted and not one.shows
    ]
    for layer in from_pack:
        name = layer.source.file.removeprefix("city:")
        path = folders[name != layer.source.file] / name
        load(layer, read_file(layer, path), layer.source.as_of, by=SYSTEM)
    found = {
        one.layer.code: one.sentence("ja", one.layer.seen_by("staff"))
        for one in applies(procedures.layers().values(), Where(135.6235, 34.7119), PLANE, reader="staff")
    }
    assert len(procedures.layers()) >= 20
    assert found.keys() == {one.code for one in from_pack if one.told}
    assert found["towns"] == "谷川１丁目です（平成27年の人口684人、307世帯）。"
    assert found["city-planning-area"] == "この場所は市街化区域です。"
    assert found["junior-high-district"] == "谷川中学校の校区です。"
    assert found["landform"] == "地形は氾濫平野です。"
    assert "氷野小学校（指定緊急避難場所）まで約358m" in found["shelters"]
    places = {}
    for said in ("谷川1-1-1", "住道駅", "深野", "竜間1540番地", "氷野小学校"):
        seen = locate(said, procedures.gazetteer(), procedures.layers().values(), PLANE, reader="staff")
        places[said] = [(one.name, one.level) for one in seen if one.exact]
        assert all(0 < one.error < 2_000 for one in seen)
    assert places["谷川1-1-1"] == [("谷川一丁目1番1", "town")]
    assert places["住道駅"] == [("住道駅", "landmark")]
    assert places["深野"] == [(f"深野{one}丁目", "area") for one in "一二三四五"]
    assert places["竜間1540番地"] == [("大字龍間1540番", "town")]
    assert places["氷野小学校"] == [("氷野小学校", "landmark")]
    assert locate("'; DROP TABLE layer_feature; --%", procedures.gazetteer(), procedures.layers().values(), PLANE) == []
    public = applies(procedures.layers().values(), Where(135.6235, 34.7119), PLANE)
    assert {one.layer.source.terms for one in public} == {"open"}
