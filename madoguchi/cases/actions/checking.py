"""The examiner's ticks: what was looked at, by whom, when."""

from madoguchi.cases.actions.reasons import EXAMINES
from madoguchi.cases.models import Case, Check
from madoguchi.cases.queries.checking import checkables
from madoguchi.events import Actor, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound, Stale
from madoguchi.procedures import queries as procedures


@act("case.check", allow=(EXAMINES,))
def check(case: Case, subject: str, *, seen: str, by: Actor) -> Check:
    """確認した: one answer, document or line of the checks has been looked at.

    ``seen`` is the digest of what was on the screen. Raises Stale where something else stands there by now.
    """
    one = checkables(case, procedures.package(case.procedure)).get(subject)
    if one is None:
        raise NotFound("check-unknown", "確認する項目が見つかりません。画面を読み込み直してください。")
    if one.digest != seen:
        raise Stale("check-changed", "ご覧になっていた内容が変わりました。画面を読み込み直して、確かめてください。")
    record(subject_checked=subject)
    if one.check is not None:
        return one.check
    made, _ = Check.objects.update_or_create(
        case=case, subject=subject, defaults={"digest": seen, "checked_at": clock.now(), "account_id": by.who}
    )
    return made


@act("case.uncheck", allow=(EXAMINES,))
def uncheck(case: Case, subject: str, *, by: Actor) -> Case:
    """確認の取消し: the thing is to be looked at again."""
    Check.objects.filter(case=case, subject=subject).delete()
    record(subject_unchecked=subject)
    return case
