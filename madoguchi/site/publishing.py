"""``madoguchi publish``: from the files of the catalogue to the versions that residents apply under."""

from collections.abc import Callable, Collection

from django.conf import settings

from madoguchi.events import Actor
from madoguchi.facts.actions import permit
from madoguchi.ground import clock
from madoguchi.procedures import actions, queries
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import lint
from madoguchi.procedures.rules.load import load_catalogue
from madoguchi.procedures.rules.vocabulary import permits


def publish(say: Callable[[str], None], codes: Collection[str] = (), *, check: bool = True) -> int:
    """Publish every package without errors (or those with these codes). Returns the number that were left out.

    A broken package never keeps the others from being published; what is unchanged stays as it is. ``check=False``
    only loads: for the catalogue as it is shipped, which the tests have checked.
    """
    catalogue, city = load_catalogue(settings.CATALOGUE), queries.city()
    folders = {one.name for one in (settings.CATALOGUE / "procedures").iterdir() if one.is_dir()}
    wanted = set(codes) or {name for name in folders if not name.startswith((".", "_"))}
    left_out = wanted - set(catalogue.packages)
    wrong: list[object] = list(catalogue.problems)
    for code in sorted(wanted & set(catalogue.packages)):
        findings = lint.check_package(catalogue.packages[code], catalogue, city) if check else []
        if lint.failed(findings):
            left_out.add(code)
            wrong += [one for one in findings if lint.failed([one])]
            continue
        package = city.localise(catalogue.packages[code], city.offer(code, clock.today()))
        before = Procedure.objects.filter(code=code).count()
        row = actions.publish(package, catalogue.facts, by=Actor("system", channel="console"))
        title = package.procedure.title["ja"]
        is_new = Procedure.objects.filter(code=code).count() > before
        say(f"{'published' if is_new else 'unchanged'}  {code} {row.version}  {title}")
    if catalogue.laws:  # a file that does not load takes no basis away
        permit(list(permits(catalogue.laws, city.ordinances)), by=Actor("system", channel="console"))
    for code in sorted(left_out):
        say(f"NOT published  {code}: " + ("it has errors" if code in folders else "there is no such package"))
    for problem in wrong if left_out else ():
        say(f"    {problem}")
    return len(left_out)
