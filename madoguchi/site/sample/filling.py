"""Filling the database: residents first, then cast after cast by COPY, in the order of the days on which they came."""

import datetime as dt
import itertools
import random
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model

from madoguchi.cases.models import Case
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.dates import format_day
from madoguchi.ground.errors import Stale
from madoguchi.ground.ids import check_digit
from madoguchi.ground.kana import search_key
from madoguchi.messages.models import LetterSeries
from madoguchi.messages.rules import codes
from madoguchi.people.models import Person, PostHolding
from madoguchi.procedures import queries as procedures
from madoguchi.site import demo, worker
from madoguchi.site.owner import owner
from madoguchi.site.sample.moulds import Mould, Rows, mould_models, moulds
from madoguchi.site.sample.residents import Resident, populations, residents

#: Cases of one transaction.
CHUNK: Final = 2000
YEARS: Final = 2
#: Days in which cases came whose procedure has not ended any case yet.
LATELY: Final = 45
#: How many cases of a procedure come in a month, as parts of the whole year (January first): 12 figures near 1.
_SEASONS: Final = {
    "dog-registration": (0.6, 0.7, 1.2, 2.0, 1.8, 1.2, 0.8, 0.7, 0.8, 0.8, 0.7, 0.7),
    "child-allowance-claim": (0.8, 0.8, 1.6, 2.0, 1.0, 0.8, 0.8, 0.7, 0.8, 0.9, 0.9, 0.9),
    "disaster-certificate": (0.2, 0.2, 0.2, 0.2, 0.4, 1.6, 1.4, 1.2, 4.6, 1.4, 0.4, 0.2),
    "resident-record-copy": (0.9, 1.0, 1.9, 1.6, 0.9, 0.8, 0.8, 0.8, 0.9, 0.8, 0.8, 0.8),
    "change-of-address": (0.7, 0.9, 2.4, 2.0, 0.8, 0.7, 0.8, 0.8, 0.9, 0.7, 0.6, 0.7),
    "moving-out": (0.6, 0.9, 2.9, 1.6, 0.8, 0.7, 0.8, 0.8, 0.9, 0.7, 0.6, 0.7),
    "childcare-place": (1.0, 0.8, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.6, 2.6, 3.4, 1.1),
    "childcare-status-report": (0.2, 0.1, 0.1, 0.2, 0.2, 0.2, 0.2, 0.3, 2.5, 5.0, 2.5, 0.5),
    "child-rearing-allowance-report": (0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 8.6, 1.6, 0.4, 0.3, 0.1),
}
#: How many of all cases are of a procedure, as weights; what is not named weighs 1.
_SHARES: Final = {
    "resident-record-copy": 6.0,
    "change-of-address": 3.0,
    "moving-out": 2.6,
    "care-need-certification": 2.5,
    "care-need-renewal": 2.5,
    "care-plan-request": 2.0,
    "care-high-cost-refund": 1.5,
    "child-allowance-claim": 1.4,
    "childcare-place": 1.2,
    "childcare-status-report": 1.1,
    "care-equipment-purchase": 0.8,
    "child-allowance-change": 0.8,
    "care-need-change": 0.7,
    "pregnancy-notification": 0.7,
    "child-rearing-allowance-report": 0.5,
    "funeral-benefit-late-elderly": 1.2,
    "household-head-change": 0.6,
    "disaster-certificate": 0.5,
    "funeral-benefit": 0.4,
    "care-burden-certificate-reissue": 0.4,
    "care-need-transfer": 0.2,
}
#: How a case goes that had time to end, as weights by the state of its mould.
_ENDS: Final = {"closed": 90.0, "decided": 1.0, "withdrawn": 3.0, "received": 0.4, "returned": 0.3}
#: A day farther off than this (the end of the keeping period) moves by as many days as the receipt, open or not.
_KEPT_AS_IT_IS: Final = dt.timedelta(days=120)
#: Where the id of the writing transaction goes, which the writer knows.
XID: Final = "@xid@"
#: What is alike in all events of a clerk who opens a case.
_READING: Final = {
    "xid": XID,
    "verb": "case.read",
    "outcome": "done",
    "reason": "section-of-case",
    "actor_kind": "staff",
    "subject_kind": "case",
    "cause_id": r"\N",
    "channel": "web",
    "data": "{}",
}
_HOURS: Final = (1, 1, 0, 0, 0, 1, 2, 4, 6, 7, 8, 7, 8, 7, 6, 6, 6, 6, 7, 9, 11, 11, 8, 4)
_FACTS: Final = {
    "name": "person.full_name",
    "kana": "person.full_name_kana",
    "address": "person.registered_address",
    "born": "person.date_of_birth",
}


