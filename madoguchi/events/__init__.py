"""Events: what happened, who did it, why it was allowed. The log is the outbox and, once sealed, the evidence.

``act`` is the one way to change anything; ``record`` adds a fact about the change to the event being written.
Events carry no personal values: ids, names of steps and fields, dates, outcomes. That is why the log can be
kept and proven while the case's personal data is deleted on its day.
"""

from madoguchi.events.acting import act, record
from madoguchi.events.rules import SYSTEM, Actor, Reason

__all__ = ["SYSTEM", "Actor", "Reason", "act", "record"]
