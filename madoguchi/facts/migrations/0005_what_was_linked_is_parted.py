"""A wrong link can be seen and taken back: whoever is tied already is a candidate, too; what a register has said goes with
its entry; a pair may be asked about again.
"""

from django.db import migrations, models
from django.db.models import Q

CANDIDATES = r"""
-- Who may be whoever was born on one of these days: recognised persons (for an entry), or who stands in the register
-- (``p_entries``, for somebody who signs in), whether or not they are tied to somebody. What a card or a register says of them.
CREATE OR REPLACE FUNCTION fact_candidates(
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
            ELSE
                EXISTS (SELECT FROM person_identity i WHERE i.person_id = f.person_id
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
"""
PART = r"""
-- What a register has said of a person leaves with the entry, for somebody as whom nobody signs in: the two are two people.
-- In the order in which it was said (``p_ids`` grow), known from when it was.
CREATE FUNCTION fact_part(p_from uuid, p_to uuid, p_ids uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_told bigint;
BEGIN
    IF EXISTS (SELECT FROM person_identity i WHERE i.person_id = p_to) OR EXISTS (SELECT FROM fact f WHERE f.person_id = p_to)
    THEN
        RAISE EXCEPTION 'somebody is this person already' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO fact (id, person_id, key, "row", value, source, level, evidence, as_of, valid_from, valid_to, recorded_at)
    SELECT p_ids[told.n], p_to, told.key, told."row", told.value, told.source, told.level, told.evidence, told.as_of,
           told.valid_from, told.valid_to, told.recorded_at
    FROM (SELECT *, row_number() OVER (ORDER BY recorded_at, id) AS n FROM fact
          WHERE person_id = p_from AND source = 'register') AS told;
    GET DIAGNOSTICS v_told = ROW_COUNT;
    DELETE FROM fact WHERE person_id = p_from AND source = 'register';
    RETURN v_told;
END $$;
REVOKE EXECUTE ON FUNCTION fact_part(uuid, uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fact_part(uuid, uuid, uuid[]) TO madoguchi_app;
"""
EARLIER = r"""
CREATE OR REPLACE FUNCTION fact_candidates(
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
DROP FUNCTION fact_part(uuid, uuid, uuid[]);
"""


class Migration(migrations.Migration):
    dependencies = [("madoguchi_facts", "0004_what_counts_where_sources_differ")]

    operations = [
        migrations.RunSQL(CANDIDATES + PART, EARLIER),
        migrations.AddField(model_name="pair", name="parted_at", field=models.DateTimeField(null=True)),
        migrations.RemoveConstraint(model_name="pair", name="a_pair_is_asked_once"),
        migrations.RemoveConstraint(model_name="pair", name="an_entry_is_one_person"),
        migrations.AddConstraint(
            model_name="pair",
            constraint=models.UniqueConstraint(
                fields=("entry", "person"), condition=Q(("decided_at", None)), name="a_pair_is_asked_once_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="pair",
            constraint=models.UniqueConstraint(
                fields=("entry",), condition=Q(("is_same", True), ("parted_at", None)), name="an_entry_is_one_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="pair",
            constraint=models.CheckConstraint(
                condition=Q(("parted_at", None), Q(("is_same", True), ("is_same__isnull", False)), _connector="OR"),
                name="only_who_was_the_same_is_parted",
            ),
        ),
    ]
