"""Who keeps a register: the port that the noun fills which knows the organisation."""

from collections.abc import Callable

from madoguchi.ground.registry import Registry

#: From the code of the section that keeps a register to the posts that say who is who in it. The noun that knows the
#: organisation registers under ``organisation`` at start-up.
KEEPERS: Registry[Callable[[str], frozenset[str]]] = Registry("who keeps a register")
