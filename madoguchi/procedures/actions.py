"""Publishing: a checked package becomes an immutable version that people can apply under."""

from typing import Any

from madoguchi.events import Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.flow import digest
from madoguchi.procedures.rules.format import FactField
from madoguchi.procedures.rules.load import Package
from madoguchi.procedures.rules.vocabulary import Facts


@act("procedure.publish", allow=(BY_SYSTEM,))
def publish(package: Package, facts: Facts, *, by: Actor) -> Procedure:
    """手続の公開: from its date of effect on, people apply under this version; what runs keeps its own.

    The same package published again is the version that is there. A changed package of the same date of effect
    becomes its next revision, and so does one that goes back to an earlier text or was no longer offered.
    """
    data = package.as_json() | {"facts": _named_facts(package, facts)}
    graph = package.graph.as_json()
    mark = digest({"data": data, "graph": graph})
    code, version = package.procedure.code, package.procedure.version
    last = Procedure.objects.filter(code=code, version=version).order_by("-revision").first()
    if last is not None and last.digest == mark and last.withdrawn_at is None:
        record(code=code, version=version, known=True)
        return last
    row = Procedure.objects.create(
        code=code,
        version=version,
        revision=last.revision + 1 if last else 1,
        digest=mark,
        identity=package.procedure.identity,
        data=data,
        graph=graph,
    )
    record(code=code, version=version, revision=row.revision, digest=mark)
    return row


@act("procedure.withdraw", allow=(BY_SYSTEM,))
def withdraw(row: Procedure, *, by: Actor) -> Procedure:
    """手続の公開停止: nobody begins under this version any more; running cases go on under it."""
    row.withdrawn_at = clock.now()
    row.save(update_fields=["withdrawn_at"])
    record(code=row.code, version=row.version)
    return row


def _named_facts(package: Package, facts: Facts) -> dict[str, Any]:
    """The part of the vocabulary that the form names, so that a version never changes with the vocabulary."""
    keys = {one.fact for section in package.procedure.asks for one in section.ask if isinstance(one, FactField)}
    return {key: facts[key].model_dump(mode="json", by_alias=True, exclude_unset=True) for key in sorted(keys)}
