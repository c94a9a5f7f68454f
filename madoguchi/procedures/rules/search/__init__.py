"""Finding a procedure by what people type: old words, kana, misspelt, English, whole questions.

1. Every published procedure becomes an :class:`Entry`: its texts by field, in all languages (``entries``).
2. What people say for it (``catalogue/synonyms.yaml``) becomes one more field, so that everyday words are searched,
   completed and forgiven like its own.
3. The :class:`Index` ranks by words (BM25 over weighted fields) and by sound (``words``), and answers with what fits
   and, where nothing does, with what comes near: a person decides, never a threshold alone.
"""

from madoguchi.procedures.rules.search.entries import Entry, entry
from madoguchi.procedures.rules.search.index import Found, Index
from madoguchi.procedures.rules.search.synonyms import Synonyms, SynonymsFile, load_synonyms

__all__ = ["Entry", "Found", "Index", "Synonyms", "SynonymsFile", "entry", "load_synonyms"]
