"""Who is under 支援措置 on a day is one question of all persons, and of one of them the same question.

Asked row by row it cost a list of thousands a millisecond for each line. Those who are protected are few: an index
holds whoever was ever said to be, and the questions below begin there, or at the person where one is named. They are
written into whatever asks them (plain SQL, no rights of their own), so that there is no second wording of the rule.
"""

from django.db import migrations, models

INLINE = "LANGUAGE sql STABLE"
OWN = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp"

#: As it was, but parsed when it is made: so it needs no path of its own, and is written into what asks it.
FOLDED = r"""
CREATE OR REPLACE FUNCTION fact_folded(p_value jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN lower(regexp_replace(normalize(p_value #>> '{}', NFKC), '\s', '', 'g'));
"""
FOLDED_BEFORE = r"""
CREATE OR REPLACE FUNCTION fact_folded(p_value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS
$$ SELECT lower(regexp_replace(normalize(p_value #>> '{}', NFKC), '\s', '', 'g')) $$;
"""
ALL = f"""
-- Of whom a record or the staff say so: the last word that holds on that day.
CREATE FUNCTION fact_said_confidential(p_day date) RETURNS TABLE (person uuid) {INLINE} ROWS 200 AS $$
    SELECT f.person_id FROM fact f
    WHERE f.key = 'person.confidential' AND f.row = '' AND f.value = 'true'::jsonb AND f.source IN ('register', 'staff')
        AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day)
        AND NOT EXISTS (
            SELECT FROM fact newer
            WHERE newer.person_id = f.person_id AND newer.key = 'person.confidential' AND newer.row = ''
                AND newer.source IN ('register', 'staff')
                AND (newer.valid_from IS NULL OR newer.valid_from <= p_day)
                AND (newer.valid_to IS NULL OR newer.valid_to > p_day)
                AND (newer.recorded_at, newer.id) > (f.recorded_at, f.id))
$$;

-- A protected human who has signed in and waits to be joined with their entry is as protected as the entry.
CREATE FUNCTION fact_confidential(p_day date) RETURNS TABLE (person uuid) {INLINE} ROWS 200 AS $$
    SELECT said.person FROM fact_said_confidential(p_day) AS said
    UNION ALL
    SELECT p.person_id FROM register_pair p JOIN register_entry e ON e.id = p.entry_id
        JOIN fact_said_confidential(p_day) AS said ON said.person = e.person_id
    WHERE p.decided_at IS NULL
$$;

-- Nor is whoever has a protected entry's name (or its kana) and day of birth: nobody has found out yet that it is they, or
-- has found that it is not; neither is for somebody who may not know that the entry is there.
CREATE FUNCTION fact_hidden(p_day date) RETURNS TABLE (person uuid) {INLINE} ROWS 200 AS $$
    SELECT one.person FROM fact_confidential(p_day) AS one
    UNION ALL
    SELECT mine.person_id FROM fact_said_confidential(p_day) AS said
        JOIN fact born ON born.person_id = said.person AND born.key = 'person.date_of_birth' AND born.row = ''
        JOIN fact mine ON mine.key = 'person.date_of_birth' AND mine.row = '' AND mine.value = born.value
            AND mine.person_id <> born.person_id
    WHERE EXISTS (SELECT FROM register_entry e WHERE e.person_id = said.person)
        AND EXISTS (
            SELECT FROM fact a JOIN fact b ON b.key = a.key AND fact_folded(b.value) = fact_folded(a.value)
            WHERE a.person_id = mine.person_id AND a.row = '' AND b.person_id = said.person AND b.row = ''
                AND a.key IN ('person.full_name', 'person.full_name_kana')
                AND b.key IN ('person.full_name', 'person.full_name_kana'))
$$;

-- All of whom a reader whose law does not name them may not know that they are there. It tells no more than
-- fact_open_to does of any persons; nothing is read.
CREATE FUNCTION fact_hidden_at(p_at timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200 SET search_path = public, pg_temp AS $$
BEGIN  -- planned once for a connection
    RETURN QUERY SELECT one.person FROM fact_hidden((p_at AT TIME ZONE 'Asia/Tokyo')::date) AS one;
END $$;

REVOKE EXECUTE ON FUNCTION
    fact_said_confidential(date), fact_confidential(date), fact_hidden(date), fact_hidden_at(timestamptz)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fact_hidden_at(timestamptz) TO madoguchi_app;
"""
NOT_ALL = """
DROP FUNCTION fact_hidden_at(timestamptz);
DROP FUNCTION fact_hidden(date);
DROP FUNCTION fact_confidential(date);
DROP FUNCTION fact_said_confidential(date);
"""
ONE = "".join(
    f"""
CREATE OR REPLACE FUNCTION {of_one}(p_person uuid, p_day date) RETURNS boolean {OWN} AS
$$ SELECT EXISTS (SELECT FROM {of_all}(p_day) AS one WHERE one.person = p_person) $$;
"""
    for of_one, of_all in [
        ("fact_says_confidential", "fact_said_confidential"),
        ("fact_is_confidential", "fact_confidential"),
        ("fact_is_hidden", "fact_hidden"),
    ]
)
ROW_BY_ROW = f"""
CREATE OR REPLACE FUNCTION fact_says_confidential(p_person uuid, p_day date) RETURNS boolean {OWN} AS $$
    SELECT coalesce((
        SELECT f.value = 'true'::jsonb FROM fact f
        WHERE f.person_id = p_person AND f.key = 'person.confidential' AND f.row = ''
            AND f.source IN ('register', 'staff')
            AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day)
        ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1), false)
$$;
CREATE OR REPLACE FUNCTION fact_is_confidential(p_person uuid, p_day date) RETURNS boolean {OWN} AS $$
    SELECT fact_says_confidential(p_person, p_day) OR EXISTS (
        SELECT FROM register_pair p JOIN register_entry e ON e.id = p.entry_id
        WHERE p.person_id = p_person AND p.decided_at IS NULL AND fact_says_confidential(e.person_id, p_day))
$$;
CREATE OR REPLACE FUNCTION fact_is_hidden(p_person uuid, p_day date) RETURNS boolean {OWN} AS $$
    SELECT fact_is_confidential(p_person, p_day) OR EXISTS (
        SELECT FROM fact mine
        JOIN fact born ON born.key = 'person.date_of_birth' AND born.row = '' AND born.value = mine.value
            AND born.person_id <> p_person
        WHERE mine.person_id = p_person AND mine.key = 'person.date_of_birth' AND mine.row = ''
            AND EXISTS (SELECT FROM register_entry e WHERE e.person_id = born.person_id)
            AND fact_says_confidential(born.person_id, p_day)
            AND EXISTS (
                SELECT FROM fact a JOIN fact b ON b.key = a.key AND fact_folded(b.value) = fact_folded(a.value)
                WHERE a.person_id = p_person AND a.row = '' AND b.person_id = born.person_id AND b.row = ''
                    AND a.key IN ('person.full_name', 'person.full_name_kana')))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("madoguchi_facts", "0011_who_lives_where")]

    operations = [
        migrations.AddIndex(
            model_name="fact",
            index=models.Index(
                fields=["person"],
                name="fact_confidential_ever",
                condition=models.Q(("key", "person.confidential"), ("row", ""), ("value", True)),
            ),
        ),
        migrations.RunSQL(FOLDED, FOLDED_BEFORE),
        migrations.RunSQL(ALL, NOT_ALL),
        migrations.RunSQL(ONE, ROW_BY_ROW),
    ]
