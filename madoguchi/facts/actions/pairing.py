"""Doubtful pairs: they wait until a member of staff of the register's section says whether two are one."""

from collections.abc import Iterable
from uuid import UUID

from madoguchi.facts.models import Entry, Pair
from madoguchi.facts.rules.matching import Comparison


def wait(found: Iterable[tuple[Entry, UUID, Comparison]]) -> int:
    """Have these pairs decided, for acts that leave the event; how many were not asked before."""
    pairs = [Pair(entry=entry, person_id=person, comparison=dict(comparison)) for entry, person, comparison in found]
    asked = set(Pair.objects.filter(entry__in=[one.entry for one in pairs]).values_list("entry_id", "person_id"))
    return len(Pair.objects.bulk_create(one for one in pairs if (one.entry_id, one.person_id) not in asked))
