"""``python -m madoguchi.procedures.schema``: write the JSON Schema of the catalogue's files anew."""

from pathlib import Path

from madoguchi.procedures.rules.schema import schemas

for name, text in schemas().items():
    (Path(__file__).parent / name).write_text(text, encoding="utf-8")
