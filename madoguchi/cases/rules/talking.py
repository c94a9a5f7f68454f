"""How much may be said about a case, and until when. Pure."""

from datetime import datetime, timedelta
from typing import Final

#: Code points of one message.
MOST_CHARACTERS: Final = 2000
#: Messages of an applicant about one case, and about all their cases, within a day.
MOST_PER_CASE: Final = 10
MOST_PER_PERSON: Final = 30
WINDOW: Final = timedelta(days=1)
#: After a case has ended questions about it are still answered for so long; then a new one begins a new case.
OPEN_AFTER_END: Final = timedelta(days=90)


def is_open(received_at: datetime | None, ended_at: datetime | None, now: datetime) -> bool:
    """Whether the two sides may still write to each other."""
    return received_at is not None and (ended_at is None or now - ended_at < OPEN_AFTER_END)
