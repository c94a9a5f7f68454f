"""The ledger in two times, append-only, with one door: nobody reads it but through ``fact_read``, which leaves an event.

``madoguchi_app`` is the role that web, worker and commands take on (settings.DATABASES). It has no right to read the
table: a query that goes around the door fails in the database. Roles belong to the whole PostgreSQL; where the one who
migrates may not make any, the operator makes it beforehand (docs/operating.md).
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import madoguchi.ground.clock
import madoguchi.ground.ids

ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'madoguchi_app') THEN
        BEGIN
            CREATE ROLE madoguchi_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database's migration was faster
        END;
    END IF;
    -- From PostgreSQL 16 on, to have made a role is not to be able to become it.
    IF NOT pg_has_role(current_user, 'madoguchi_app',
                       CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
        GRANT madoguchi_app TO CURRENT_USER;
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO madoguchi_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO madoguchi_app;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO madoguchi_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO madoguchi_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO madoguchi_app;
REVOKE UPDATE, DELETE ON event, event_seal FROM madoguchi_app;
REVOKE ALL ON fact FROM madoguchi_app;
REVOKE INSERT, UPDATE, DELETE ON fact_basis FROM madoguchi_app;
DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.proname IN
            ('fact_read', 'fact_find', 'fact_state', 'fact_count', 'fact_forget', 'fact_permit', 'fact_open_to',
             'fact_is_confidential', 'fact_says_confidential', 'fact_is_hidden')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
        IF one <> ALL (ARRAY['fact_is_confidential(uuid, date)', 'fact_says_confidential(uuid, date)',
                             'fact_is_hidden(uuid, date)']::regprocedure[]) THEN  -- for the door itself
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO madoguchi_app', one);
        END IF;
    END LOOP;
END $$;
"""
NO_ROLE = """
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM madoguchi_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM madoguchi_app;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM madoguchi_app;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM madoguchi_app;
REVOKE ALL ON SCHEMA public FROM madoguchi_app;
"""

APPEND_ONLY = """
CREATE FUNCTION fact_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    RAISE EXCEPTION 'the ledger of facts is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER fact_append_only BEFORE UPDATE ON fact FOR EACH ROW EXECUTE FUNCTION fact_is_append_only();
"""
NOT_APPEND_ONLY = "DROP TRIGGER fact_append_only ON fact; DROP FUNCTION fact_is_append_only();"

