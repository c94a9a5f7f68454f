"""Households and places; and what a statement does not tell whoever makes it.

What is known of a household or a place is a fact of the person through whom the city knows it, in a row that names the
household (who lives together: ``fact_home``) or the place (a keyed digest). For another of that household, or of that
place, it is read by ``fact_shared``.

The functions of the door are amended where they stand, sentence by sentence, so that each keeps whatever else it says.
"""

from django.db import migrations, models
from django.db.models import Q

SHARED = r"""
-- Who lives with a person on a day, the person included, as the register says that was known at a moment. Nobody where it
-- does not say; where anybody of them is under 支援措置 today (but for ``p_open``); or where a number stands for more than
-- twenty, which is no household.
CREATE FUNCTION fact_members(p_person uuid, p_day date, p_known timestamptz, p_today date, p_open boolean) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH standing AS (
        SELECT DISTINCT e.person_id, fact_is_confidential(e.person_id, p_today) AS is_hidden
        FROM register_entry mine
        CROSS JOIN LATERAL (
            SELECT f.value FROM fact f WHERE f.person_id = mine.person_id AND f.key = 'person.household_number' AND f.row = ''
                AND f.source = 'register' AND f.recorded_at <= p_known
            ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1) AS home
        JOIN fact one ON one.key = 'person.household_number' AND one.row = '' AND one.value = home.value
        JOIN register_entry e ON e.person_id = one.person_id AND e.register = mine.register
            AND (e.gone_since IS NULL OR e.gone_since > p_day)
        CROSS JOIN LATERAL (
            SELECT f.value FROM fact f WHERE f.person_id = e.person_id AND f.key = 'person.household_number' AND f.row = ''
                AND f.source = 'register' AND f.recorded_at <= p_known
            ORDER BY f.recorded_at DESC, f.id DESC LIMIT 1) AS number
        WHERE mine.person_id = p_person AND (mine.gone_since IS NULL OR mine.gone_since > p_day)
            AND number.value = home.value
    )
    SELECT CASE WHEN count(*) <= 20 AND (p_open OR NOT coalesce(bool_or(is_hidden), false))
                THEN coalesce(array_agg(person_id ORDER BY person_id), '{}') ELSE '{}' END
    FROM standing
$$;

-- The row of what is known of the household of a person: those who live together. Whoever moves in, is born, leaves or dies
-- makes it another household, of which nothing is known yet. Empty where there is none, or nobody may know of it.
CREATE FUNCTION fact_home(p_person uuid, p_day date, p_known timestamptz, p_today date) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN there = '{}' THEN ''
                ELSE 'home:' || left(encode(sha256(convert_to(array_to_string(there, '/'), 'UTF8')), 'hex'), 32) END
    FROM fact_members(p_person, p_day, p_known, p_today, false) AS there
$$;

-- What the records say of the household of a person, or of a place (``p_row``), whoever it was recorded through: for an
-- office that a law names. Each whom it was recorded through has the reading in their log, and so has each of the household.
-- Whoever is under 支援措置, and a household of theirs, is as if nothing were known.
CREATE FUNCTION fact_shared(
    p_at timestamptz, p_actor_kind text, p_actor uuid, p_channel text, p_cause uuid,
    p_person uuid, p_keys text[], p_row text, p_purpose text, p_procedure text, p_office text, p_case uuid,
    p_day date, p_known timestamptz
) RETURNS TABLE (refused text[], id uuid, key text, value jsonb, source text, level text, as_of date, valid_from date,
                 valid_to date, recorded_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_today date := (p_at AT TIME ZONE 'Asia/Tokyo')::date;
    v_left text[];
    v_open boolean;
    v_bases text[];
    v_row text := p_row;
    v_withheld boolean;
    v_found uuid[];
    v_others uuid[];
BEGIN
    IF p_person IS NULL OR p_keys IS NULL OR p_keys = '{}' OR p_purpose IS NULL THEN
        RAISE EXCEPTION 'of whose household or place, which facts and for what?' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF p_row NOT LIKE 'place:%' AND (p_row <> '' OR EXISTS (SELECT FROM unnest(p_keys) k WHERE k NOT LIKE 'household.%')) THEN
        RAISE EXCEPTION 'neither a household nor a place' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT not_permitted, is_open, bases INTO v_left, v_open, v_bases
        FROM fact_permitted(p_keys, p_purpose, p_procedure, p_office, v_today, true);
    v_withheld := v_left = '{}' AND NOT v_open AND fact_is_confidential(p_person, v_today);
    INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, cause_id, channel, data)
    VALUES (gen_random_uuid(), p_at, 'facts.read', CASE WHEN v_left = '{}' THEN 'done' ELSE 'refused' END,
            CASE WHEN v_left = '{}' THEN 'basis' ELSE 'no-basis' END, p_actor_kind, p_actor, 'person', p_person, p_cause,
            p_channel, jsonb_strip_nulls(jsonb_build_object('purpose', p_purpose,
                'keys', to_jsonb(CASE WHEN v_left <> '{}' THEN v_left WHEN v_withheld THEN '{}'::text[] ELSE p_keys END),
                'withheld', CASE WHEN v_withheld THEN to_jsonb(p_keys) END,
                'basis', CASE WHEN v_left = '{}' THEN to_jsonb(v_bases) END,
                'procedure', nullif(p_procedure, ''), 'office', nullif(p_office, ''), 'case', p_case)));
    IF v_left <> '{}' THEN
        RETURN QUERY SELECT v_left, NULL::uuid, NULL, NULL::jsonb, NULL, NULL, NULL::date, NULL::date, NULL::date,
                            NULL::timestamptz;
        RETURN;
    END IF;
    IF v_withheld THEN
        RETURN;
    END IF;
    IF p_row = '' THEN
        v_row := fact_home(p_person, p_day, p_known, v_today);
    END IF;
    v_found := ARRAY(
        SELECT DISTINCT ON (f.key) f.id FROM (
            SELECT * FROM fact shared WHERE shared.row = v_row AND shared.row <> ''
            UNION ALL  -- what was recorded where no household was known is its person's alone
            SELECT * FROM fact alone WHERE p_row = '' AND alone.person_id = p_person AND alone.row = ''
        ) AS f
        WHERE f.key = ANY (p_keys) AND f.source IN ('card', 'register', 'staff', 'document') AND f.recorded_at <= p_known
            AND (f.valid_from IS NULL OR f.valid_from <= p_day) AND (f.valid_to IS NULL OR f.valid_to > p_day)
            AND (v_open OR NOT fact_is_confidential(f.person_id, v_today))
        ORDER BY f.key, f.as_of DESC, f.recorded_at DESC, f.id DESC);
    v_others := ARRAY(
        SELECT f.person_id FROM fact f WHERE f.id = ANY (v_found)
        UNION
        SELECT one FROM unnest(CASE WHEN p_row = '' THEN fact_members(p_person, v_today, p_at, v_today, false)
                                    ELSE '{}' END) AS one);
    INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, cause_id, channel, data)
    SELECT gen_random_uuid(), p_at, 'facts.read', 'done', 'basis', p_actor_kind, p_actor, 'person', one, p_cause, p_channel,
           jsonb_strip_nulls(jsonb_build_object('purpose', p_purpose, 'keys', to_jsonb(p_keys), 'basis', to_jsonb(v_bases),
               'procedure', nullif(p_procedure, ''), 'office', nullif(p_office, ''), 'shared', true))
    FROM unnest(v_others) AS one WHERE one <> p_person;
    RETURN QUERY SELECT NULL::text[], f.id, f.key, f.value, f.source, f.level, f.as_of, f.valid_from, f.valid_to,
                        f.recorded_at
        FROM fact f WHERE f.id = ANY (v_found) ORDER BY f.key;
END $$;

DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.proname IN ('fact_members', 'fact_home', 'fact_shared')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
    END LOOP;
    GRANT EXECUTE ON FUNCTION fact_shared(timestamptz, text, uuid, text, uuid, uuid, text[], text, text, text, text, uuid,
                                          date, timestamptz) TO madoguchi_app;
END $$;
"""
NOT_SHARED = """
DROP FUNCTION fact_shared(timestamptz, text, uuid, text, uuid, uuid, text[], text, text, text, text, uuid, date,
                          timestamptz);
DROP FUNCTION fact_home(uuid, date, timestamptz, date);
DROP FUNCTION fact_members(uuid, date, timestamptz, date, boolean);
"""

