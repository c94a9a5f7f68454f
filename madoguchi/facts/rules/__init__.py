"""What must hold of facts: for what they are read, how a register's file is read, who is the same. Pure Python."""

from madoguchi.facts.rules.reading import (
    BY_BASIS,
    IN_THE_DOOR,
    OWN,
    PURPOSES,
    BasisKind,
    Permit,
    Purpose,
    PurposeCode,
    consent_to,
    consent_to_company,
    shared_by,
)

__all__ = [
    "BY_BASIS",
    "IN_THE_DOOR",
    "OWN",
    "PURPOSES",
    "BasisKind",
    "Permit",
    "Purpose",
    "PurposeCode",
    "consent_to",
    "consent_to_company",
    "shared_by",
]
