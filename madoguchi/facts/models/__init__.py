"""What is known of persons (``ledger``), and the registers from which the city knows it (``register``), who was
invited to speak for whom (``delegation``)."""

from madoguchi.facts.models.delegation import Invitation
from madoguchi.facts.models.ledger import Basis, Fact, Level, Source
from madoguchi.facts.models.register import Entry, Import, Pair

__all__ = ["Basis", "Entry", "Fact", "Import", "Invitation", "Level", "Pair", "Source"]
