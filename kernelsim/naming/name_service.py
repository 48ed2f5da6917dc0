"""The name service: strings to interface references, one for the machine, on the core that booted it."""

from dataclasses import dataclass, replace

from kernelsim.errors import ScenarioError
from kernelsim.naming.iref import Iref

NAME_SERVICE = Iref(core=0, dispatcher=0, service=0)
"""The reference that every domain knows (dissertation, section 2.6.1)."""


@dataclass(frozen=True, slots=True)
class NameService:
    """A value; `entries` are names and references by name."""

    entries: tuple[tuple[str, Iref], ...] = ()

    def register(self, name: str, iref: Iref) -> "NameService":
        """The service with one name more; raises ScenarioError for an empty name, or one that another has."""
        owner = self.look_up(name)
        if not name:
            raise ScenarioError("bad_name", "an empty name; accepted: any other string")
        if owner not in (None, iref):
            raise ScenarioError(
                "name_taken", f"the name {name!r} is that of {owner}; accepted: another name, or the same service"
            )
        others = (entry for entry in self.entries if entry[0] != name)
        return replace(self, entries=tuple(sorted((*others, (name, iref)))))

    def unregister(self, name: str) -> "NameService":
        """The service without a name; one that is not there is left out all the same."""
        return replace(self, entries=tuple(entry for entry in self.entries if entry[0] != name))

    def look_up(self, name: str) -> Iref | None:
        """The reference of a name, or None."""
        return next((iref for known, iref in self.entries if known == name), None)
