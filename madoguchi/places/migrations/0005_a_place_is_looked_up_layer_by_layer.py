"""A place is looked up in each layer within the layer's own reach: the index knows the layer first."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('madoguchi_places', '0004_how_surely_a_place_is_there'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='feature', name='feature_at'),
        migrations.AddIndex(
            model_name='feature',
            index=django.contrib.postgres.indexes.GistIndex(fields=['layer', 'geom'], name='feature_at'),
        ),
    ]
