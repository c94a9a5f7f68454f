"""公的個人認証 (JPKI): how what a card signs becomes a CMS, and what must hold of one before we believe it.

Registers itself into ``people.ports.SIGNATURE_FORMATS`` as ``jpki``. Settings: ``JPKI_ROOTS`` and ``JPKI_TEST_ROOTS``
name the files of the signing authority's certificates. Whether a certificate was revoked is not asked here.
"""

from madoguchi.bridges.jpki.format import open_format
from madoguchi.people.ports import SIGNATURE_FORMATS

SIGNATURE_FORMATS.add("jpki", open_format)
