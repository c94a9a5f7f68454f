"""Registers: imports, entries and doubtful pairs; and how the door lets them be compared and a household be seen.

Whatever leaves the ledger here leaves one event for each person who was read, as ``fact_read`` does.
"""

import django.db.models.deletion
from django.db import migrations, models

import madoguchi.ground.clock
import madoguchi.ground.ids

DOOR = r"""
-- Which of these facts a law permits to be read for a purpose: those that it does not, and whether it holds of persons
-- under 支援措置, too. Consent is no such law: it is of one person.
CREATE FUNCTION fact_permitted(
    p_keys text[], p_purpose text, p_procedure text, p_office text, p_day date,
    OUT not_permitted text[], OUT is_open boolean, OUT bases text[]
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH permitted AS (
        SELECT w.wanted, b.reference, b.confidential FROM unnest(p_keys) AS w (wanted) LEFT JOIN fact_basis b ON
            b.purpose = p_purpose AND b.withdrawn_at IS NULL AND b.kind <> 'consent' AND NOT b.undisclosed
            AND b.since <= p_day AND (b.until IS NULL OR b.until >= p_day)
            AND (b.procedures = '{}' OR p_procedure = ANY (b.procedures))
            AND (b.facts = '{}' OR w.wanted = ANY (b.facts))
            AND (b.offices = '{}' OR p_office = ANY (b.offices))
    ), each AS (
        SELECT wanted, bool_or(reference IS NOT NULL) AS is_permitted, coalesce(bool_or(confidential), false) AS is_open
        FROM permitted GROUP BY wanted
    )
    SELECT (SELECT coalesce(array_agg(wanted), '{}') FROM each WHERE NOT is_permitted),
           (SELECT coalesce(bool_and(each.is_open), false) FROM each),
           (SELECT coalesce(array_agg(DISTINCT reference), '{}') FROM permitted WHERE reference IS NOT NULL)
$$;

-- A protected human who has signed in and waits to be joined with their entry is as protected as the entry.
CREATE OR REPLACE FUNCTION fact_is_confidential(p_person uuid, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT fact_says_confidential(p_person, p_day) OR EXISTS (
        SELECT FROM register_pair p JOIN register_entry e ON e.id = p.entry_id
        WHERE p.person_id = p_person AND p.decided_at IS NULL AND fact_says_confidential(e.person_id, p_day))
$$;

-- A name as it is compared here: without spaces, width and case.
CREATE FUNCTION fact_folded(p_value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS
$$ SELECT lower(regexp_replace(normalize(p_value #>> '{}', NFKC), '\s', '', 'g')) $$;

-- Nor is whoever has a protected entry's name (or its kana) and day of birth: nobody has found out yet that it is they, or
-- has found that it is not; neither is for somebody who may not know that the entry is there.
CREATE OR REPLACE FUNCTION fact_is_hidden(p_person uuid, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

-- Who may be whoever was born on one of these days: recognised persons without an entry that stands in the register (for a new entry),
-- or entries behind which nobody signs in (``p_entries``, for somebody who signs in). What a card or a register says of them.
CREATE FUNCTION fact_candidates(
    p_at timestamptz, p_actor_kind text, p_actor uuid, p_channel text, p_cause uuid,
    p_births jsonb[], p_register text, p_entries boolean, p_keys text[], p_purpose text, p_office text
) RETURNS TABLE (refused text[], person uuid, key text, value jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_today date := (p_at AT TIME ZONE 'Asia/Tokyo')::date;
    v_left text[];
    v_open boolean;
    v_bases text[];
    v_found uuid[];
BEGIN
    SELECT not_permitted, is_open, bases INTO v_left, v_open, v_bases
        FROM fact_permitted(p_keys, p_purpose, '', p_office, v_today);
    IF v_left <> '{}' THEN
        INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, cause_id, channel, data)
        VALUES (gen_random_uuid(), p_at, 'facts.find', 'refused', 'no-basis', p_actor_kind, p_actor, '', p_cause, p_channel,
                jsonb_build_object('purpose', p_purpose, 'keys', to_jsonb(v_left), 'office', p_office));
        RETURN QUERY SELECT v_left, NULL::uuid, NULL, NULL::jsonb;
        RETURN;
    END IF;
    v_found := ARRAY(
        SELECT DISTINCT f.person_id FROM fact f
        WHERE f.key = 'person.date_of_birth' AND f.row = '' AND f.value = ANY (p_births) AND f.source IN ('card', 'register')
            AND NOT EXISTS (SELECT FROM fact newer WHERE newer.person_id = f.person_id AND newer.key = f.key AND newer.row = ''
                            AND newer.source IN ('card', 'register')
                            AND (newer.recorded_at, newer.id) > (f.recorded_at, f.id))
            AND CASE WHEN p_entries THEN
                EXISTS (SELECT FROM register_entry e WHERE e.register = p_register AND e.person_id = f.person_id
                        AND e.gone_since IS NULL)
                AND NOT EXISTS (SELECT FROM person_identity i WHERE i.person_id = f.person_id)
            ELSE
                NOT EXISTS (SELECT FROM register_entry e WHERE e.register = p_register AND e.person_id = f.person_id
                            AND e.gone_since IS NULL)
                AND EXISTS (SELECT FROM person_identity i WHERE i.person_id = f.person_id
                            AND i.level IN ('card', 'card-signature'))
            END
            AND (v_open OR NOT fact_is_confidential(f.person_id, v_today)));
    INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, cause_id, channel, data)
    SELECT gen_random_uuid(), p_at, 'facts.read', 'done', 'basis', p_actor_kind, p_actor, 'person', one, p_cause, p_channel,
           jsonb_build_object('purpose', p_purpose, 'keys', to_jsonb(p_keys), 'basis', to_jsonb(v_bases), 'office', p_office)
    FROM unnest(v_found) AS one;
    RETURN QUERY SELECT DISTINCT ON (f.person_id, f.key) NULL::text[], f.person_id, f.key, f.value FROM fact f
        WHERE f.person_id = ANY (v_found) AND f.key = ANY (p_keys) AND f.row = '' AND f.source IN ('card', 'register')
            AND (f.valid_from IS NULL OR f.valid_from <= v_today) AND (f.valid_to IS NULL OR f.valid_to > v_today)
        ORDER BY f.person_id, f.key, f.recorded_at DESC, f.id DESC;
END $$;

-- Who lives with a person today, as the register says: residents ask for themselves, an office where a law names it. Where
-- anybody of them is under 支援措置, nobody is there: a household with a gap tells of them, and a reading shows to those who
-- were read.
CREATE FUNCTION fact_household(
    p_at timestamptz, p_actor_kind text, p_actor uuid, p_channel text, p_cause uuid,
    p_person uuid, p_keys text[], p_purpose text, p_procedure text, p_office text, p_case uuid
) RETURNS TABLE (refused text[], person uuid, is_child boolean, key text, value jsonb, source text, level text, as_of date,
                 recorded_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_today date := (p_at AT TIME ZONE 'Asia/Tokyo')::date;
    v_own boolean := coalesce(p_actor_kind = 'resident' AND p_actor = p_person, false);
    v_left text[];
    v_open boolean;
    v_bases text[];
    v_found uuid[];
    v_leads boolean;
BEGIN
    IF p_person IS NULL OR p_keys IS NULL OR p_purpose IS NULL THEN
        RAISE EXCEPTION 'whose household, which facts and for what?' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT not_permitted, is_open, bases INTO v_left, v_open, v_bases
        FROM fact_permitted(p_keys, p_purpose, p_procedure, p_office, v_today);
    IF v_own THEN
        v_open := false;
    ELSIF NOT EXISTS (SELECT FROM fact_basis b WHERE b.purpose = p_purpose AND b.withdrawn_at IS NULL
                      AND p_office = ANY (b.offices)) THEN  -- a right of residents is nobody else's
        v_left := p_keys;
    END IF;
    WITH standing AS (
        SELECT e.person_id, e.register, number.value AS number, fact_is_confidential(e.person_id, v_today) AS is_hidden
        FROM register_entry mine
        CROSS JOIN LATERAL (
            SELECT f.value FROM fact f WHERE f.person_id = mine.person_id AND f.key = 'person.household_number' AND f.row = ''
                AND f.source = 'register' ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1) AS home
        JOIN fact one ON one.key = 'person.household_number' AND one.row = '' AND one.value = home.value
        JOIN register_entry e ON e.person_id = one.person_id AND e.register = mine.register
            AND (e.gone_since IS NULL OR e.gone_since > v_today)
        CROSS JOIN LATERAL (
            SELECT f.value FROM fact f WHERE f.person_id = e.person_id AND f.key = 'person.household_number' AND f.row = ''
                AND f.source = 'register' ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1) AS number
        WHERE mine.person_id = p_person AND (mine.gone_since IS NULL OR mine.gone_since > v_today)
            AND number.value = home.value
    )
    SELECT coalesce(array_agg(DISTINCT person_id), '{}') INTO v_found FROM standing
    WHERE person_id <> p_person AND (v_open OR NOT EXISTS (SELECT FROM standing one WHERE one.is_hidden))
        AND (SELECT count(DISTINCT one.person_id) FROM standing one) <= 20;  -- no household, but a number that stands for none
    IF v_found = '{}' THEN
        RETURN;
    END IF;
    IF v_left <> '{}' THEN
        INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, cause_id, channel,
                           data)
        VALUES (gen_random_uuid(), p_at, 'facts.read', 'refused', 'no-basis', p_actor_kind, p_actor, 'person', p_person,
                p_cause, p_channel, jsonb_strip_nulls(jsonb_build_object('purpose', p_purpose, 'keys', to_jsonb(v_left),
                    'procedure', nullif(p_procedure, ''), 'office', nullif(p_office, ''), 'case', p_case)));
        RETURN QUERY SELECT v_left, NULL::uuid, NULL::boolean, NULL, NULL::jsonb, NULL, NULL, NULL::date, NULL::timestamptz;
        RETURN;
    END IF;
    INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, cause_id, channel, data)
    SELECT gen_random_uuid(), p_at, 'facts.read', 'done', 'basis', p_actor_kind, p_actor, 'person', one, p_cause, p_channel,
           jsonb_strip_nulls(jsonb_build_object('purpose', p_purpose, 'keys', to_jsonb(p_keys), 'basis', to_jsonb(v_bases),
               'procedure', nullif(p_procedure, ''), 'office', nullif(p_office, ''), 'case', p_case))
    FROM unnest(v_found) AS one;
    v_leads := (SELECT f.value IN ('"self"', '"spouse"') FROM fact f WHERE f.person_id = p_person
                AND f.key = 'person.relation_to_head' AND f.row = '' AND f.source = 'register'
                ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1);
    RETURN QUERY SELECT DISTINCT ON (f.person_id, f.key)
            NULL::text[], f.person_id, coalesce(v_leads AND (
                SELECT r.value = '"child"' FROM fact r WHERE r.person_id = f.person_id
                AND r.key = 'person.relation_to_head' AND r.row = '' AND r.source = 'register'
                ORDER BY r.recorded_at DESC, r.id DESC LIMIT 1), false),
            f.key, f.value, f.source, f.level, f.as_of, f.recorded_at
        FROM fact f WHERE f.person_id = ANY (v_found) AND f.key = ANY (p_keys) AND f.row = '' AND f.source = 'register'
            AND (f.valid_from IS NULL OR f.valid_from <= v_today) AND (f.valid_to IS NULL OR f.valid_to > v_today)
        ORDER BY f.person_id, f.key, f.recorded_at DESC, f.id DESC;
END $$;

-- Whether what a line says agrees with what the register said of the same entry before, by key; what was not said is left
-- out. Nothing else leaves the ledger, so it is nobody's reading.
CREATE FUNCTION fact_agrees(p_register text, p_rows jsonb) RETURNS TABLE (person uuid, key text, agrees boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT told.person, told.key, fact_folded(told.value) = fact_folded(last.value)
    FROM jsonb_to_recordset(p_rows) AS told (person uuid, key text, value jsonb)
    CROSS JOIN LATERAL (
        SELECT f.value FROM fact f WHERE f.person_id = told.person AND f.key = told.key AND f.row = ''
            AND f.source = 'register' ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1) AS last
    WHERE EXISTS (SELECT FROM register_entry e WHERE e.register = p_register AND e.person_id = told.person)
$$;

-- What a register says of a person behind an entry is said of another from now on: the two are one human being. In the order
-- in which it was said (``p_ids`` grow). Only of whom nobody has ever signed in as.
CREATE FUNCTION fact_adopt(p_from uuid, p_to uuid, p_ids uuid[], p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_told bigint;
BEGIN
    IF EXISTS (SELECT FROM person_identity i WHERE i.person_id = p_from) THEN
        RAISE EXCEPTION 'somebody signs in as this person' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO fact (id, person_id, key, "row", value, source, level, evidence, as_of, valid_from, valid_to, recorded_at)
    SELECT p_ids[told.n], p_to, told.key, told."row", told.value, told.source, told.level, told.evidence, told.as_of,
           told.valid_from, told.valid_to, p_at
    FROM (SELECT *, row_number() OVER (ORDER BY recorded_at, id) AS n FROM fact
          WHERE person_id = p_from AND source = 'register') AS told;
    GET DIAGNOSTICS v_told = ROW_COUNT;
    DELETE FROM fact WHERE person_id = p_from;
    RETURN v_told;
END $$;

-- With the last record of a person goes what is left of theirs, but not what a register says of its entry.
CREATE OR REPLACE FUNCTION fact_forget(p_case uuid, p_person uuid) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ WITH gone AS (
       DELETE FROM fact WHERE case_id = p_case OR (person_id = p_person AND NOT (
           source = 'register' AND EXISTS (SELECT FROM register_entry e WHERE e.person_id = p_person)))
       RETURNING 1)
   SELECT count(*) FROM gone $$;

DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.proname IN ('fact_candidates', 'fact_household', 'fact_adopt', 'fact_permitted',
            'fact_folded', 'fact_agrees')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
        IF one <> ALL (ARRAY['fact_permitted(text[], text, text, text, date)', 'fact_folded(jsonb)']::regprocedure[])
        THEN  -- for the door itself
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO madoguchi_app', one);
        END IF;
    END LOOP;
END $$;
"""
_TELLS = "timestamptz, text, uuid, text, uuid"
NO_DOOR = f"""
CREATE OR REPLACE FUNCTION fact_is_confidential(p_person uuid, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT fact_says_confidential(p_person, p_day) $$;
CREATE OR REPLACE FUNCTION fact_is_hidden(p_person uuid, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT fact_is_confidential(p_person, p_day) $$;
DROP FUNCTION fact_agrees(text, jsonb);
DROP FUNCTION fact_folded(jsonb);
CREATE OR REPLACE FUNCTION fact_forget(p_case uuid, p_person uuid) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ WITH gone AS (DELETE FROM fact WHERE case_id = p_case OR person_id = p_person RETURNING 1)
   SELECT count(*) FROM gone $$;
DROP FUNCTION fact_adopt(uuid, uuid, uuid[], timestamptz);
DROP FUNCTION fact_household({_TELLS}, uuid, text[], text, text, text, uuid);
DROP FUNCTION fact_candidates({_TELLS}, jsonb[], text, boolean, text[], text, text);
DROP FUNCTION fact_permitted(text[], text, text, text, date);
"""


