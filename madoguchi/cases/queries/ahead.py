"""What the page of a case asks, for whoever opens it: sent in one go (``events.composing.asked_together``)."""

from madoguchi.cases.models import Case
from madoguchi.cases.queries.changes import last_look_asked
from madoguchi.cases.queries.found import whole_asked
from madoguchi.cases.queries.history import timers_asked
from madoguchi.cases.queries.phrases import phrases_asked
from madoguchi.cases.queries.worklist import following_asked
from madoguchi.events import Actor
from madoguchi.events.composing import Asked
from madoguchi.messages.queries import all_letters_about, all_messages_about


def case_asked(case: Case, by: Actor) -> list[Asked]:
    """All that is asked of any case, a member of staff reading; what hangs on an answer follows by itself."""
    return [
        *whole_asked(case),
        all_letters_about.of(case.pk),
        all_messages_about.of(case.pk),
        timers_asked(case),
        last_look_asked(case, by),
        following_asked(by),
        phrases_asked(case, by),
    ]
