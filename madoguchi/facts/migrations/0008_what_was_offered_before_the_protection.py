"""Whether somebody has come under 支援措置 since a moment: an invitation from before it makes nobody their agent."""

from django.db import migrations

SINCE = """
CREATE FUNCTION fact_is_protected_since(p_person uuid, p_at timestamptz, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT fact_is_confidential(p_person, p_day) AND EXISTS (
        SELECT FROM fact f WHERE f.person_id = p_person AND f.key = 'person.confidential' AND f."row" = ''
            AND f.source IN ('register', 'staff') AND f.recorded_at >= p_at
            AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day))
$$;
REVOKE EXECUTE ON FUNCTION fact_is_protected_since(uuid, timestamptz, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fact_is_protected_since(uuid, timestamptz, date) TO madoguchi_app;
"""


class Migration(migrations.Migration):
    dependencies = [("madoguchi_facts", "0007_who_speaks_for_whom")]

    operations = [
        migrations.RunSQL(SINCE, "DROP FUNCTION fact_is_protected_since(uuid, timestamptz, date);"),
    ]
