"""What is known of persons (``ledger``), and the registers from which the city knows it (``register``)."""

from madoguchi.facts.models.ledger import Basis, Fact, Level, Source
from madoguchi.facts.models.register import Entry, Import, Pair

__all__ = ["Basis", "Entry", "Fact", "Import", "Level", "Pair", "Source"]
