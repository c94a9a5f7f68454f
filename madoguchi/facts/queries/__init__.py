"""What is known of persons, through its one door; who stands in a register, and who lives with whom."""

from madoguchi.facts.queries.household import Member, household_of, household_rows
from madoguchi.facts.queries.ledger import (
    VOUCHED,
    Known,
    NoBasis,
    Reading,
    all_known,
    beginning_of_day,
    count,
    everything,
    holders,
    known,
    known_rows,
    of_the_day,
    open_to,
    read,
    readings,
)
from madoguchi.facts.queries.matching import hold, office_of, row_named
from madoguchi.facts.queries.pairs import Sides, keeps, open_pair, open_pairs, sides

__all__ = [
    "VOUCHED",
    "Known",
    "Member",
    "NoBasis",
    "Reading",
    "Sides",
    "all_known",
    "beginning_of_day",
    "count",
    "everything",
    "hold",
    "holders",
    "household_of",
    "household_rows",
    "keeps",
    "known",
    "known_rows",
    "of_the_day",
    "office_of",
    "open_pair",
    "open_pairs",
    "open_to",
    "read",
    "readings",
    "row_named",
    "sides",
]
