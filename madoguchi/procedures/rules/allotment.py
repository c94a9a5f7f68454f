"""Places given out over all applications of a round: who comes first, who gets what, and why not something better.

One order for all places of a group, and each takes in its turn the first of its wishes that has a place left. So nobody
can lose by naming the true wishes, and nobody stands behind someone of a lower rank at a place that was wished for more
(Gale and Shapley 1962 with one common order; Satterthwaite and Sonnenschein 1981). Pure: the desk tries it as often as
it likes, and the act writes what was shown.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.form import Form
from madoguchi.procedures.rules.format.steps import Allot, Criterion

Places = Mapping[str, Mapping[str, int]]
"""Place → group → how many."""

FINDINGS = ("place", "place_name", "wish", "rank", "applicants")
"""What a case knows of its allotment, as `finding.…`."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """One application of the round, with what the table gave it. ``values`` that are unknown come last."""

    id: str
    group: str
    values: Mapping[str, int | None]
    wishes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """A wish that was not met: how many places there were, and the values of the last who got one of them."""

    wish: int
    place: str
    places: int
    last: Mapping[str, int | None] | None


@dataclass(frozen=True, slots=True)
class Placing:
    """What became of an application: its rank among those of its group, and its place by the ``wish``-th wish."""

    applicant: Applicant
    rank: int
    among: int
    place: str | None = None
    wish: int | None = None
    misses: tuple[Miss, ...] = field(default=())


def applicant(id_: str, said: Mapping[str, Any], verdict: Mapping[str, Any], answers: Mapping[str, Any]) -> Applicant:
    """An application, from what the table gave it and what it wishes for; a wish named twice counts once."""
    wishes = dict.fromkeys(str(answers[name]) for name in said["wishes"] if answers.get(name))
    values = {name: None if verdict.get(name) is None else int(verdict[name]) for name in _values(said)}
    group = verdict.get(said["group"])
    return Applicant(id_, "" if group is None else str(group), values, tuple(wishes))


def criteria(said: Mapping[str, Any]) -> tuple[Criterion, ...]:
    """The order of a published step."""
    return tuple(Criterion.model_validate(line, strict=False) for line in said["order"])


def names(form: Form, said: Mapping[str, Any]) -> Mapping[str, LocalText]:
    """What can be wished for, by its option."""
    found = form.field_at(said["wishes"][0])
    if found is None:
        raise LookupError(f"the form has no field {said['wishes'][0]}")
    return found[1].options


def _values(said: Mapping[str, Any]) -> list[str]:
    return [line["most"] if line.get("most") else line["least"] for line in said["order"]]


def lot(seed: str, id_: str) -> str:
    """Drawn for an application: fixed by the round and the application's own id, which nobody chooses."""
    return hashlib.sha256(f"{seed} {id_}".encode()).hexdigest()


def ranked(applicants: Sequence[Applicant], order: Sequence[Criterion], seed: str) -> list[Applicant]:
    """The first first. The same applicants in any sequence give the same list."""

    def key(one: Applicant) -> tuple[tuple[bool, int], ...]:
        values = [(one.values.get(line.value), line.most is not None) for line in order]
        return tuple((value is None, 0 if value is None else -value if most else value) for value, most in values)

    return sorted(applicants, key=lambda one: (key(one), lot(seed, one.id)))


def allot(applicants: Sequence[Applicant], places: Places, order: Sequence[Criterion], seed: str) -> list[Placing]:
    """Give out ``places`` in the order of rank. Returns every applicant, the first first."""
    left = {(place, group): number for place, groups in places.items() for group, number in groups.items()}
    among = Counter(one.group for one in applicants)
    ranks: Counter[str] = Counter()
    last: dict[tuple[str, str], Mapping[str, int | None]] = {}
    result = []
    for one in ranked(applicants, order, seed):
        ranks[one.group] += 1
        misses: list[Miss] = []
        place, wish = None, None
        for number, wanted in enumerate(one.wishes, 1):
            at = (wanted, one.group)
            if left.get(at, 0) > 0:
                left[at] -= 1
                last[at] = one.values
                place, wish = wanted, number
                break
            misses.append(Miss(number, wanted, places.get(wanted, {}).get(one.group, 0), last.get(at)))
        result.append(Placing(one, ranks[one.group], among[one.group], place, wish, tuple(misses)))
    return result


def reasons(
    placing: Placing, order: Sequence[Criterion], names: Mapping[str, LocalText], labels: Mapping[str, LocalText]
) -> list[LocalText]:
    """Why this place and none that was wished for more, for the letter and the status page. Names no other applicant:
    of those who came before, only the last one's value is said, as cities publish it.
    """
    first = order[0].value
    label = labels.get(first) or LocalText({"ja": first, "ja-simple": first, "en": first})
    value, rank, among = placing.applicant.values.get(first), placing.rank, placing.among
    said = [
        _text(
            f"{label['ja']}は{value}で、同じクラスを希望した{among}人のうち{rank}番目でした。",
            f"{label.get_for('ja-simple')}は {value}です。{among}人の 中で {rank}番目でした。",
            f"{label.get_for('en')}: {value}; rank {rank} of {among} who wished for this class.",
        ),
        *(_missed(one, first, names[one.place]) for one in placing.misses),
    ]
    if placing.place is not None:
        name = names[placing.place]
        said.append(
            _text(
                f"第{placing.wish}希望の{name['ja']}に決まりました。",
                f"{placing.wish}番目に 行きたい {name.get_for('ja-simple')}に 決まりました。",
                f"You were given wish {placing.wish}, {name.get_for('en')}.",
            )
        )
    return said


def _missed(one: Miss, first: str, name: LocalText) -> LocalText:
    simple, english = f"{one.wish}番目の {name.get_for('ja-simple')}", f"Wish {one.wish}, {name.get_for('en')}"
    if one.last is None:
        return _text(
            f"第{one.wish}希望の{name['ja']}は、このクラスの募集がありませんでした。",
            f"{simple}は、入れる 人数が 0人でした。",
            f"{english}, had no place in this class.",
        )
    border = one.last.get(first)
    return _text(
        f"第{one.wish}希望の{name['ja']}（募集{one.places}人）は、順番が先の方で埋まりました"
        f"（最後に決まった方は{border}）。",
        f"{simple}（{one.places}人）は、先の 人で いっぱいに なりました（最後の 人は {border}）。",
        f"{english} ({one.places} places), was filled by those ranked before you (the last of them had {border}).",
    )


def _text(ja: str, simple: str, en: str) -> LocalText:
    return LocalText({"ja": ja, "ja-simple": simple, "en": en})


def problems(body: Allot, choices: Mapping[str, tuple[str, ...]], outputs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What does not fit the form and the table: (key of the step, what is wrong). ``choices``: options of the form."""
    for key, name in (("round", body.round), *(("wishes", wish) for wish in body.wishes)):
        if name not in choices:
            yield key, f"{name} という選択式（choice）の項目がありません"
    if len({choices[wish] for wish in body.wishes if wish in choices}) > 1:
        yield "wishes", "希望の項目の選択肢が、項目によって違います"
    for key, name in (("group", body.group), *(("order", line.value) for line in body.order)):
        if name not in outputs:
            yield key, f"表 {body.table} に {name} を決める行がありません"
