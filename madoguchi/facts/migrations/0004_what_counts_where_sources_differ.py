"""Where sources differ: the word of the nearest day counts, not the one that came in last.

A register that is joined or imported later speaks of its own day, and no longer displaces what was said since. A card
comes last while its person stands in a register: it is written from one, and keeps the old address until it is written
anew; nor does it say anything new by being shown again. ``{*}`` asks for both: what the records say, and what was only
said.

The functions are changed where they stand, so that it does not matter what else a migration beside this one has changed.
"""

from django.db import migrations

_WORD = "p_sources = ARRAY['*'] AND f.source IN ('self', 'proxy')"
_STANDS = "EXISTS (SELECT FROM register_entry e WHERE e.person_id = {} AND (e.gone_since IS NULL OR e.gone_since > {}))"
CHANGES = {
    "fact_read": [
        (
            "    v_withheld text[] := '{}';\nBEGIN",
            "    v_withheld text[] := '{}';\n"
            f"    v_stands boolean := {_STANDS.format('p_person', 'p_day')};\nBEGIN",
        ),
        ("SELECT DISTINCT ON (f.key, f.row)\n", f"SELECT DISTINCT ON (f.key, f.row, {_WORD})\n"),
        (
            "AND (p_sources = '{}' OR f.source = ANY (p_sources))\n        ORDER BY f.key, f.row, f.recorded_at DESC",
            "AND (p_sources = '{}' OR p_sources = ARRAY['*'] OR f.source = ANY (p_sources))\n"
            f"        ORDER BY f.key, f.row, {_WORD},\n"
            "                 v_stands AND f.source = 'card', f.as_of DESC, f.recorded_at DESC",
        ),
    ],
    "fact_state": [
        (
            "ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1\n    ) AS last ON true\n    WHERE (last.value",
            "ORDER BY f.source = 'card' AND "
            + _STANDS.format("told.person", "(p_at AT TIME ZONE 'Asia/Tokyo')::date")
            + ",\n            f.as_of DESC, f.recorded_at DESC, f.id DESC LIMIT 1\n    ) AS last ON true\n"
            "    LEFT JOIN LATERAL (\n"
            "        SELECT f.value FROM fact f\n"
            "        WHERE f.person_id = told.person AND f.key = told.key AND f.row = told.\"row\" AND f.source = 'card'\n"
            "        ORDER BY f.as_of DESC, f.recorded_at DESC, f.id DESC LIMIT 1\n"
            "    ) AS card ON p_source = 'card'\n"
            "    WHERE (card.value = told.value) IS NOT TRUE AND (last.value",
        ),
    ],
}


def forwards(apps, editor):
    for name, changes in CHANGES.items():
        _change(editor, name, changes)


def backwards(apps, editor):
    for name, changes in CHANGES.items():
        _change(editor, name, [(new, old) for old, new in changes])


def _change(editor, name, changes):
    with editor.connection.cursor() as cursor:
        found = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s AND pronamespace = 'public'::regnamespace"
        cursor.execute(found, [name])
        [(text,)] = cursor.fetchall()
        for old, new in changes:
            if text.count(old) != 1:
                raise RuntimeError(f"{name} is not as this migration knows it: {old}")
            text = text.replace(old, new)
        cursor.execute(text)


class Migration(migrations.Migration):
    dependencies = [("madoguchi_facts", "0003_registers_and_who_is_who")]

    operations = [migrations.RunPython(forwards, backwards)]