DOOR = """
-- 支援措置 (秘匿): of such a person nothing is known to whoever reads by a basis that does not name them (``confidential``).
-- No refusal and no gap in what is answered tells that there is something.
CREATE FUNCTION fact_says_confidential(p_person uuid, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((
        SELECT f.value = 'true'::jsonb FROM fact f
        WHERE f.person_id = p_person AND f.key = 'person.confidential' AND f.row = ''
            AND f.source IN ('register', 'staff')
            AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day)
        ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1), false)
$$;
CREATE FUNCTION fact_is_confidential(p_person uuid, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT fact_says_confidential(p_person, p_day) $$;
-- Of whom not even that they are there is told. With a register there are more of both (migration 0003).
CREATE FUNCTION fact_is_hidden(p_person uuid, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT fact_is_confidential(p_person, p_day) $$;

-- Reading is a hot act: guard, record and answer are one statement. The person reads what is kept about them by right;
-- everybody else needs a legal basis for each key. What is refused is one row that names the keys, and an event.
CREATE FUNCTION fact_read(
    p_event uuid, p_at timestamptz, p_actor_kind text, p_actor uuid, p_channel text, p_cause uuid,
    p_person uuid, p_keys text[], p_purpose text, p_procedure text, p_office text, p_case uuid,
    p_day date, p_known timestamptz, p_sources text[], p_history boolean
) RETURNS TABLE (
    refused text[], id uuid, key text, "row" text, value jsonb, source text, level text, as_of date, valid_from date,
    valid_to date, recorded_at timestamptz, case_id uuid, evidence text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_today date := (p_at AT TIME ZONE 'Asia/Tokyo')::date;
    v_own boolean := coalesce(p_actor_kind = 'resident' AND p_actor = p_person, false);
    v_wanted text[] := CASE WHEN p_keys = '{}' THEN ARRAY['*'] ELSE p_keys END;
    v_left text[] := '{}';
    v_bases text[] := '{}';
    v_hidden text[] := '{}';
    v_hidden_bases text[] := '{}';
    v_withheld text[] := '{}';
BEGIN
    IF p_person IS NULL OR p_keys IS NULL OR p_purpose IS NULL THEN
        RAISE EXCEPTION 'whose facts, which and for what?' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT v_own THEN
        WITH permitted AS (
            SELECT w.wanted, b.reference, b.undisclosed, b.confidential
            FROM unnest(v_wanted) AS w (wanted) LEFT JOIN fact_basis b ON
                b.purpose = p_purpose AND b.withdrawn_at IS NULL
                AND b.since <= v_today AND (b.until IS NULL OR b.until >= v_today)
                AND (b.procedures = '{}' OR p_procedure = ANY (b.procedures))
                AND (b.facts = '{}' OR w.wanted = ANY (b.facts))
                AND (b.offices = '{}' OR p_office = ANY (b.offices))
                AND (b.kind <> 'consent' OR (
                    SELECT f.value = 'true'::jsonb FROM fact f
                    WHERE f.person_id = p_person AND f.key = 'consent.' || p_procedure AND f.row = ''
                        AND f.source = 'self' AND (f.valid_from IS NULL OR f.valid_from <= v_today)
                        AND (f.valid_to IS NULL OR f.valid_to > v_today)
                    ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1))
        ), each AS (  -- what any open basis permits is not hidden
            SELECT wanted, bool_or(reference IS NOT NULL) AS is_permitted, bool_and(undisclosed) AS is_hidden,
                   bool_or(confidential) AS is_open
            FROM permitted GROUP BY wanted
        )
        SELECT (SELECT coalesce(array_agg(wanted), '{}') FROM each WHERE NOT is_permitted),
               (SELECT coalesce(array_agg(wanted), '{}') FROM each WHERE is_hidden),
               (SELECT coalesce(array_agg(wanted), '{}') FROM each WHERE is_permitted AND NOT is_open),
               (SELECT coalesce(array_agg(DISTINCT reference), '{}') FROM permitted WHERE NOT undisclosed),
               (SELECT coalesce(array_agg(DISTINCT reference), '{}') FROM permitted WHERE undisclosed)
        INTO v_left, v_hidden, v_withheld, v_bases, v_hidden_bases;
        IF v_withheld <> '{}' AND NOT fact_is_confidential(p_person, v_today) THEN
            v_withheld := '{}';
        END IF;
    END IF;
    IF v_left <> '{}' THEN  -- what was refused is never hidden
        v_hidden := '{}';
        v_withheld := '{}';
    END IF;
    INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, cause_id, channel,
                       data)
    VALUES (
        p_event, p_at, 'facts.read', CASE WHEN v_left = '{}' THEN 'done' ELSE 'refused' END,
        CASE WHEN v_left <> '{}' THEN 'no-basis' WHEN v_own THEN 'own-facts' ELSE 'basis' END,
        p_actor_kind, p_actor, 'person', p_person, p_cause, p_channel,
        jsonb_strip_nulls(jsonb_build_object(
            'purpose', p_purpose,
            'keys', CASE WHEN v_left <> '{}' THEN to_jsonb(v_left)
                         ELSE to_jsonb(ARRAY(SELECT w FROM unnest(v_wanted) w
                                             WHERE w <> ALL (v_hidden) AND w <> ALL (v_withheld))) END,
            'withheld', to_jsonb(nullif(v_withheld, '{}')),
            'undisclosed', CASE WHEN v_hidden <> '{}'
                                THEN jsonb_build_object('keys', to_jsonb(v_hidden), 'basis', to_jsonb(v_hidden_bases)) END,
            'basis', CASE WHEN v_left = '{}' THEN to_jsonb(nullif(v_bases, '{}')) END, 'procedure', nullif(p_procedure, ''),
            'office', nullif(p_office, ''), 'case', p_case))
    );
    IF v_left <> '{}' THEN
        RETURN QUERY SELECT v_left, NULL::uuid, NULL, NULL, NULL::jsonb, NULL, NULL, NULL::date, NULL::date, NULL::date,
                            NULL::timestamptz, NULL::uuid, NULL;
        RETURN;
    END IF;
    IF p_history THEN
        RETURN QUERY SELECT NULL::text[], f.id, f.key, f.row, f.value, f.source, f.level, f.as_of, f.valid_from,
                            f.valid_to, f.recorded_at, f.case_id, f.evidence
            FROM fact f WHERE f.person_id = p_person AND (p_keys = '{}' OR f.key = ANY (p_keys))
                AND f.key <> ALL (v_withheld) AND NOT '*' = ANY (v_withheld)
            ORDER BY f.key, f.row, f.recorded_at DESC, f.id DESC;
        RETURN;
    END IF;
    RETURN QUERY SELECT DISTINCT ON (f.key, f.row)
                        NULL::text[], f.id, f.key, f.row, f.value, f.source, f.level, f.as_of, f.valid_from,
                        f.valid_to, f.recorded_at, f.case_id, f.evidence
        FROM fact f
        WHERE f.person_id = p_person AND (p_keys = '{}' OR f.key = ANY (p_keys)) AND f.recorded_at <= p_known
            AND f.key <> ALL (v_withheld) AND NOT '*' = ANY (v_withheld)
            AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day)
            AND (p_sources = '{}' OR f.source = ANY (p_sources))
        ORDER BY f.key, f.row, f.recorded_at DESC, f.id DESC;
END $$;

-- Whoever is looked for by one thing that is known of them (a written request bears a date of birth). Names nobody who
-- may not be read, and is an event without what was looked for.
CREATE FUNCTION fact_find(
    p_event uuid, p_at timestamptz, p_actor_kind text, p_actor uuid, p_channel text, p_cause uuid,
    p_key text, p_value jsonb, p_purpose text, p_office text, p_most integer
) RETURNS TABLE (person uuid) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_today date := (p_at AT TIME ZONE 'Asia/Tokyo')::date;
    v_open boolean := (
        SELECT bool_or(b.confidential) FROM fact_basis b WHERE b.purpose = p_purpose AND b.withdrawn_at IS NULL AND b.kind <> 'consent'
            AND b.since <= v_today AND (b.until IS NULL OR b.until >= v_today) AND b.procedures = '{}'
            AND (b.facts = '{}' OR p_key = ANY (b.facts)) AND (b.offices = '{}' OR p_office = ANY (b.offices)));
    v_allowed boolean := v_open IS NOT NULL;
BEGIN
    INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, cause_id, channel, data)
    VALUES (p_event, p_at, 'facts.find', CASE WHEN v_allowed THEN 'done' ELSE 'refused' END,
            CASE WHEN v_allowed THEN 'basis' ELSE 'no-basis' END, p_actor_kind, p_actor, '', p_cause, p_channel,
            jsonb_strip_nulls(jsonb_build_object('purpose', p_purpose, 'keys', jsonb_build_array(p_key),
                                                 'office', nullif(p_office, ''))));
    IF NOT v_allowed THEN
        RETURN QUERY SELECT NULL::uuid;
        RETURN;
    END IF;
    RETURN QUERY SELECT DISTINCT f.person_id FROM fact f WHERE f.key = p_key AND f.row = '' AND f.value = p_value
        AND NOT EXISTS (SELECT FROM fact newer WHERE newer.person_id = f.person_id AND newer.key = p_key
                        AND newer.row = '' AND (newer.recorded_at, newer.id) > (f.recorded_at, f.id))
        AND (v_open OR NOT fact_is_hidden(f.person_id, v_today))
        ORDER BY f.person_id LIMIT p_most;
END $$;

-- Of whom a reader for this purpose may know that they are there. Nothing is read.
CREATE FUNCTION fact_open_to(p_persons uuid[], p_purpose text, p_office text, p_at timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT one FROM unnest(p_persons) AS one
    WHERE NOT fact_is_hidden(one, (p_at AT TIME ZONE 'Asia/Tokyo')::date) OR EXISTS (
        SELECT FROM fact_basis b WHERE b.purpose = p_purpose AND b.withdrawn_at IS NULL AND b.kind <> 'consent'
            AND b.since <= (p_at AT TIME ZONE 'Asia/Tokyo')::date
            AND (b.until IS NULL OR b.until >= (p_at AT TIME ZONE 'Asia/Tokyo')::date)
            AND (b.offices = '{}' OR p_office = ANY (b.offices)) AND b.confidential)
$$;

-- Appending, for one person or for many. What is known so already is not repeated, and whoever confirms what a better source says adds nothing to it.
-- A statement without days speaks of today: where it differs from facts with days, it holds from today until the next
-- change that is known, so that it rewrites neither the past nor what is to come. Returns whose keys were new.
CREATE FUNCTION fact_state(
    p_rows jsonb, p_source text, p_level text, p_case uuid, p_evidence text, p_as_of date, p_at timestamptz
) RETURNS TABLE (person uuid, key text) LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO fact (id, person_id, key, "row", value, source, level, case_id, evidence, as_of, valid_from, valid_to,
                      recorded_at)
    SELECT told.id, told.person, told.key, told."row", told.value, p_source, p_level, p_case, p_evidence, p_as_of,
           CASE WHEN told.is_undated AND there.has_days THEN p_as_of ELSE told.valid_from END,
           CASE WHEN told.is_undated AND there.has_days THEN there.next_change ELSE told.valid_to END,
           p_at
    FROM (SELECT *, valid_from IS NULL AND valid_to IS NULL AS is_undated FROM jsonb_to_recordset(p_rows)
          AS told (id uuid, person uuid, key text, "row" text, value jsonb, valid_from date, valid_to date)) AS told
    LEFT JOIN LATERAL (
        SELECT bool_or(f.valid_from IS NOT NULL OR f.valid_to IS NOT NULL) AS has_days,
               min(f.valid_from) FILTER (WHERE f.valid_from > p_as_of) AS next_change
        FROM fact f WHERE f.person_id = told.person AND f.key = told.key AND f.row = told."row"
    ) AS there ON true
    LEFT JOIN LATERAL (
        SELECT f.value, f.source, f.valid_from, f.valid_to FROM fact f
        WHERE f.person_id = told.person AND f.key = told.key AND f.row = told."row"
            AND (NOT told.is_undated OR (f.valid_from IS NULL OR f.valid_from <= p_as_of)
                 AND (f.valid_to IS NULL OR f.valid_to > p_as_of))
        ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1
    ) AS last ON true
    WHERE (last.value = told.value AND p_source IN (last.source, 'self')
           AND (told.is_undated OR (told.valid_from IS NOT DISTINCT FROM last.valid_from
                                    AND told.valid_to IS NOT DISTINCT FROM last.valid_to))) IS NOT TRUE
    RETURNING person_id, key
$$;

-- What was told in a case whose record ends is deleted with it; with a person, all that is left of theirs.
CREATE FUNCTION fact_forget(p_case uuid, p_person uuid) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ WITH gone AS (DELETE FROM fact WHERE case_id = p_case OR person_id = p_person RETURNING 1)
   SELECT count(*) FROM gone $$;

-- The register of legal bases: rows are added and taken out of force, never changed.
CREATE FUNCTION fact_permit(p_gone uuid[], p_rows jsonb, p_at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE fact_basis SET withdrawn_at = p_at WHERE id = ANY (p_gone) AND withdrawn_at IS NULL;
    INSERT INTO fact_basis (id, reference, title, kind, purpose, procedures, facts, offices, since, until, undisclosed,
                            confidential, published_at)
    SELECT id, reference, title, kind, purpose, procedures, facts, offices, since, until, undisclosed, confidential, p_at
    FROM jsonb_to_recordset(p_rows) AS told (
        id uuid, reference text, title text, kind text, purpose text, procedures text[], facts text[], offices text[],
        since date, until date, undisclosed boolean, confidential boolean)
$$;

CREATE FUNCTION fact_count(p_person uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT count(*) FROM fact WHERE person_id = p_person $$;
"""
_TELLS = "uuid, timestamptz, text, uuid, text, uuid"
NO_DOOR = f"""
DROP FUNCTION fact_count(uuid);
DROP FUNCTION fact_forget(uuid, uuid);
DROP FUNCTION fact_permit(uuid[], jsonb, timestamptz);
DROP FUNCTION fact_state(jsonb, text, text, uuid, text, date, timestamptz);
DROP FUNCTION fact_open_to(uuid[], text, text, timestamptz);
DROP FUNCTION fact_find({_TELLS}, text, jsonb, text, text, integer);
DROP FUNCTION fact_read({_TELLS}, uuid, text[], text, text, text, uuid, date, timestamptz, text[], boolean);
DROP FUNCTION fact_is_hidden(uuid, date);
DROP FUNCTION fact_is_confidential(uuid, date);
DROP FUNCTION fact_says_confidential(uuid, date);
"""

