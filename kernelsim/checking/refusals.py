"""How what cannot be run is refused: what was found, and what would be accepted."""

from kernelsim.errors import ScenarioError


def one_of(key: str, found: str, accepted: tuple[str, ...]) -> None:
    """Raise ScenarioError unless what was found is accepted."""
    if found not in accepted:
        raise refusal(f"{key} = {found!r}", ", ".join(accepted))


def refusal(found: str, accepted: str) -> ScenarioError:
    """To be raised."""
    return ScenarioError("bad_scenario", f"{found} cannot be run; accepted: {accepted}", found=found, accepted=accepted)
