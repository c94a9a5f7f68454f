"""Who speaks for whom: invitations, and a door that opens to an agent while a delegation stands.

The functions of the door are amended where they stand, sentence by sentence, so that each keeps whatever else it says.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.fields.json import KT

import madoguchi.ground.clock
import madoguchi.ground.ids

DELEGATIONS = """
-- The delegations of a day, of a principal or to an agent (either may be left out). Both have agreed to it and both see
-- it, so it is nobody's reading. Of whoever is under 支援措置 only that stands which they have given by themselves since
-- they are.
CREATE FUNCTION fact_delegations(p_principal uuid, p_agent uuid, p_day date)
RETURNS TABLE (principal uuid, "row" text, value jsonb, source text, evidence text, valid_from date, valid_to date,
               stands boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT last.person_id, last."row", last.value, last.source, last.evidence, last.valid_from, last.valid_to,
           NOT fact_is_confidential(last.person_id, p_day) OR coalesce(last.source = 'self' AND last.at > (
               SELECT f.recorded_at FROM fact f WHERE f.person_id = last.person_id AND f.key = 'person.confidential'
                   AND f."row" = '' AND f.source IN ('register', 'staff')
                   AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day)
               ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1), false)
    FROM (
        SELECT DISTINCT ON (f.person_id, f."row") f.*, f.recorded_at AS at FROM fact f
        WHERE f.key = 'delegation.given' AND (p_principal IS NULL OR f.person_id = p_principal)
            AND (p_agent IS NULL OR EXISTS (
                SELECT FROM fact mine WHERE mine.key = 'delegation.given' AND mine.value ->> 'agent' = p_agent::text
                AND mine.person_id = f.person_id AND mine."row" = f."row"))
            AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day)
        ORDER BY f.person_id, f."row", f.recorded_at DESC, f.id DESC
    ) AS last
    WHERE (p_principal IS NOT NULL OR p_agent IS NOT NULL) AND jsonb_typeof(last.value) = 'object'
        AND (p_agent IS NULL OR last.value ->> 'agent' = p_agent::text)
    ORDER BY last.at, last.id
$$;

-- Whether an agent may be shown what is known of a principal in this procedure: by their will, or by law.
CREATE FUNCTION fact_is_represented(p_principal uuid, p_agent uuid, p_procedure text, p_kind text, p_day date)
RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p_agent IS NOT NULL AND EXISTS (
        SELECT FROM fact_delegations(p_principal, p_agent, p_day) d
        WHERE d.stands AND d.value -> 'shows' = 'true'::jsonb AND (d.value -> 'procedures' ? '*' OR d.value -> 'procedures' ? p_procedure)
            AND (d.value ->> 'kind' IN ('parent', 'guardian')) = (p_kind = 'statutory'))
$$;
DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.proname IN ('fact_delegations', 'fact_is_represented')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
    END LOOP;
    GRANT EXECUTE ON FUNCTION fact_delegations(uuid, uuid, date) TO madoguchi_app;
END $$;
"""
NO_DELEGATIONS = """
DROP FUNCTION fact_is_represented(uuid, uuid, text, text, date);
DROP FUNCTION fact_delegations(uuid, uuid, date);
"""

#: Function → what stands there, and what stands there from now on.
SENTENCES = [
    # An agent reads by a basis that asks for a delegation, which must stand.
    (
        "fact_read",
        "AND (b.kind <> 'consent' OR (",
        "AND (b.kind NOT IN ('mandate', 'statutory') OR (p_actor_kind = 'resident'"
        " AND fact_is_represented(p_person, p_actor, p_procedure, b.kind, v_today)))"
        " AND (b.kind <> 'consent' OR (",
    ),
    # Such a basis, as consent, is of one person: nobody is found or compared by it.
    ("fact_find", "b.kind <> 'consent'", "b.kind NOT IN ('consent', 'mandate', 'statutory')"),
    ("fact_permitted", "b.kind <> 'consent'", "b.kind NOT IN ('consent', 'mandate', 'statutory')"),
    ("fact_open_to", "b.kind <> 'consent'", "b.kind NOT IN ('consent', 'mandate', 'statutory')"),
    # What an agent says of their principal fills a gap. It overrules nothing that the person or a record has said, but
    # that they are the agent.
    (
        "fact_state",
        "AND told.valid_to IS NOT DISTINCT FROM last.valid_to))) IS NOT TRUE",
        "AND told.valid_to IS NOT DISTINCT FROM last.valid_to))) IS NOT TRUE"
        " AND (p_source <> 'proxy' OR told.key = 'delegation.given' OR coalesce(last.source, 'proxy') = 'proxy')",
    ),
]


def _amend(function: str, was: str, becomes: str) -> str:
    return f"""
DO $amend$ DECLARE
    v_text text := pg_get_functiondef((
        SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.proname = '{function}'));
BEGIN
    IF position($was${was}$was$ IN v_text) = 0 THEN
        RAISE EXCEPTION '{function} does not say what is to be amended';
    END IF;
    EXECUTE replace(v_text, $was${was}$was$, $new${becomes}$new$);
END $amend$;
"""


AMENDED = "".join(_amend(*one) for one in SENTENCES)
AS_BEFORE = "".join(_amend(function, becomes, was) for function, was, becomes in reversed(SENTENCES))


class Migration(migrations.Migration):
    dependencies = [("madoguchi_facts", "0006_how_a_file_was_read")]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ("mark", models.TextField(unique=True)),
                ("name", models.TextField()),
                ("kind", models.TextField()),
                ("office", models.TextField(blank=True)),
                ("own_name", models.TextField()),
                ("procedures", models.JSONField()),
                ("shows", models.BooleanField()),
                ("letters", models.BooleanField()),
                ("until", models.DateField()),
                ("invited_at", models.DateTimeField(default=madoguchi.ground.clock.now)),
                ("expires_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="madoguchi_people.person"
                    ),
                ),
            ],
            options={
                "db_table": "delegation_invitation",
                "indexes": [models.Index(fields=["person", "invited_at"], name="invitation_of_person")],
            },
        ),
        migrations.AddIndex(
            model_name="fact",
            index=models.Index(
                KT("value__agent"), condition=models.Q(("key", "delegation.given")), name="fact_agent"
            ),
        ),
        migrations.RunSQL(DELEGATIONS, NO_DELEGATIONS),
        migrations.RunSQL(AMENDED, AS_BEFORE),
    ]
