"""Layers that show cases: brought to what may be seen now, from what may be seen before."""

from madoguchi.cases.queries.public import shown
from madoguchi.events import Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.places.actions import lock, mirror
from madoguchi.places.models import Edition
from madoguchi.places.queries import newest
from madoguchi.places.rules.layer import Layer


def is_due(layer: Layer) -> bool:
    """Whether what may be seen of cases is other than what this layer shows, or it is another day."""
    edition = newest().get(layer.code)
    return bool(layer.shows) and (edition is None or edition.digest != shown(layer).digest)


@act("layer.show", allow=(BY_SYSTEM,))
def show(layer: Layer, *, by: Actor) -> Edition:
    """公開する案件の反映: what may be seen of cases today, and nothing that may no longer be."""
    lock(layer)
    edition = mirror(layer, shown(layer), by=by)
    record(layer=layer.code, edition=edition.number)
    return edition
