"""Where the desk's header leads beyond the cases: only where the reader has something to do there."""

from dataclasses import dataclass

from madoguchi.cases import queries as cases
from madoguchi.cases.actions.reasons import MAY_DELEGATE, MAY_EXPORT, MAY_REQUEST
from madoguchi.desk.presenting.layers import concerned, refused_count, waiting_count
from madoguchi.events import Actor
from madoguchi.events.composing import Asked
from madoguchi.facts.queries import keeps
from madoguchi.messages.queries import offices_of
from madoguchi.people.queries import webhooks
from madoguchi.procedures import queries as procedures


@dataclass(frozen=True, slots=True)
class Tools:
    """What the header of a member of staff leads to, in its order. Of a visitor, nothing of it is so.

    ``messages``: cases of which the applicant waits for an answer. ``untold``: what other systems could not be told,
    None where no section of theirs answers for any. ``layers``: changes of the map that wait for their decision, and
    those of their own that were refused of late; None for whoever has no layer to do with.
    """

    messages: int = 0
    untold: int | None = None
    serves_counter: bool = False
    runs_rounds: bool = False
    hands_out: bool = False
    delegates: bool = False
    keeps_register: bool = False
    layers: tuple[int, int] | None = None
    sends_notices: bool = False
    requests_laws: bool = False


def tools_of(by: Actor | None) -> Tools:
    """What stands in the header for this reader."""
    if by is None:
        return Tools()
    has_layers = any(concerned(one, by) for one in procedures.layers().values())
    return Tools(
        messages=cases.count_waiting_for_answer(by),
        untold=webhooks.count_dead_letters(by),
        serves_counter=cases.serves_counter(by),
        runs_rounds=cases.runs_rounds(by),
        hands_out=MAY_EXPORT.holds(by, None),
        delegates=MAY_DELEGATE.holds(by, None),
        keeps_register=keeps(by),
        layers=(waiting_count(by), refused_count(by)) if has_layers else None,
        sends_notices=bool(offices_of(by)),
        requests_laws=MAY_REQUEST.holds(by, None),
    )


def header_asked(by: Actor) -> list[Asked]:
    """What :func:`tools_of` asks beside every page, for pages that send it with their own questions."""
    if not by.sections:
        return []
    return [cases.waiting_asked(by), webhooks.dead_letters_asked(by), procedures.packages_asked()]
