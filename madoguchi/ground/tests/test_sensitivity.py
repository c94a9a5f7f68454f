"""Every field names its class; bases hand theirs down."""

from madoguchi.ground.sensitivity import Sensitivity, classified, differences, sensitivity_of


@classified(id=Sensitivity.INTERNAL)
class Base:
    pass


@classified(name=Sensitivity.PERSONAL)
class Person(Base):
    pass


def test_classes_are_inherited_and_checked() -> None:
    assert sensitivity_of(Person) == {"id": Sensitivity.INTERNAL, "name": Sensitivity.PERSONAL}
    assert sensitivity_of(Base) == {"id": Sensitivity.INTERNAL}
    assert differences(Person, ["id", "name"]) == (frozenset(), frozenset())
    assert differences(Person, ["id", "phone"]) == (frozenset({"phone"}), frozenset({"name"}))


def test_ranks() -> None:
    assert [member.rank for member in Sensitivity] == [0, 1, 2, 3]
    assert Sensitivity.SPECIAL.at_least(Sensitivity.PERSONAL)
    assert not Sensitivity.INTERNAL.at_least(Sensitivity.PERSONAL)
