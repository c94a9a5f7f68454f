"""Features edited by hand: a change, what it does to each feature, who decided; and photographs of features."""

import django.contrib.gis.db.models.fields
import django.db.models.deletion
import madoguchi.ground.clock
import madoguchi.ground.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('madoguchi_places', '0002_layers_and_their_features'),
    ]

    operations = [
        migrations.CreateModel(
            name='Photo',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('layer', models.TextField()),
                ('key', models.TextField()),
                ('name', models.TextField()),
                ('media_type', models.TextField()),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.TextField()),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('added_at', models.DateTimeField(default=madoguchi.ground.clock.now)),
                ('added_by', models.UUIDField()),
                ('removed_at', models.DateTimeField(null=True)),
                ('removed_by', models.UUIDField(null=True)),
            ],
            options={
                'db_table': 'layer_photo',
            },
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('layer', models.TextField()),
                ('why', models.TextField()),
                ('valid_from', models.DateField(null=True)),
                ('asked_at', models.DateTimeField(default=madoguchi.ground.clock.now)),
                ('asked_by', models.UUIDField()),
                ('decided_by', models.UUIDField(null=True)),
                ('approved_at', models.DateTimeField(null=True)),
                ('refused_at', models.DateTimeField(null=True)),
                ('refused_why', models.TextField(blank=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('state', models.GeneratedField(db_persist=True, expression=models.Case(models.When(approved_at__isnull=False, then=models.Value('approved')), models.When(refused_at__isnull=False, then=models.Value('refused')), models.When(then=models.Value('withdrawn'), withdrawn_at__isnull=False), default=models.Value('waiting'), output_field=models.TextField()), output_field=models.TextField())),
                ('edition', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='change', to='madoguchi_places.edition')),
                ('undoes', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='madoguchi_places.change')),
            ],
            options={
                'db_table': 'layer_change',
            },
        ),
        migrations.CreateModel(
            name='Amendment',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('kind', models.TextField()),
                ('key', models.TextField()),
                ('properties', models.JSONField(null=True)),
                ('geom', django.contrib.gis.db.models.fields.GeometryField(null=True, spatial_index=False, srid=6668)),
                ('until', models.DateField(null=True)),
                ('feature', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='amendments', to='madoguchi_places.feature')),
                ('change', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='madoguchi_places.change')),
            ],
            options={
                'db_table': 'layer_amendment',
            },
        ),
        migrations.CreateModel(
            name='PhotoContent',
            fields=[
                ('photo', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='content', serialize=False, to='madoguchi_places.photo')),
                ('content', models.BinaryField()),
            ],
            options={
                'db_table': 'layer_photo_content',
            },
        ),
        migrations.AddIndex(
            model_name='photo',
            index=models.Index(fields=['layer', 'key'], name='photos_of_feature'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('approved_at', None), ('refused_at', None), ('withdrawn_at', None)), fields=['layer'], name='change_waits'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['layer', '-asked_at'], name='changes_of_layer'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('refused_at__isnull', True), ('withdrawn_at__isnull', True)), models.Q(('approved_at__isnull', True), ('withdrawn_at__isnull', True)), models.Q(('approved_at__isnull', True), ('refused_at__isnull', True)), _connector='OR'), name='a_change_ends_once'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('edition__isnull', True)), models.Q(('approved_at__isnull', False), ('edition__isnull', False)), _connector='OR'), name='what_counts_is_an_edition'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('refused_at__isnull', True), ('refused_why', '')), models.Q(('decided_by__isnull', False), ('refused_at__isnull', False), models.Q(('refused_why', ''), _negated=True)), _connector='OR'), name='a_refused_change_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), name='nobody_decides_on_their_own_change'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.UniqueConstraint(fields=('change', 'number'), name='a_change_counts_its_lines'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ('add', 'change', 'correct', 'end', 'drop', 'restore'))), name='an_amendment_is_of_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('feature__isnull', True), ('kind', 'add')), models.Q(models.Q(('kind', 'add'), _negated=True), ('feature__isnull', False)), _connector='OR'), name='only_what_is_new_had_nothing_before'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('geom__isnull', True), ('kind__in', ('end', 'drop')), ('properties__isnull', True)), models.Q(models.Q(('kind__in', ('end', 'drop')), _negated=True), ('geom__isnull', False), ('properties__isnull', False)), _connector='OR'), name='an_amendment_says_what_will_be'),
        ),
    ]
