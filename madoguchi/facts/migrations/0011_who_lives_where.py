"""Whoever has to tell those who live somewhere: addresses without people, then the people of some addresses.

Two doors, because a preview is nobody's reading: the first says how many live at which address and leaves one event
without persons; the second names those of some addresses, and each of them has it in their log. Both open only by a
basis that names the office and holds of persons under 支援措置, too: a warning from which they are left out is none.
"""

from django.db import migrations

DOORS = """
-- Where everybody lives on a day, as the records say. Whoever is gone from every register they stood in lives here no more.
CREATE FUNCTION fact_dwellings(p_day date) RETURNS TABLE (person uuid, value jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT ON (f.person_id) f.person_id, f.value
    FROM fact f LEFT JOIN LATERAL (
        SELECT bool_or(e.gone_since IS NULL OR e.gone_since > p_day) AS stands
        FROM register_entry e WHERE e.person_id = f.person_id
    ) AS register ON true
    WHERE f.key = 'person.registered_address' AND f.row = '' AND f.source IN ('card', 'register', 'staff', 'document')
        AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day)
        AND register.stands IS NOT false
    ORDER BY f.person_id, register.stands IS TRUE AND f.source = 'card', f.as_of DESC, f.recorded_at DESC, f.id DESC
$$;

CREATE FUNCTION fact_addresses(
    p_at timestamptz, p_actor_kind text, p_actor uuid, p_channel text, p_cause uuid, p_purpose text, p_office text
) RETURNS TABLE (refused text[], address text, people bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_today date := (p_at AT TIME ZONE 'Asia/Tokyo')::date;
    v_keys text[] := ARRAY['person.registered_address'];
    v_left text[];
    v_open boolean;
    v_bases text[];
BEGIN
    SELECT not_permitted, is_open, bases INTO v_left, v_open, v_bases
        FROM fact_permitted(v_keys, p_purpose, '', p_office, v_today, true);
    IF NOT v_open THEN
        v_left := v_keys;
    END IF;
    INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, cause_id, channel, data)
    VALUES (gen_random_uuid(), p_at, 'facts.count', CASE WHEN v_left = '{}' THEN 'done' ELSE 'refused' END,
            CASE WHEN v_left = '{}' THEN 'basis' ELSE 'no-basis' END, p_actor_kind, p_actor, '', p_cause, p_channel,
            jsonb_strip_nulls(jsonb_build_object('purpose', p_purpose, 'keys', to_jsonb(v_keys), 'office', p_office,
                                                 'basis', CASE WHEN v_left = '{}' THEN to_jsonb(v_bases) END)));
    IF v_left <> '{}' THEN
        RETURN QUERY SELECT v_left, NULL::text, NULL::bigint;
        RETURN;
    END IF;
    RETURN QUERY SELECT NULL::text[], d.value #>> '{}', count(*) FROM fact_dwellings(v_today) AS d
        WHERE jsonb_typeof(d.value) = 'string' GROUP BY d.value;
END $$;

CREATE FUNCTION fact_living_at(
    p_at timestamptz, p_actor_kind text, p_actor uuid, p_channel text, p_cause uuid, p_addresses text[], p_purpose text,
    p_office text
) RETURNS TABLE (refused text[], person uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_today date := (p_at AT TIME ZONE 'Asia/Tokyo')::date;
    v_keys text[] := ARRAY['person.registered_address'];
    v_left text[];
    v_open boolean;
    v_bases text[];
    v_found uuid[];
BEGIN
    SELECT not_permitted, is_open, bases INTO v_left, v_open, v_bases
        FROM fact_permitted(v_keys, p_purpose, '', p_office, v_today, true);
    IF v_left <> '{}' OR NOT v_open THEN
        INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, cause_id, channel, data)
        VALUES (gen_random_uuid(), p_at, 'facts.count', 'refused', 'no-basis', p_actor_kind, p_actor, '', p_cause, p_channel,
                jsonb_build_object('purpose', p_purpose, 'keys', to_jsonb(v_keys), 'office', p_office));
        RETURN QUERY SELECT v_keys, NULL::uuid;
        RETURN;
    END IF;
    v_found := ARRAY(SELECT d.person FROM fact_dwellings(v_today) AS d WHERE d.value #>> '{}' = ANY (p_addresses)
                     ORDER BY d.person);
    INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, cause_id, channel, data)
    SELECT gen_random_uuid(), p_at, 'facts.read', 'done', 'basis', p_actor_kind, p_actor, 'person', one, p_cause, p_channel,
           jsonb_build_object('purpose', p_purpose, 'keys', to_jsonb(v_keys), 'office', p_office, 'basis', to_jsonb(v_bases))
    FROM unnest(v_found) AS one;
    RETURN QUERY SELECT NULL::text[], one FROM unnest(v_found) AS one;
END $$;

REVOKE EXECUTE ON FUNCTION
    fact_dwellings(date),
    fact_addresses(timestamptz, text, uuid, text, uuid, text, text),
    fact_living_at(timestamptz, text, uuid, text, uuid, text[], text, text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    fact_addresses(timestamptz, text, uuid, text, uuid, text, text),
    fact_living_at(timestamptz, text, uuid, text, uuid, text[], text, text)
TO madoguchi_app;
"""
NO_DOORS = """
DROP FUNCTION fact_living_at(timestamptz, text, uuid, text, uuid, text[], text, text);
DROP FUNCTION fact_addresses(timestamptz, text, uuid, text, uuid, text, text);
DROP FUNCTION fact_dwellings(date);
"""


class Migration(migrations.Migration):
    dependencies = [("madoguchi_facts", "0010_who_acts_for_an_office")]

    operations = [migrations.RunSQL(DOORS, NO_DOORS)]
