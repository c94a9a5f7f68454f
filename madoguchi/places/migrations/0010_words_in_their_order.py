"""Words are put in the order of Japanese, with the numbers in them as numbers: 市道2号 before 市道10号.

As a collation, because PostgreSQL compares by it forty times faster than by what an expression makes of the words.
"""

from django.contrib.postgres.operations import CreateCollation
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("madoguchi_places", "0009_where_things_are_by_hash")]

    operations = [CreateCollation("natural_japanese", provider="icu", locale="ja-u-kn-true")]
