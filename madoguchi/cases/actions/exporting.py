"""Taking a list out of the system: an act with its purpose and its rows, before the first of them leaves."""

from typing import Final

from madoguchi.cases.models import Export
from madoguchi.cases.queries.worklist import NO_FILTERS, Filters, View, found
from madoguchi.events import Actor, Reason, act, record
from madoguchi.ground.errors import Invalid, Problem

STAFF = Reason("staff", "職員だから（自分の課・職の案件だけが入る）", lambda actor, _: actor.kind == "staff")
#: What a list may be taken out for (個人情報保護法69条: 利用目的); the words are the desk's.
PURPOSES: Final = ("work", "statistics", "audit", "disclosure")


@act("case.export", allow=(STAFF,))
def export_list(
    purpose: str, *, by: Actor, view: View, form: str, filters: Filters = NO_FILTERS, narrowed: tuple[str, ...] = ()
) -> Export:
    """一覧の書き出し: the member of staff takes the cases of a list out, for ``purpose``.

    ``narrowed`` are the names of the filters, never what was looked for. The rows follow after the event: those of
    this moment and no others, so that each person sees that theirs was among them.
    """
    if purpose not in PURPOSES:
        problem = Problem("purpose-missing", "書き出す目的を選んでください。記録に残ります。")
        raise Invalid(problem.code, problem.message, fields={"purpose": problem})
    taken = Export.objects.create(cases=list(found(view, by, filters).values_list("pk", flat=True)))
    record(purpose=purpose, view=view, form=form, narrowed=list(narrowed), rows=len(taken.cases))
    return taken
