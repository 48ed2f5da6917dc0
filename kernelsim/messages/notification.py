"""Waking a receiver that has stopped polling: who says what in which order, so that no message is slept through.

As values that a test walks through in every order; in a booted run `kernelsim.channels.waking` carries it out.
"""

from dataclasses import dataclass, replace

POLLING, IN_VAIN, ANNOUNCED, ASLEEP = "polling", "in vain", "announced", "asleep"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a channel's two sides and the notification driver share: how many messages lie there, how many have been
    taken, the receiver's state, and whether a notification is on its way.

    A receiver that has polled in vain announces that it will block (`wants`: to its monitor, or in a flag that the
    sender reads), looks once more, and only then sleeps, unless its announcement has been taken down meanwhile. A
    sender writes its message first, then looks whether the receiver has announced it, and if so takes the announcement
    down and notifies. Without `looks_again` or `keeps_announced` a rule is left out: the second look for a message, or
    that for the announcement.
    """

    written: int = 0
    taken: int = 0
    receiver: str = POLLING
    wants: bool = False
    notified: bool = False
    looks_again: bool = True
    keeps_announced: bool = True

    # -- the receiver's moves ----------------------------------------------------------------------------------

    def take(self) -> "Notice":
        """A poll that finds a message."""
        return replace(self, taken=self.taken + 1, receiver=POLLING)

    def give_up(self) -> "Notice":
        """The spin window is over, and its last poll has found nothing."""
        return replace(self, receiver=IN_VAIN)

    def announce(self) -> "Notice":
        """Say that it will block."""
        return replace(self, receiver=ANNOUNCED, wants=True)

    def sleep(self) -> "Notice":
        """Look once more, and sleep if there is nothing still and the sender still knows of it."""
        is_taken_down = self.keeps_announced and not self.wants
        if is_taken_down or (self.looks_again and self.written > self.taken):
            return replace(self, receiver=POLLING, wants=False)
        return replace(self, receiver=ASLEEP)

    def wake(self) -> "Notice":
        """The notification has come; one for a receiver that is awake is ignored."""
        receiver = POLLING if self.receiver == ASLEEP else self.receiver
        return replace(self, receiver=receiver, notified=False)

    # -- the sender's moves ------------------------------------------------------------------------------------

    def write(self) -> "Notice":
        """A message is there."""
        return replace(self, written=self.written + 1)

    def notify(self) -> "Notice":
        """Look for the announcement after the write, and wake who has made it."""
        return replace(self, wants=False, notified=True) if self.wants else self
