"""In the search key names stand before a line's end and places behind it, so that who is protected is found by no place.

Of what is there the number, the applicant and their reading are names for sure; what follows them may be a place and is
taken for one, until the case is labelled anew.
"""

from django.db import migrations

# A key holds no space of its own: what is between spaces is one of them.
PARTED = r"""
UPDATE "case" SET search_key = concat_ws(' ', VARIADIC said[:names]) || E'\n' || concat_ws(' ', VARIADIC said[names + 1:])
FROM (
    SELECT id AS one, string_to_array(search_key, ' ') AS said,
           (2 + (applicant <> '')::int + (kana NOT IN ('', applicant))::int) AS names
    FROM "case" WHERE search_key <> '' AND position(E'\n' IN search_key) = 0
) AS parted
WHERE id = one
"""
JOINED = r"""UPDATE "case" SET search_key = trim(replace(search_key, E'\n', ' ')) WHERE search_key <> ''"""


class Migration(migrations.Migration):
    dependencies = [("madoguchi_cases", "0015_what_the_map_said_that_day")]

    operations = [migrations.RunSQL(PARTED, JOINED)]
