"""Signatures by pyHanko: PAdES B-B with the key of the city, B-T where a time-stamping authority is named."""

from madoguchi.bridges.pades.signer import open_signer
from madoguchi.messages.ports import SIGNERS

SIGNERS.add("pades", open_signer)
