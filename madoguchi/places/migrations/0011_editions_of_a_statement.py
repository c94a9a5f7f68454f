"""That the editions of a feature exist is checked once for a statement: row by row, of three columns of which two are
empty, took a fifth of the time in which a file is taken in. The empty ones stand in no index, either.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

CHECKED = """
CREATE FUNCTION features_have_their_editions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (
            SELECT DISTINCT unnest(ARRAY[added_in_id, ended_in_id, dropped_in_id]) AS id FROM written
        ) AS named WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM layer_edition WHERE layer_edition.id = named.id)
    ) THEN
        RAISE EXCEPTION 'a feature names an edition that there is not' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION editions_keep_their_features() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM gone WHERE EXISTS (SELECT FROM layer_feature WHERE added_in_id = gone.id)
            OR EXISTS (SELECT FROM layer_feature WHERE ended_in_id = gone.id)
            OR EXISTS (SELECT FROM layer_feature WHERE dropped_in_id = gone.id)
    ) THEN
        RAISE EXCEPTION 'features name this edition' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER feature_added_has_editions AFTER INSERT ON layer_feature REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION features_have_their_editions();
CREATE TRIGGER feature_changed_has_editions AFTER UPDATE ON layer_feature REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION features_have_their_editions();
CREATE TRIGGER edition_keeps_features AFTER DELETE ON layer_edition REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION editions_keep_their_features();
"""
NOT_CHECKED = """
DROP TRIGGER feature_added_has_editions ON layer_feature;
DROP TRIGGER feature_changed_has_editions ON layer_feature;
DROP TRIGGER edition_keeps_features ON layer_edition;
DROP FUNCTION features_have_their_editions();
DROP FUNCTION editions_keep_their_features();
"""


def of_edition(name: str, **more: bool) -> migrations.AlterField:
    return migrations.AlterField(
        'feature',
        f'{name}_in',
        models.ForeignKey(
            'madoguchi_places.edition',
            django.db.models.deletion.PROTECT,
            related_name=name,
            db_constraint=False,
            db_index=False,
            **more,
        ),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('madoguchi_places', '0010_words_in_their_order'),
    ]

    operations = [
        of_edition('added'),
        of_edition('ended', null=True),
        of_edition('dropped', null=True),
        migrations.AddIndex('feature', models.Index(fields=['added_in'], name='feature_added')),
        migrations.AddIndex(
            'feature',
            models.Index(fields=['ended_in'], name='feature_ended', condition=Q(ended_in__isnull=False)),
        ),
        migrations.AddIndex(
            'feature',
            models.Index(fields=['dropped_in'], name='feature_dropped', condition=Q(dropped_in__isnull=False)),
        ),
        migrations.RunSQL(CHECKED, NOT_CHECKED),
    ]