#: Function → its parameters before and after, and the sentences that change: what stands there, what stands there then.
#: It is dropped and made anew, because neither parameters nor what is returned can be replaced.
SENTENCES: list[tuple[str, str, str, list[tuple[str, str]]]] = [
    (
        # ``p_named``: only by a basis that names the office.
        "fact_permitted",
        "text[], text, text, text, date",
        "text[], text, text, text, date, boolean",
        [
            ("p_office text, p_day date, OUT", "p_office text, p_day date, p_named boolean, OUT"),
            (
                "AND (b.offices = '{}' OR p_office = ANY (b.offices))",
                "AND (b.offices = '{}' AND NOT p_named OR p_office = ANY (b.offices))",
            ),
        ],
    ),
    (
        "fact_candidates",
        "timestamptz, text, uuid, text, uuid, jsonb[], text, boolean, text[], text, text",
        "timestamptz, text, uuid, text, uuid, jsonb[], text, boolean, text[], text, text",
        [("fact_permitted(p_keys, p_purpose, '', p_office, v_today)", "fact_permitted(p_keys, p_purpose, '', p_office, v_today, false)")],
    ),
    (
        # A right of residents is nobody else's: whoever is not the person reads by a row that names the office.
        "fact_household",
        "timestamptz, text, uuid, text, uuid, uuid, text[], text, text, text, uuid",
        "timestamptz, text, uuid, text, uuid, uuid, text[], text, text, text, uuid",
        [
            (
                "fact_permitted(p_keys, p_purpose, p_procedure, p_office, v_today)",
                "fact_permitted(p_keys, p_purpose, p_procedure, p_office, v_today, NOT v_own)",
            ),
            (
                """
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
""",
                """
    END IF;
    v_found := array_remove(fact_members(p_person, v_today, 'infinity', v_today, v_open), p_person);
""",
            ),
        ],
    ),
    (
        # Nothing that is returned tells whether it was known already. A fact of a household stands in its row.
        "fact_state",
        "jsonb, text, text, uuid, text, date, timestamptz",
        "jsonb, text, text, uuid, text, date, timestamptz",
        [
            ("RETURNS TABLE(person uuid, key text)", "RETURNS void"),
            ("    RETURNING person_id, key", "    -- nor whether it was new"),
            (
                "FROM (SELECT *, valid_from IS NULL AND valid_to IS NULL AS is_undated FROM jsonb_to_recordset(p_rows)\n"
                '          AS told (id uuid, person uuid, key text, "row" text, value jsonb, valid_from date, valid_to date)) AS told',
                "FROM (SELECT told.id, told.person, told.key, told.value, told.valid_from, told.valid_to,\n"
                "             told.valid_from IS NULL AND told.valid_to IS NULL AS is_undated,\n"
                "             CASE WHEN told.key LIKE 'household.%' AND told.\"row\" = ''\n"
                "                  THEN fact_home(told.person, (p_at AT TIME ZONE 'Asia/Tokyo')::date, p_at,\n"
                "                                 (p_at AT TIME ZONE 'Asia/Tokyo')::date)\n"
                '                  ELSE told."row" END AS "row"\n'
                "          FROM jsonb_to_recordset(p_rows) AS told (\n"
                '              id uuid, person uuid, key text, "row" text, value jsonb, valid_from date, valid_to date)) AS told',
            ),
        ],
    ),
    (
        "fact_forget",
        "uuid, uuid",
        "uuid, uuid",
        [
            ("RETURNS bigint", "RETURNS void"),
            ("WITH gone AS (\n       DELETE", "DELETE"),
            (")))\n       RETURNING 1)\n   SELECT count(*) FROM gone ", ")))\n       "),
        ],
    ),
    # Ids that grow are made from one: nobody is told how many are needed.
    *(
        (
            name,
            parameters,
            parameters,
            [
                (
                    "SELECT p_ids[told.n], p_to,",
                    "SELECT (left(p_ids[1]::text, 24) || lpad(to_hex(told.n), 12, '0'))::uuid, p_to,",
                )
            ],
        )
        for name, parameters in (
            ("fact_adopt", "uuid, uuid, uuid[], timestamptz"),
            ("fact_part", "uuid, uuid, uuid[]"),
        )
    ),
    # How many things are known of somebody, however often they were said.
    ("fact_count", "uuid", "uuid", [("count(*)", 'count(DISTINCT (key, "row"))')]),
]
#: What web and worker may call of these.
CALLED = ("fact_candidates", "fact_household", "fact_state", "fact_forget", "fact_count", "fact_adopt", "fact_part")


