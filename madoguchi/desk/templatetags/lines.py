"""The lines of the work list, and of what happened to a case."""

from collections.abc import Sequence
from html import escape

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from madoguchi.desk.presenting.history import HistoryLine
from madoguchi.desk.presenting.worklist import ListLine, WorkPage

register = template.Library()


@register.filter
def rows(page: WorkPage) -> SafeString:
    """``<tr>`` for each, written in one go: as a template, fifty of them took a fifth of the page's time, by Django's
    ``format_html`` a sixth."""
    received = escape(gettext("受付"))
    return mark_safe("".join(_row(one, page, received) for one in page.lines))  # noqa: S308 -- each text is escaped


def _row(line: ListLine, page: WorkPage, received: str) -> str:
    ended = page.view == "ended"
    first, second = (line.step, line.note) if ended else (line.days, line.promised)
    name, number = escape(line.applicant), escape(line.number)
    pick = (
        f'<td class="pick"><label class="choice"><input type="checkbox" name="case" value="{escape(line.key)}"'
        f' form="batch"><span class="unseen">{name} {number}</span></label></td>'
    )
    mark = f' <b class="mark">{escape(line.mark)}</b>' if line.mark else ""
    return (
        f'<tr class="{line.tone}" data-line>{pick if page.deeds else ""}'
        f'<td class="days"><b>{escape(first)}</b><small>{escape(second)}</small></td>'
        f'<th scope="row"><a href="{escape(line.url)}">{name}</a>{mark}<small>{escape(line.kana)}</small></th>'
        f'<td class="procedure">{escape(line.procedure)}</td>{"" if ended else _at(line)}'
        f'<td class="number" data-label="{received}">{escape(line.received)}</td>'
        f'<td class="number">{number}</td></tr>\n'
    )


def _at(line: ListLine) -> str:
    """At which step it is, and who has it."""
    note = f"<small>{escape(line.note)}</small>" if line.note else ""
    own = " own" if line.own else ""
    return f'<td>{escape(line.step)}{note}</td><td class="taker{own}">{escape(line.taken)}</td>'


@register.filter
def happened(lines: Sequence[HistoryLine]) -> SafeString:
    """``<tr>`` for each, written in one go, too."""
    return mark_safe("".join(map(_happening, lines)))  # noqa: S308 -- each text is escaped


def _happening(line: HistoryLine) -> str:
    times = gettext("%(n)s回") % {"n": line.times} if line.times > 1 else ""
    what = escape(line.what) + (f"（{escape(times)}）" if times else "") + (_departs(line) if line.departures else "")
    refused = ' class="refused"' if line.refused else ""
    return (
        f'<tr{refused}><td class="number">{escape(line.when)}</td>'
        f"<td>{escape(line.who)}</td><td>{what}</td><td>{escape(line.about)}</td><td>{escape(line.why)}</td></tr>"
    )


def _departs(line: HistoryLine) -> str:
    """Where an examination departed from the tables."""
    count = len(line.departures)
    said = ngettext("判定表と変えたところ（%(n)s件）", "判定表と変えたところ（%(n)s件）", count) % {"n": count}
    shown = render_to_string("desk/_departures.html", {"lines": line.departures})
    return f'<details class="departs"><summary>{escape(said)}</summary>{shown}</details>'
