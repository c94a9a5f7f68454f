"""The layers of the map: what was taken in, and the features as they were and are."""

import django.contrib.gis.db.models.fields
import django.contrib.gis.db.models.functions
import django.contrib.postgres.indexes
import django.db.models.deletion
import madoguchi.ground.clock
import madoguchi.ground.ids
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('madoguchi_places', '0001_initial'),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name='Edition',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('layer', models.TextField()),
                ('number', models.PositiveIntegerField()),
                ('as_of', models.DateField()),
                ('recorded_at', models.DateTimeField(default=madoguchi.ground.clock.now)),
                ('why', models.TextField(blank=True)),
                ('digest', models.TextField(blank=True)),
                ('report', models.JSONField(default=dict)),
            ],
            options={
                'db_table': 'layer_edition',
                'constraints': [models.UniqueConstraint(fields=('layer', 'number'), name='a_layer_counts_its_editions')],
            },
        ),
        migrations.CreateModel(
            name='Feature',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('layer', models.TextField()),
                ('key', models.TextField()),
                ('properties', models.JSONField(default=dict)),
                ('geom', django.contrib.gis.db.models.fields.GeometryField(spatial_index=False, srid=6668)),
                ('drawn', models.GeneratedField(db_persist=True, expression=django.contrib.gis.db.models.functions.Transform('geom', 3857), output_field=django.contrib.gis.db.models.fields.GeometryField(spatial_index=False, srid=3857))),
                ('digest', models.TextField()),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(null=True)),
                ('added_in', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='added', to='madoguchi_places.edition')),
                ('dropped_in', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='dropped', to='madoguchi_places.edition')),
                ('ended_in', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ended', to='madoguchi_places.edition')),
            ],
            options={
                'db_table': 'layer_feature',
                'indexes': [django.contrib.postgres.indexes.GistIndex(fields=['geom'], name='feature_at'), django.contrib.postgres.indexes.GistIndex(condition=models.Q(('dropped_in', None), ('valid_until', None)), fields=['layer', 'drawn'], name='feature_drawn')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('dropped_in', None), ('valid_until', None)), fields=('layer', 'key'), name='a_key_is_one_feature_now'), models.CheckConstraint(condition=models.Q(models.Q(('ended_in__isnull', True), ('valid_until__isnull', True)), models.Q(('ended_in__isnull', False), ('valid_until__gte', models.F('valid_from')), ('valid_until__isnull', False)), _connector='OR'), name='ending_has_an_edition')],
            },
        ),
    ]