class Migration(migrations.Migration):
    dependencies = [("madoguchi_facts", "0002_the_ledger_and_its_one_door"), ("madoguchi_people", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('register', models.TextField()),
                ('number', models.TextField()),
                ('digest', models.BinaryField()),
                ('gone_since', models.DateField(null=True)),
            ],
            options={
                'db_table': 'register_entry',
            },
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('register', models.TextField()),
                ('office', models.TextField()),
                ('day', models.DateField()),
                ('digest', models.TextField()),
                ('is_whole', models.BooleanField()),
                ('operator', models.TextField(blank=True)),
                ('began_at', models.DateTimeField(default=madoguchi.ground.clock.now)),
                ('ended_at', models.DateTimeField(null=True)),
                ('line', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('new', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('gone', models.PositiveIntegerField(default=0)),
                ('linked', models.PositiveIntegerField(default=0)),
                ('doubtful', models.PositiveIntegerField(default=0)),
                ('strange', models.PositiveIntegerField(default=0)),
            ],
            options={
                'db_table': 'register_import',
            },
        ),
        migrations.CreateModel(
            name='Pair',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('comparison', models.JSONField()),
                ('found_at', models.DateTimeField(default=madoguchi.ground.clock.now)),
                ('decided_at', models.DateTimeField(null=True)),
                ('is_same', models.BooleanField(null=True)),
                ('reason', models.TextField(blank=True)),
                ('replaced', models.UUIDField(null=True)),
            ],
            options={
                'db_table': 'register_pair',
            },
        ),
        migrations.AddIndex(
            model_name='fact',
            index=models.Index(condition=models.Q(('key', 'person.household_number'), ('row', '')), fields=['value'], name='fact_household'),
        ),
        migrations.AddField(
            model_name='entry',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='madoguchi_people.person'),
        ),
        migrations.AddIndex(
            model_name='import',
            index=models.Index(fields=['register', '-began_at'], name='import_newest'),
        ),
        migrations.AddConstraint(
            model_name='import',
            constraint=models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='import_digest_is_sha256'),
        ),
        migrations.AddField(
            model_name='entry',
            name='seen',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='madoguchi_facts.import'),
        ),
        migrations.AddField(
            model_name='pair',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to="madoguchi_people.account"),
        ),
        migrations.AddField(
            model_name='pair',
            name='entry',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pairs', to='madoguchi_facts.entry'),
        ),
        migrations.AddField(
            model_name='pair',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pairs', to='madoguchi_people.person'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(fields=('register', 'number'), name='an_entry_has_its_number'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(condition=models.Q(('gone_since', None)), fields=('register', 'person'), name='a_person_has_one_entry'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('decided_at', None)), fields=['found_at'], name='pair_open'),
        ),
        migrations.AddConstraint(
            model_name='pair',
            constraint=models.UniqueConstraint(fields=('entry', 'person'), name='a_pair_is_asked_once'),
        ),
        migrations.AddConstraint(
            model_name='pair',
            constraint=models.UniqueConstraint(condition=models.Q(('is_same', True)), fields=('entry',), name='an_entry_is_one_person'),
        ),
        migrations.AddConstraint(
            model_name='pair',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('is_same', None)), models.Q(('decided_at__isnull', False), ('is_same__isnull', False)), _connector='OR'), name='a_decided_pair_says_whether_they_are_the_same'),
        ),
            migrations.RunSQL(DOOR, NO_DOOR),
    ]
