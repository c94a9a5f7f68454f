"""What is known of persons, through its one door; who stands in a register, and who lives with whom."""

from madoguchi.facts.queries.ledger import (
    VOUCHED,
    Known,
    NoBasis,
    Reading,
    all_known,
    count,
    everything,
    holders,
    known,
    known_rows,
    open_to,
    read,
    readings,
)

__all__ = [
    "VOUCHED",
    "Known",
    "NoBasis",
    "Reading",
    "all_known",
    "count",
    "everything",
    "holders",
    "known",
    "known_rows",
    "open_to",
    "read",
    "readings",
]
