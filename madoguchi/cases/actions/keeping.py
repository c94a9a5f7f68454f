"""The end of a record: a hold and its release, the notice before, the deletion of which one event remains.

What is deleted stands in ``rules.keeping.LIVES``; what hangs on the case and is not named there goes, too.
"""

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Q

from madoguchi.cases.actions import driving, storing, telling
from madoguchi.cases.actions.reasons import MAY_HOLD
from madoguchi.cases.models import Case, Cosigner, Hold
from madoguchi.cases.queries import keeping
from madoguchi.cases.rules.keeping import LIVES
from madoguchi.events import Actor, act, record
from madoguchi.events.acting import current_event
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Fact
from madoguchi.facts.queries import given_by, given_to
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.text import clean
from madoguchi.people.models import Identity, Person
from madoguchi.people.queries import confirmed_address
from madoguchi.people.rules import NOBODY

MAX_REASON = 500
#: A hold longer than this is decided anew: what nobody looks at again would be kept for ever.
LONGEST_HOLD = dt.timedelta(days=5 * 366)


@act("case.hold", allow=(MAY_HOLD,))
def hold(case: Case, reason: str, until: dt.date, *, by: Actor) -> Hold:
    """廃棄の保留: the record is kept beyond its period, for a reason (訴訟, 審査請求, 監査) and up to a day."""
    fresh = driving.locked(case)
    if fresh.erased_at is not None:
        raise Stale("case-erased", "この案件はすでに廃棄されています。")
    said = clean(reason, multiline=True, max_length=MAX_REASON)
    wrong: dict[str, Problem] = {}
    if not said:
        wrong["reason"] = Problem("reason-missing", "廃棄しない理由を書いてください。")
    if not clock.today() < until <= clock.today() + LONGEST_HOLD:
        wrong["until"] = Problem("hold-until", "明日から5年のうちの日を書いてください。")
    if wrong:
        raise Invalid("hold-incomplete", "保留の理由と期限を確かめてください。", fields=wrong)
    made = Hold.objects.create(case=fresh, reason=said, until=until, held_by_id=by.who)
    record(hold=made.pk, until=until)
    return made


@act("case.release", allow=(MAY_HOLD,))
def release_hold(case: Case, hold_id: UUID, *, by: Actor) -> Case:
    """廃棄の保留の解除: the reason has gone; the record is deleted when its period is over."""
    held = Hold.objects.select_for_update().filter(pk=hold_id, case=case, released_at=None).first()
    if held is None:
        raise Stale("hold-over", "この保留はすでに解除されています。")
    held.released_at, held.released_by_id = clock.now(), by.who
    held.save(update_fields=["released_at", "released_by"])
    record(hold=held.pk)
    return case


@act("case.warn", allow=(BY_SYSTEM,))
def warn(case: Case, *, by: Actor) -> Case:
    """廃棄の予告: the applicant is told that the draft or the record will be deleted, and when."""
    fresh = driving.locked(case)
    is_draft = fresh.received_at is None
    wanted = keeping.drafts_to_warn() if is_draft else keeping.cases_to_warn()
    if not wanted.filter(pk=fresh.pk).exists():
        record(already_done=True)
        return fresh
    fresh.warned_at = clock.now()
    fresh.save(update_fields=["warned_at"])
    template = "draft-forgotten" if is_draft else "deletion-soon"
    address = fresh.email or confirmed_address(fresh.person_id)
    telling.tell(fresh, template, event=current_event(), address=address, by=by)
    record(draft=is_draft)
    return fresh


@act("case.delete", allow=(BY_SYSTEM,))
def delete(case: Case, *, by: Actor) -> Case:
    """廃棄: all that was said and given is deleted. Dates, procedure, outcome and this event stay."""
    fresh = driving.locked(case)
    if fresh.erased_at is not None:
        record(already_done=True)
        return fresh
    if keeping.is_held(fresh):
        raise Stale("case-held", "廃棄が保留されています。")
    is_draft = fresh.received_at is None and fresh.withdrawn_at is None
    wanted = keeping.drafts_to_delete() if is_draft else keeping.cases_to_delete()
    if not wanted.filter(pk=fresh.pk).exists():
        raise Stale("keeping-period-runs", "保存期間がまだ終わっていません。")
    person, place = fresh.person_id, fresh.place_id
    Person.objects.get_or_create(pk=NOBODY)
    if is_draft:
        fresh.withdrawn_at = clock.now()
    fresh.erased_at = clock.now()
    Case.objects.filter(part_of=fresh).update(part_of=None)  # what it was applied for with is gone; the parts go on
    gone = {}
    for model, path in _of_cases():
        if model is Fact:
            facts.forget(fresh.pk, by=by)  # an event of its own; it says of nothing how much
            continue
        rows = model._default_manager.filter(**{path: fresh.pk})
        life = LIVES.get(model._meta.db_table)
        if life is None or life.blank is None:
            gone[model._meta.db_table] = rows.count()
            rows.delete()
        elif model is Case:
            for name, value in life.blank.items():
                setattr(fresh, name, value)
            fresh.save()
        else:
            rows.update(**life.blank)
    storing.forget_place(place)
    if not _is_needed(person):
        # Nothing is left for which to recognise them.
        gone["person_identity"] = Identity.objects.filter(person_id=person).delete()[0]
        facts.forget(None, person_id=person, by=by)
    record(
        procedure=fresh.procedure.code,
        version=fresh.procedure.version,
        draft=is_draft,
        kept_until=fresh.keep_until,
        gone={table: count for table, count in gone.items() if count},
    )
    return fresh


def _is_needed(person: UUID) -> bool:
    """Whether something is left for which this person must be recognised: a case of theirs or about them, a part that
    they have confirmed, somebody who speaks for them or for whom they speak."""
    cases = Case.objects.filter(Q(person_id=person) | Q(subject_id=person))
    cosigned = Cosigner.objects.filter(person_id=person)
    return cases.exists() or cosigned.exists() or bool(given_by(person) or given_to(person))


def _of_cases() -> Iterator[tuple[type[models.Model], str]]:
    """Every model whose rows belong to a case, and how they lead to it; whatever leans on others comes before them."""
    named = {model._meta.db_table: model for model in apps.get_models()}
    paths = {table: life.of_case for table, life in LIVES.items() if life.of_case}
    for model in apps.get_models():
        for one in model._meta.concrete_fields:
            to = one.remote_field
            if to is not None and one.related_model is Case and to.on_delete is models.CASCADE:
                paths.setdefault(model._meta.db_table, one.name)
    deleted_first = sorted(paths, key=lambda table: (table == "case", -paths[table].count("__"), table))
    for table in deleted_first:
        if table in named:
            yield named[table], paths[table]
