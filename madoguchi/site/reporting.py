"""What came of a register's import, for whoever ran it: as text and as JSON. Lines and columns, never a value."""

import json
from typing import Any, Final

from madoguchi.facts.actions import Report
from madoguchi.ground import clock

_WORDS: Final = {
    "read": "読んだ行",
    "unchanged": "変わりなし",
    "new": "新しい方",
    "changed": "変わった方",
    "gone": "いなくなった方",
    "linked": "サインインしたことのある方と結びついた方",
    "doubtful": "職員の確認を待つ組",
    "refused": "受け付けなかった行",
}
#: So many refused lines are printed; the JSON has all.
_PRINTED: Final = 50


def as_text(report: Report) -> str:
    """A line for each count, then what was refused and why."""
    told, run = _told(report), report.run
    lines = [f"台帳 {run.register}　{run.day}現在　{_times(report)}"]
    lines += [f"{told[name]:>9,}  {words}" for name, words in _WORDS.items()]
    if report.was_there:
        lines.append("この内容のファイルは、前にも取り込まれています。")
    if report.held_back:
        lines.append(f"注意: {report.held_back}")
    for one in report.refused[:_PRINTED]:
        lines.append(f"  {one.at}行目{f'「{one.column}」' if one.column else ''}: {one.why}")
    if len(report.refused) > _PRINTED:
        lines.append(f"  ほか{len(report.refused) - _PRINTED:,}行（--json のファイルにすべてあります）")
    return "\n".join(lines)


def as_json(report: Report) -> str:
    """Everything that the text says, and every refused line."""
    run = report.run
    told: dict[str, Any] = {
        "register": run.register,
        "day": str(run.day),
        "file_sha256": run.digest,
        "operator": run.operator,
        "began_at": clock.in_tokyo(run.began_at).isoformat(),
        "ended_at": clock.in_tokyo(run.ended_at).isoformat() if run.ended_at else None,
        "was_there": report.was_there,
        "held_back": report.held_back,
        **_told(report),
        "refused_lines": [{"line": one.at, "column": one.column, "why": one.why} for one in report.refused],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _told(report: Report) -> dict[str, int]:
    kept = {name: getattr(report.run, name) for name in _WORDS if name not in ("read", "refused")}
    return {"read": report.read, **kept, "refused": len(report.refused)}


def _times(report: Report) -> str:
    run = report.run
    return f"{(run.ended_at - run.began_at).total_seconds():.0f}秒" if run.ended_at else ""