def _told(name: str, before: str, after: str, changes: list[tuple[str, str]]) -> str:
    steps = "".join(
        f"""
    IF position($was${was}$was$ IN v_text) = 0 THEN
        RAISE EXCEPTION '{name} does not say what is to be amended: %', left($was${was}$was$, 80);
    END IF;
    v_text := replace(v_text, $was${was}$was$, $new${becomes}$new$);"""
        for was, becomes in changes
    )
    return f"""
DO $amend$ DECLARE
    v_text text := pg_get_functiondef('{name}({before})'::regprocedure);
BEGIN{steps}
    DROP FUNCTION {name}({before});
    EXECUTE v_text;
    REVOKE EXECUTE ON FUNCTION {name}({after}) FROM PUBLIC;
    {f"GRANT EXECUTE ON FUNCTION {name}({after}) TO madoguchi_app;" if name in CALLED else ""}
END $amend$;
"""


AMENDED = "".join(_told(*one) for one in SENTENCES)
AS_BEFORE = "".join(
    _told(name, after, before, [(new, old) for old, new in reversed(changes)])
    for name, before, after, changes in reversed(SENTENCES)
)


class Migration(migrations.Migration):
    dependencies = [("madoguchi_facts", "0008_what_was_offered_before_the_protection")]

    operations = [
        migrations.RunSQL(SHARED, NOT_SHARED),
        migrations.RunSQL(AMENDED, AS_BEFORE),
        migrations.AddIndex(
            "Fact",
            models.Index(fields=["row"], name="fact_in_row", condition=~Q(row="")),
        ),
    ]
