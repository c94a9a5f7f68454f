"""A refusal says what to do, carries its place, and repeats nothing a person typed."""

import copy

from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Refused, Stale


def test_every_refusal_has_its_status() -> None:
    assert [kind("x", "だめ").status for kind in (Refused, NotAllowed, NotFound, Stale, Invalid)] == [
        400,
        403,
        404,
        409,
        422,
    ]
    assert Refused("x", "だめ", status=429).status == 429


def test_the_message_is_filled_only_where_it_has_params() -> None:
    assert str(Refused("x", "%(n)d文字以内", {"n": 3})) == "3文字以内"
    assert str(Refused("x", "100%です")) == "100%です"


def test_params_and_fields_stay_out_of_the_repr() -> None:
    refusal = Invalid("x", "だめ", {"n": "ひみつ"}, fields={"person.name": Problem("y", "空です")})
    assert "ひみつ" not in repr(refusal)
    assert refusal.as_problem() == Problem("x", "だめ", {"n": "ひみつ"})
    again = copy.copy(refusal)
    assert (again.code, again.params, again.fields, again.status) == ("x", {"n": "ひみつ"}, refusal.fields, 422)