LEVELS = [
    ("stated", "申告のまま"),
    ("checked", "職員が確認"),
    ("attested", "証明書で確認"),
    ("registered", "公簿の記載"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("madoguchi_facts", "0001_initial"),
        ("madoguchi_events", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            "Fact",
            "person",
            models.ForeignKey(
                on_delete=django.db.models.deletion.DO_NOTHING, related_name="facts", to="madoguchi_people.person"
            ),
        ),
        migrations.AddField("Fact", "level", models.TextField(choices=LEVELS, default="stated")),
        migrations.AddField("Fact", "evidence", models.TextField(blank=True, default="")),
        migrations.AddField("Fact", "valid_from", models.DateField(null=True)),
        migrations.AddField("Fact", "valid_to", models.DateField(null=True)),
        migrations.RunSQL(
            "UPDATE fact SET level = CASE source WHEN 'card' THEN 'attested' WHEN 'register' THEN 'registered'"
            " WHEN 'staff' THEN 'checked' ELSE 'stated' END",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            "Fact",
            models.CheckConstraint(
                condition=models.Q(("level__in", [name for name, _ in LEVELS])), name="fact_level_is_known"
            ),
        ),
        migrations.AddConstraint(
            "Fact",
            models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None), ("valid_to", None), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                ),
                name="fact_holds_for_a_while",
            ),
        ),
        migrations.AddConstraint(
            "Fact",
            models.CheckConstraint(
                condition=models.Q(("evidence__regex", "^([0-9a-f]{64})?$")), name="fact_evidence_is_sha256"
            ),
        ),
        migrations.AddIndex("Fact", models.Index(fields=["case_id"], name="fact_of_case")),
        migrations.AddIndex(
            "Fact",
            models.Index(
                condition=models.Q(("key", "person.date_of_birth"), ("row", "")), fields=["value"], name="fact_birthday"
            ),
        ),
        migrations.CreateModel(
            name="Basis",
            fields=[
                ("id", models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ("reference", models.TextField()),
                ("title", models.TextField()),
                ("kind", models.TextField()),
                ("purpose", models.TextField()),
                (
                    "procedures",
                    django.contrib.postgres.fields.ArrayField(models.TextField(), default=list, size=None),
                ),
                ("facts", django.contrib.postgres.fields.ArrayField(models.TextField(), default=list, size=None)),
                ("offices", django.contrib.postgres.fields.ArrayField(models.TextField(), default=list, size=None)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                ("undisclosed", models.BooleanField(default=False)),
                ("confidential", models.BooleanField(default=False)),
                ("published_at", models.DateTimeField(default=madoguchi.ground.clock.now)),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "fact_basis"},
        ),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
        migrations.RunSQL(DOOR, NO_DOOR),
        migrations.RunSQL(ROLE, NO_ROLE),
    ]
