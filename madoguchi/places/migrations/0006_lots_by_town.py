"""Lots are found by town and number among a hundred thousand parcels."""

import django.db.models.fields.json
import django.db.models.functions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('madoguchi_places', '0005_a_place_is_looked_up_layer_by_layer'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(django.db.models.fields.json.KT('properties__town'), django.db.models.functions.Collate(django.db.models.fields.json.KT('properties__lot'), 'C'), condition=models.Q(('dropped_in', None), ('layer', 'parcels'), ('valid_until', None)), name='feature_lot'),
        ),
    ]
