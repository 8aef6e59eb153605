"""A program behind a hub: what it must send by itself, and what of the traffic concerns it.

Pure: messages and the time of a monotonic clock, in seconds, go in; messages come out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from xpl.address import Address
from xpl.configuration import Configuration
from xpl.filters import is_for
from xpl.heartbeat import DEFAULT_INTERVAL_MIN, Heartbeat, Presence, check_interval
from xpl.message import Message, MessageType

__all__ = ["Endpoint", "Heard"]

_UNCONFIGURED_INTERVAL_MIN = 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What to do with a received message: answers to send, and whether the program sees it."""

    replies: tuple[Message, ...] = ()
    deliver: bool = False


class Endpoint:
    """The life of one address on the network: heartbeats, hub discovery, remote configuration.

    Without a configuration the device cannot be configured from outside and has no groups or
    filters; with one, the instance and the interval of the presence are taken from it.
    `everything` also delivers what is meant for others, for a program that watches.

    Raises IllegalIntervalError.
    """

    def __init__(
        self,
        source: Address,
        answer_delay_s: Callable[[], float],
        *,
        interval_min: int = DEFAULT_INTERVAL_MIN,
        version: str | None = None,
        configuration: Configuration | None = None,
        everything: bool = False,
    ) -> None:
        check_interval(interval_min)
        self._presence = Presence(source, 0, "", interval_min, version)
        self._everything = everything
        self.configuration: Configuration | None = None
        if configuration is not None:
            self._configure(configuration)
        self._heartbeat = Heartbeat(self._presence.interval_min, answer_delay_s)

    @property
    def source(self) -> Address:
        """The address under which this program speaks."""
        return self._presence.source

    @property
    def hub_found(self) -> bool:
        """Whether a hub has been heard lately."""
        return self._heartbeat.hub_found

    @property
    def wake_up_s(self) -> float:
        """When `tick` must be called next."""
        return self._heartbeat.wake_up_s

    def start(self, port: int, remote_ip: str, now_s: float) -> tuple[Message, ...]:
        """Begin to live, reachable at this port and address: look for a hub."""
        self._presence = replace(self._presence, port=port, remote_ip=remote_ip)
        self._heartbeat.start(now_s)
        return self.tick(now_s)

    def tick(self, now_s: float) -> tuple[Message, ...]:
        """Return the heartbeat, if one is due."""
        return (self._presence.message("app"),) if self._heartbeat.due(now_s) else ()

    def hear(self, message: Message, now_s: float) -> Heard:
        """Take in a message that came to the private port."""
        self._heartbeat.heard(now_s)
        if message.source == self.source:
            return Heard()
        setup = self.configuration
        groups, filters = ((), ()) if setup is None else (setup.groups, setup.filters)
        if not is_for(message, self.source, groups, filters):
            return Heard(deliver=self._everything)
        replies = self._protocol(message, now_s)
        return Heard(replies or (), deliver=self._everything or replies is None)

    def move(self, remote_ip: str, now_s: float) -> tuple[Message, ...]:
        """Tell that the program can now be reached at another address of the machine.

        Without the farewell the hub would deliver to both addresses until the old one expires.
        """
        farewell = self.end()
        self._presence = replace(self._presence, remote_ip=remote_ip)
        return (farewell, *self._beat_now(now_s))

    def end(self) -> Message:
        """Return the farewell."""
        return self._presence.message("end")

    def _protocol(self, message: Message, now_s: float) -> tuple[Message, ...] | None:
        """Answer what the protocol itself asks of a device; None if this is for the program."""
        if message.type is not MessageType.CMND:
            return None
        if message.schema == "hbeat.request":
            self._heartbeat.request(now_s)
            return ()
        setup = self.configuration
        if setup is None or message.target.address is None:
            return None
        return self._configuration_command(setup, message, now_s)

    def _configuration_command(
        self, setup: Configuration, message: Message, now_s: float
    ) -> tuple[Message, ...] | None:
        match message.schema:
            case "config.list":
                return (self._status(message.schema, setup.list_body()),)
            case "config.current":
                return (self._status(message.schema, setup.current_body()),)
            case "config.response":
                return self._reconfigure(setup.updated(message), now_s)
        return None

    def _status(self, schema: str, body: Iterator[tuple[str, str]]) -> Message:
        return Message(MessageType.STAT, source=self.source, schema=schema, body=body)

    def _reconfigure(self, setup: Configuration, now_s: float) -> tuple[Message, ...]:
        """Take on a configuration; under a new name or for the first time, end the old life."""
        before, farewell = self._presence, self.end()
        self._configure(setup)
        after = self._presence
        self._heartbeat.interval_min = after.interval_min
        same = (before.source, before.configured) == (after.source, after.configured)
        return (*(() if same else (farewell,)), *self._beat_now(now_s))

    def _beat_now(self, now_s: float) -> tuple[Message, ...]:
        self._heartbeat.hurry(now_s)
        return self.tick(now_s)

    def _configure(self, setup: Configuration) -> None:
        self.configuration = setup
        self._presence = replace(
            self._presence,
            source=replace(self._presence.source, instance=setup.instance),
            interval_min=setup.interval_min if setup.configured else _UNCONFIGURED_INTERVAL_MIN,
            configured=setup.configured,
        )
