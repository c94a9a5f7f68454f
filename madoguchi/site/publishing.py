"""``madoguchi publish``: from the files of the catalogue to the versions that residents apply under."""

from collections.abc import Callable, Collection

from django.conf import settings

from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.procedures import actions, queries
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.load import load_catalogue


def publish(say: Callable[[str], None], codes: Collection[str] = ()) -> int:
    """Publish every package that loads (or those with these codes). Returns the number that did not.

    A broken package never keeps the others from being published; what is unchanged stays as it is.
    """
    catalogue, city = load_catalogue(settings.CATALOGUE), queries.city()
    folders = {one.name for one in (settings.CATALOGUE / "procedures").iterdir() if one.is_dir()}
    wanted = set(codes) or {name for name in folders if not name.startswith((".", "_"))}
    for code in sorted(wanted & set(catalogue.packages)):
        package = city.localise(catalogue.packages[code], city.offer(code, clock.today()))
        before = Procedure.objects.filter(code=code).count()
        row = actions.publish(package, catalogue.facts, by=Actor("system", channel="console"))
        title = package.procedure.title["ja"]
        is_new = Procedure.objects.filter(code=code).count() > before
        say(f"{'published' if is_new else 'unchanged'}  {code} {row.version}  {title}")
    broken = sorted(wanted - set(catalogue.packages))
    for code in broken:
        where = settings.CATALOGUE / "procedures" / code
        say(f"NOT published  {code}: " + ("it has errors" if where.exists() else "there is no such package"))
    for problem in catalogue.problems if broken else ():
        say(f"    {problem}")
    return len(broken)
