"""Viruses looked for by clamd, the daemon of ClamAV."""

from madoguchi.bridges.clamd.scanner import open_scanner
from madoguchi.cases.ports import SCANNERS

SCANNERS.add("clamd", open_scanner)
