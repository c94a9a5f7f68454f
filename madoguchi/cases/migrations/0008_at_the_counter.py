import django.db.models.deletion
import madoguchi.ground.clock
import madoguchi.ground.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('madoguchi_cases', '0007_services_of_companies'),
        ('madoguchi_people', '0001_initial'),
        ('madoguchi_places', '0001_initial'),
        ('madoguchi_procedures', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Confirmation',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='confirmation', serialize=False, to='madoguchi_cases.case')),
                ('shown', models.TextField()),
                ('asked_at', models.DateTimeField(default=madoguchi.ground.clock.now)),
                ('digest', models.TextField()),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('how', models.TextField(blank=True, choices=[('signed', '画面に署名'), ('named', '氏名を入力'), ('spoken', '読み上げを聞いて口頭で確認（職員が記録）')])),
                ('name', models.TextField(blank=True)),
            ],
            options={
                'db_table': 'case_confirmation',
            },
        ),
        migrations.CreateModel(
            name='Kiosk',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('name', models.TextField()),
                ('made_at', models.DateTimeField(default=madoguchi.ground.clock.now)),
                ('code_until', models.DateTimeField()),
                ('joined_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('browser', models.TextField(blank=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('tried_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'counter_kiosk',
            },
        ),
        migrations.CreateModel(
            name='Sitting',
            fields=[
                ('id', models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ('section', models.TextField()),
                ('opened_at', models.DateTimeField(default=madoguchi.ground.clock.now)),
                ('ended_at', models.DateTimeField(null=True)),
                ('serial', models.PositiveSmallIntegerField(default=0)),
                ('code_until', models.DateTimeField(null=True)),
                ('shown', models.TextField(blank=True)),
                ('identified_at', models.DateTimeField(null=True)),
                ('told', models.JSONField(default=dict)),
                ('agreed_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'counter_sitting',
            },
        ),
        migrations.RemoveConstraint(
            model_name='case',
            name='one_draft_per_person_and_procedure',
        ),
        migrations.AddField(
            model_name='case',
            name='channel',
            field=models.TextField(default='web'),
        ),
        migrations.AddField(
            model_name='figures',
            name='channels',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='confirmation',
            name='clerk',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='confirmation',
            name='signature',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='madoguchi_cases.document'),
        ),
        migrations.AddField(
            model_name='kiosk',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='sitting',
            name='clerk',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='sitting',
            name='kiosk',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='madoguchi_cases.kiosk'),
        ),
        migrations.AddField(
            model_name='sitting',
            name='person',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='madoguchi_people.person'),
        ),
        migrations.AddField(
            model_name='case',
            name='sitting',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='cases', to='madoguchi_cases.sitting'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.UniqueConstraint(condition=models.Q(('corrects__isnull', True), ('received_at__isnull', True), ('sitting__isnull', True), ('subject__isnull', True), ('withdrawn_at__isnull', True)), fields=('person', 'procedure'), name='one_draft_per_person_and_procedure'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.UniqueConstraint(condition=models.Q(('received_at__isnull', True), ('withdrawn_at__isnull', True)), fields=('sitting', 'procedure'), name='one_draft_per_sitting_and_procedure'),
        ),
        migrations.AddConstraint(
            model_name='confirmation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', True), ('how', '')), models.Q(('confirmed_at__isnull', False), models.Q(('how', ''), _negated=True)), _connector='OR'), name='a_confirmation_says_how'),
        ),
        migrations.AddIndex(
            model_name='sitting',
            index=models.Index(fields=['clerk', 'opened_at'], name='sitting_of_clerk'),
        ),
        migrations.AddConstraint(
            model_name='sitting',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('told', {}), _connector='OR'), name='nothing_stays_of_a_sitting_that_ended'),
        ),
        migrations.AddConstraint(
            model_name='sitting',
            constraint=models.CheckConstraint(condition=models.Q(('agreed_at__isnull', True), models.Q(('identified_at__isnull', False), ('person__isnull', False)), _connector='OR'), name='nobody_agrees_before_they_are_known'),
        ),
        migrations.AddConstraint(
            model_name='sitting',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('kiosk',), name='a_tablet_serves_one_sitting'),
        ),
        # What partners have filed came in by the API.
        migrations.RunSQL(
            "UPDATE \"case\" SET channel = 'api' WHERE id IN (SELECT case_id FROM case_origin)", migrations.RunSQL.noop
        ),
    ]
