"""The receiver's notification table: which local endpoint a channel id wakes, and who hands out the ids."""

from dataclasses import dataclass, field

from kernelsim.errors import ScenarioError
from kernelsim.scc.ring import CHANNELS


@dataclass(slots=True)
class ChannelIds:
    """Ids of one core's channels, handed out by its monitor when a channel is bound, lowest first; one that was given
    back is handed out again. The CPU driver allocates none (dissertation, section 2.6.3).
    """

    channels: int = CHANNELS
    _next: int = 0
    _returned: list[int] = field(default_factory=list)

    def allocate(self) -> int:
        """A free id. Raises ScenarioError when there is none."""
        if self._returned:
            self._returned.sort(reverse=True)
            return self._returned.pop()
        if self._next >= self.channels:
            raise ScenarioError(
                "no_channel", f"all {self.channels:,} channels of this core are bound; accepted: after one was freed"
            )
        self._next += 1
        return self._next - 1

    def free(self, channel: int) -> None:
        """Give an id back. Raises ScenarioError for one that is not handed out."""
        if not 0 <= channel < self._next or channel in self._returned:
            raise ScenarioError("unknown_channel", f"channel {channel} is not bound; accepted: one that is")
        self._returned.append(channel)


@dataclass(slots=True)
class NotificationTable:
    """Channel id -> endpoint, in the CPU driver of the receiving core; `ignored` counts ids that nobody registered."""

    ignored: int = 0
    _endpoints: dict[int, str] = field(default_factory=dict)

    def register(self, channel: int, endpoint: str) -> None:
        """Notifications of `channel` wake `endpoint` from now on."""
        self._endpoints[channel] = endpoint

    def unregister(self, channel: int) -> None:
        """They wake nobody any more."""
        self._endpoints.pop(channel, None)

    def signalled(self, channels: tuple[int, ...]) -> tuple[str, ...]:
        """The endpoints that get an empty message, in order; an unknown id is ignored."""
        self.ignored += sum(channel not in self._endpoints for channel in channels)
        return tuple(self._endpoints[channel] for channel in channels if channel in self._endpoints)
