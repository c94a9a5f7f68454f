"""A business is somebody's agent through those who act for it; and which delegations have reached their last day."""

from django.db import migrations, models

MEMBERS = """
-- As whom somebody may speak on a day: as themselves, and for the businesses whose member they are then.
CREATE FUNCTION fact_speaks_as(p_agent uuid, p_day date) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT array_append(coalesce(array_agg(DISTINCT last.person_id::text), '{}'), p_agent::text)
    FROM (
        SELECT DISTINCT ON (f.person_id, f."row") f.person_id, f.value FROM fact f
        JOIN business b ON b.person_id = f.person_id
        WHERE f.key = 'delegation.given'
            AND EXISTS (
                SELECT FROM fact mine WHERE mine.key = 'delegation.given' AND mine.value ->> 'agent' = p_agent::text
                AND mine.person_id = f.person_id AND mine."row" = f."row")
            AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day)
        ORDER BY f.person_id, f."row", f.recorded_at DESC, f.id DESC
    ) AS last
    WHERE jsonb_typeof(last.value) = 'object' AND last.value ->> 'agent' = p_agent::text
        AND last.value ->> 'kind' = 'member'
$$;

-- The delegations whose last day was the day before one of these. Whether one stood until then says fact_delegations.
CREATE FUNCTION fact_delegations_over(p_since date, p_until date)
RETURNS TABLE (principal uuid, "row" text, last_day date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT f.person_id, f."row", f.valid_to - 1 FROM fact f
    WHERE f.key = 'delegation.given' AND jsonb_typeof(f.value) = 'object' AND f.valid_to BETWEEN p_since AND p_until
$$;
REVOKE EXECUTE ON FUNCTION fact_speaks_as(uuid, date), fact_delegations_over(date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fact_delegations_over(date, date) TO madoguchi_app;
"""
NO_MEMBERS = "DROP FUNCTION fact_delegations_over(date, date); DROP FUNCTION fact_speaks_as(uuid, date);"

#: In fact_delegations: what stands there, and what stands there from now on. Each is there once.
SENTENCES = [
    (
        "mine.value ->> 'agent' = p_agent::text",
        "mine.value ->> 'agent' = ANY (fact_speaks_as(p_agent, p_day))",
    ),
    (
        "last.value ->> 'agent' = p_agent::text",
        "last.value ->> 'agent' = ANY (fact_speaks_as(p_agent, p_day))",
    ),
]


def _amend(was: str, becomes: str) -> str:
    return f"""
DO $amend$ DECLARE
    v_text text := pg_get_functiondef('fact_delegations(uuid, uuid, date)'::regprocedure);
BEGIN
    IF position($was${was}$was$ IN v_text) = 0 THEN
        RAISE EXCEPTION 'fact_delegations does not say what is to be amended';
    END IF;
    EXECUTE replace(v_text, $was${was}$was$, $new${becomes}$new$);
END $amend$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("madoguchi_facts", "0009_households_places_and_what_is_not_told"),
        ("madoguchi_people", "0003_businesses"),
    ]

    operations = [
        migrations.AddField(
            model_name="invitation", name="number", field=models.TextField(blank=True, default=""), preserve_default=False
        ),
        migrations.RunSQL(MEMBERS, NO_MEMBERS),
        migrations.RunSQL(
            "".join(_amend(*one) for one in SENTENCES),
            "".join(_amend(becomes, was) for was, becomes in reversed(SENTENCES)),
        ),
    ]