#: Rows in COPY's text format, by table and columns.
Lines = dict[tuple[str, tuple[str, ...]], list[str]]


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of it: how many of each, and how long it took (seconds)."""

    residents: int
    cases: int
    events: int
    rows: int
    seconds: float


def fill(
    count: int, cases: int, events: int, *, seed: int = 27218, progress: Callable[[str, int, int], None]
) -> Filled:
    """Add ``count`` residents and ``cases`` cases that left at least ``events`` events.

    The same seed on the same day gives the same city. ``progress`` hears what is being made, how many are done, of how
    many. Raises RuntimeError outside a demo (a sample never joins real residents), Stale where this sample is there.
    """
    if not settings.DEMO:
        raise RuntimeError("a sample city is made only in a demo (MADOGUCHI_DEMO=1)")
    began = time.monotonic()
    rng = random.Random(seed)  # noqa: S311 -- a sample, the same for the same seed
    demo.load()
    with owner(), _log_to_ourselves():
        people = _people(count, rng, progress)
        casting = _Casting(people, events, cases, rng)
        casting.run(progress)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return Filled(len(people), cases, casting.events, casting.rows, time.monotonic() - began)


# -- residents --------------------------------------------------------------------------------------------------------


def _people(count: int, rng: random.Random, progress: Callable[[str, int, int], None]) -> list[Resident]:
    city = procedures.city()
    prefix = f"{city.file.prefecture['ja']}{city.name['ja']}"
    weights = populations(city.towns, settings.DATA_PACK)
    people = list(residents(count, prefix, city.towns, weights, clock.today(), rng))
    if people and Person.objects.filter(pk=people[0].key).exists():
        raise Stale(
            "sample-is-there", "この見本の市はすでに入っています。別の --seed にするか、var を消してやり直します。"
        )
    since = f"{clock.today() - dt.timedelta(days=365 * YEARS + 30)}"
    long_ago = dt.datetime.combine(
        clock.today() - dt.timedelta(days=365 * YEARS + 30), dt.time(), clock.TOKYO
    ).timestamp()
    for start in range(0, count, CHUNK * 5):
        some = people[start : start + CHUNK * 5]
        with transaction.atomic():  # noqa: TID251 -- a sample is written past the acts, and nothing reads it as acts
            _copy("person", ("id", "opened_at"), (f"{one.key}\t{since}\n" for one in some))
            _copy(
                "person_identity",
                ("id", "person_id", "issuer", "subject", "level", "confirmed_at"),
                (
                    f"{_uuid(rng, long_ago)}\t{one.key}\t{demo.SAMPLE_ISSUER}\tsample-{seed_key(one)}\tcard\t{since}\n"
                    for one in some
                    if one.age(clock.today()) >= 15
                ),
            )
            _copy(
                "fact",
                (
                    "id",
                    "person_id",
                    "key",
                    "row",
                    "value",
                    "source",
                    "level",
                    "evidence",
                    "case_id",
                    "as_of",
                    "recorded_at",
                ),
                (
                    f'{_uuid(rng, long_ago)}\t{one.key}\t{key}\t\t"{getattr(one, what)}"\t'
                    f"register\tregistered\t\t\\N\t{since}\t{since}\n"
                    for one in some
                    for what, key in _FACTS.items()
                ),
            )
        progress("住民", min(start + CHUNK * 5, count), count)
    return people


def seed_key(one: Resident) -> str:
    """The subject under which a sample resident is recognised: its own id, shortened."""
    return one.key.replace("-", "")[:20]


# -- cases ------------------------------------------------------------------------------------------------------------


class _Casting:
    """The casts of all moulds, chunk after chunk. ``events`` and ``rows`` count what was written."""

    def __init__(self, people: Sequence[Resident], events: int, cases: int, rng: random.Random) -> None:
        self.rng = rng
        self.now = clock.now()
        self.cases = cases
        self.calendar = procedures.calendar()
        self.grown = [one for one in people if one.age(clock.today()) >= 18]
        self.parents = [one for one in self.grown if one.parent] or self.grown
        self.days = self._open_days()
        self.moulds = self._moulds()
        self.numbers = {one for (one,) in Case.objects.exclude(number=None).values_list("number")}
        self.series: dict[tuple[str, int], int] = {}
        self.clerks = self._clerks()
        self.everyone = [one for some in self.clerks.values() for one in some]
        self.events_wanted = events
        self.events = self.rows = 0
        self.serial = itertools.count(1)

    def _open_days(self) -> list[dt.date]:
        first = clock.today() - dt.timedelta(days=366 * YEARS)
        span = (dt.timedelta(days=n) for n in range(366 * YEARS + 120))
        return [day for day in (first + one for one in span) if self.calendar.is_open(day)]

    def _moulds(self) -> dict[str, list[Mould]]:
        """The demo's cases by procedure; a cast is no mould."""
        rows = Case.objects.exclude(number=None).select_related("procedure").order_by("procedure__code", "opened_at")
        found: dict[str, list[Mould]] = {}
        for one in moulds(rows.filter(email__startswith=demo.MAIL_TO), self.calendar.between):
            found.setdefault(one.code, []).append(one)
        if not found:
            raise RuntimeError("the demo has no cases to cast the sample from")
        return found

    def _clerks(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for section, account in PostHolding.objects.filter(until=None).values_list("section", "account_id"):
            found.setdefault(section, []).append(str(account))
        return found

    def run(self, progress: Callable[[str, int, int], None]) -> None:
        """Write everything."""
        plan = self._plan()
        average = sum(one.events for _, _, one in plan) / max(len(plan), 1)
        self.readings = max(0.0, self.events_wanted / max(self.cases, 1) - average)
        # The database writes one chunk while the next is made: two cores, two hands.
        with _without_indexes(mould_models(one for some in self.moulds.values() for one in some)):
            with ThreadPoolExecutor(1) as writer:
                written: Future[None] | None = None
                for start in range(0, len(plan), CHUNK):
                    lines = self._chunk(plan[start : start + CHUNK])
                    if written is not None:
                        written.result()
                    written = writer.submit(_write, lines)
                    progress("手続", min(start + CHUNK, len(plan)), len(plan))
                if written is not None:
                    written.result()
            progress("索引", 1, 1)
        for (symbol, fiscal_year), last in self.series.items():
            LetterSeries.objects.update_or_create(symbol=symbol, fiscal_year=fiscal_year, defaults={"last": last})

    def _plan(self) -> list[tuple[dt.datetime, float, Mould]]:
        """Moments of receipt in order, each with how much slower or quicker than its mould it goes, and the mould."""
        rng, today = self.rng, clock.today()
        first = today - dt.timedelta(days=365 * YEARS - 1)
        days = [first + dt.timedelta(days=n) for n in range(365 * YEARS)]
        names = sorted(self.moulds)
        growth = {code: self._weights(code, days) for code in names}
        shares = [_SHARES.get(code, 1.0) * self._only_lately(code, growth[code]) for code in names]
        plan: list[tuple[dt.datetime, float, Mould]] = []
        for code, share in zip(names, shares, strict=True):
            count = round(self.cases * share / sum(shares)) if code != names[-1] else self.cases - len(plan)
            for day in rng.choices(days, growth[code], k=count):
                hour = rng.choices(range(24), _HOURS)[0]
                at = dt.datetime.combine(day, dt.time(hour, rng.randint(0, 59), rng.randint(0, 59)), clock.TOKYO)
                if at >= self.now:
                    at = self.now - dt.timedelta(minutes=rng.randint(61, 600))
                stretch = min(max(rng.lognormvariate(0, 0.45), 0.4), 3.5)
                plan.append((at, stretch, self._mould(code, at, stretch)))
        plan.sort(key=lambda one: one[0])
        return plan

    def _only_lately(self, code: str, weights: list[float]) -> float:
        """Of a procedure of which no mould has come to its end (a round that is not decided yet) there are only the
        cases of the last weeks: the rest is taken out of the weights. Returns the part of them that stays.
        """
        if any(one.case.ended_at for one in self.moulds[code]):
            return 1.0
        whole, weights[:-LATELY] = sum(weights), [0.0] * (len(weights) - LATELY)
        return sum(weights) / whole

    @staticmethod
    def _weights(code: str, days: Sequence[dt.date]) -> list[float]:
        """More in their season, fewer at weekends, slowly more from year to year."""
        season = _SEASONS.get(code, (1.0,) * 12)
        return [
            season[day.month - 1] * (0.6 if day.weekday() >= 5 else 1.0) * (0.6 + 0.4 * n / len(days))
            for n, day in enumerate(days)
        ]

    def _mould(self, code: str, at: dt.datetime, stretch: float) -> Mould:
        """How this one goes: as a mould whose end has come by now, or as one that stands where this one can stand."""
        passed = bisect_right(self.days, clock.today()) - bisect_right(self.days, clock.day_of(at))
        able = [one for one in self.moulds[code] if round(one.last * stretch) < passed or one.last == 0]
        if not able:
            able = [min(self.moulds[code], key=lambda one: one.last)]
        weights = [_ENDS.get(one.state, 0.1) if passed > 8 else 1.0 for one in able]
        return self.rng.choices(able, weights)[0]

    # -- one chunk ------------------------------------------------------------------------------------------------

    def _chunk(self, some: Sequence[tuple[dt.datetime, float, Mould]]) -> Lines:
        """The rows of some casts, by table."""
        lines: Lines = {}
        for at, stretch, mould in some:
            values = self._values(at, stretch, mould)
            for rows in mould.rows:
                lines.setdefault((rows.table, rows.columns), []).append(_filled(rows, values))
                self.rows += rows.count
                if rows.table == "event":
                    lines[rows.table, rows.columns].append(self._readings(rows.columns, at, stretch, mould, values))
            self.events += mould.events
        return lines

    def _values(self, at: dt.datetime, stretch: float, mould: Mould) -> list[str]:
        rng = self.rng
        who = rng.choice(self.parents if mould.code.startswith(("child-", "childcare-")) else self.grown)
        number = self._number(at.year)
        serial = next(self.serial)
        received = clock.day_of(at)
        origin = clock.day_of(mould.case.received_at or mould.case.opened_at)
        shift = received - origin
        jitter = dt.timedelta(seconds=rng.randint(-1500, 1500))
        index = bisect_right(self.days, received)
        milliseconds = int(at.timestamp() * 1000)
        entropy = rng.getrandbits(64)
        values = [""] * len(mould.slots.places)
        plain = {
            "key": who.key,
            "name": who.name,
            "kana": who.kana,
            "address": who.address,
            "born": who.born.isoformat(),
            "family-name": f"{who.name.partition(' ')[0]} ",
            "family-kana": f"{who.kana.partition('　')[0]}　",
            "sought-name": search_key(who.name),
            "sought-kana": search_key(who.kana),
            "sought-address": search_key(who.address),
            "town": who.town.id,
            "number": number,
            "plain-number": number.replace("-", ""),
            "email": f"mihon-{serial}@example.jp",
            "serial": f"{serial}",
        }
        for (kind, what), place in mould.slots.places.items():
            if kind == "id":
                entropy = (entropy * 6364136223846793005 + 1442695040888963407) & 0xFFFF_FFFF_FFFF_FFFF
                tail = f"{entropy:016x}"
                head = f"{milliseconds + place:012x}"
                value = f"{head[:8]}-{head[8:]}-7{tail[:3]}-a{tail[3:6]}-{tail[4:16]}"
            elif kind in ("time", "fired"):
                days, seconds = cast("tuple[int, int]", what)
                if days == 0:
                    moment = at + dt.timedelta(seconds=seconds)
                else:
                    day = self.days[min(index + max(round(days * stretch), 1) - 1, len(self.days) - 1)]
                    moment = dt.datetime.combine(day, dt.time(), clock.TOKYO) + dt.timedelta(seconds=seconds) + jitter
                # A period that is over by now has been dealt with: no worker fires it when the city opens.
                value = r"\N" if kind == "fired" and moment > self.now else moment.isoformat()
            elif kind == "day" and cast("dt.date", what) - origin > _KEPT_AS_IT_IS:
                value = (cast("dt.date", what) + shift).isoformat()
            elif kind in ("day", "due-ja", "due-en"):
                period = self.calendar.between(origin, cast("dt.date", what))
                due = self.days[min(index + max(period, 1) - 1, len(self.days) - 1)]
                value = due.isoformat() if kind == "day" else format_day(due, kind[4:])
            elif kind == "shift":
                value = (cast("dt.date", what) + shift).isoformat()
            elif kind == "person":
                value = plain[str(what)]
            elif kind == "xid":
                value = XID
            elif kind == "digest":
                value = f"{rng.getrandbits(256):064x}"
            elif kind == "fiscal":
                value = str(_fiscal_year(received))
            elif kind == "letter":
                value = self._letter(str(what).partition("第")[0], _fiscal_year(received))
            else:
                value = "".join(rng.choices(codes.ALPHABET, k=codes.LENGTH))
            values[place] = value
        return values

    def _number(self, year: int) -> str:
        while True:
            body = f"{year % 100:02}{self.rng.randrange(10**8):08}"
            digits = f"{body}{check_digit(body)}"
            number = f"{digits[:2]}-{digits[2:6]}-{digits[6:10]}-{digits[10]}"
            if number not in self.numbers:
                self.numbers.add(number)
                return number

    def _letter(self, symbol: str, fiscal_year: int) -> str:
        key = symbol, fiscal_year
        if key not in self.series:
            kept = LetterSeries.objects.filter(symbol=symbol, fiscal_year=fiscal_year).values_list("last", flat=True)
            self.series[key] = kept.first() or 0
        self.series[key] += 1
        return f"{symbol}第{self.series[key]}号"

    def _readings(
        self, columns: Sequence[str], at: dt.datetime, stretch: float, mould: Mould, values: Sequence[str]
    ) -> str:
        """Clerks who open the case: as many events as are still wanted, spread over its life."""
        rng = self.rng
        clerks = self.clerks.get(mould.case.section) or self.everyone
        count = int(self.readings) + (rng.random() < self.readings % 1)
        life = min((self.now - at).total_seconds(), (mould.last * stretch + 1) * 1.4 * 86_400)
        row = _READING | {"subject_id": values[mould.slots.places["id", str(mould.case.pk)]]}
        template = "\t".join([row.get(one, "%s") for one in columns]) + "\n"
        order = [("id", "at", "actor_id").index(one) for one in columns if one not in row]
        start = at.timestamp()
        lines = []
        for _ in range(count):
            moment = start + rng.random() * life
            told = _uuid(rng, moment), dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(), rng.choice(clerks)
            lines.append(template % tuple([told[one] for one in order]))
        self.events += count
        return "".join(lines)


def _fiscal_year(day: dt.date) -> int:
    return day.year if day.month >= 4 else day.year - 1


def _filled(rows: Rows, values: Sequence[str]) -> str:
    return rows.template % tuple([values[one] for one in rows.wants])


def _uuid(rng: random.Random, moment: float) -> str:
    """A UUID version 7 of that moment (seconds since 1970), the same for the same seed."""
    text = f"{int(moment * 1000):012x}7{rng.getrandbits(76):019x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-a{text[17:20]}-{text[20:]}"


def _copy(table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    named = ", ".join(f'"{one}"' for one in columns)
    with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" ({named}) FROM STDIN') as copy:
        rest = iter(lines)
        while some := list(itertools.islice(rest, 500)):
            copy.write("".join(some))


def _write(lines: Lines) -> None:
    """One chunk as one transaction, which is one link of the seals' chain."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:  # noqa: TID251 -- written past the acts, sealed like any
            cursor.execute("SET LOCAL synchronous_commit = off")
            cursor.execute("SELECT madoguchi_transaction_id()")
            xid = str(cursor.fetchone()[0])
            for (table, columns), text in lines.items():
                _copy(table, columns, [one.replace(XID, xid) for one in text] if table == "event" else text)
    finally:
        connection.close()


@contextmanager
def _without_indexes(models: Iterable[type[Model]]) -> Iterator[None]:
    """Indexes are built once at the end, which is many times quicker. A run that was killed is healed by the next."""
    indexes = [(model, index) for model in models for index in model._meta.indexes]
    with connection.schema_editor() as editor:
        for _, index in indexes:
            editor.execute(f'DROP INDEX IF EXISTS "{index.name}"')
    try:
        yield
    finally:
        for model, index in indexes:
            with connection.schema_editor() as editor:
                editor.execute("SET LOCAL maintenance_work_mem = '512MB'")
                editor.execute(index.create_sql(model, editor))


@contextmanager
def _log_to_ourselves() -> Iterator[None]:
    """No relay reads while the sample is written, and none follows what it wrote: it all happened long ago.

    The reader's place in the log is locked by a connection of our own, which moves it behind the sample at the end.
    A worker may go on running: it passes over a place that is locked.
    """
    worker.catch_up()
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("SELECT 1 FROM event_cursor WHERE name = 'relay' FOR UPDATE")
            yield
            newest = Event.objects.order_by("-xid", "-id").values_list("xid", "id").first()
            if newest is not None:
                cursor.execute("UPDATE event_cursor SET xid = %s, event_id = %s WHERE name = 'relay'", newest)
        holder.commit()
    finally:
        holder.close()
