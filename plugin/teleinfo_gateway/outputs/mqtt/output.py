"""The task that turns readings into MQTT messages, and messages into starts and stops."""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from functools import partial

from teleinfo_gateway.bus import Bus, Subscription
from teleinfo_gateway.config.homes import DomoticzConfig
from teleinfo_gateway.config.mqtt import MqttConfig
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs.mqtt.broker import Broker
from teleinfo_gateway.outputs.mqtt.commands import Commands, Plugin
from teleinfo_gateway.outputs.mqtt.format import Format
from teleinfo_gateway.outputs.mqtt.formats import Formats
from teleinfo_gateway.outputs.mqtt.holders import Holders
from teleinfo_gateway.outputs.mqtt.memory import Memory
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.native import OFFLINE, ONLINE
from teleinfo_gateway.outputs.mqtt.presence import Presence
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.publication import Publication
from teleinfo_gateway.readings import Item, Reading
from teleinfo_gateway.statuses import Status
from teleinfo_gateway.throttle import Throttle

__all__ = ["MqttOutput"]

log = logging.getLogger(__name__)

_TICK_S = 1.0
_QUALITY_TICKS = 10  # between two looks at the quality of the lines
_STOPPED = {Status.STOPPED, Status.STOP_REQUEST}


class MqttOutput:
    """Tells the broker what every meter says, in each format that is wanted."""

    name = "mqtt"

    def __init__(
        self, config: MqttConfig, domoticz: DomoticzConfig | None, bus: Bus, plugin: Plugin
    ) -> None:
        self._config = config
        self._bus = bus
        self._plugin = plugin
        client_id = config.client_id
        if client_id == "auto":
            client_id = f"teleinfo-{socket.gethostname()}"[:64]
        self._formats = Formats(config, domoticz, client_id)
        self._memory = Memory(self._formats, client_id)
        self._commands = Commands(config, plugin, self._send)
        self._views: dict[str, View] = {}  # by the name of the meter
        self._publications: dict[str, Publication] = {}
        self._seen: dict[str, Meter] = {}  # whom a view is of: a reload may make another one
        self._holders = Holders()
        native = self._formats.native
        self._presence = None if native is None else Presence(native)
        self._broker = Broker(
            config,
            client_id,
            will=None if native is None else native.status(OFFLINE),
            connected=lambda: self._supervise("the state of the meters", self._greet),
            heard=lambda *message: self._supervise("a message", partial(self._hear, *message)),
        )
        self._problem = self._told_rival = ""
        self._throttle = Throttle()  # of what is logged of it
        self._subscription: Subscription | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Look for the broker, and listen to the meters."""
        self._subscription = self._bus.subscribe(name=self.name)
        self._begin(self._run(self._subscription))
        self._begin(self._watch())
        self._broker.start()
        if self._formats.native is not None and not self._config.takes_commands:
            log.info(
                "MQTT: no message can stop a reader, as anybody may send them to %s; "
                "mqtt.control: true allows it",
                self._config.host,
            )

    async def stop(self) -> None:
        """Say that the meters and the gateway are offline, and leave."""
        if self._subscription is None:
            return
        self._bus.unsubscribe(self._subscription)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._broker.stop(self._farewell())

    def state(self) -> Mapping[str, str | int | bool]:
        """Broker, version of MQTT and counters."""
        broker = self._broker
        return {
            "broker": self._config.url,
            "connected": broker.is_connected,
            "protocol": broker.protocol,
            "connections": broker.connections,
            "control": self._config.takes_commands,
            "sent": broker.sent,
            "waiting": broker.waiting,
            "lost": broker.lost + (self._subscription.lost if self._subscription else 0),
            "problem": broker.problem or self._problem or self._rival(),
        }

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name="output mqtt"))

    async def _run(self, subscription: Subscription) -> None:
        async for item in subscription:
            self._supervise(f"something of {item.meter}", partial(self._take, item))

    def _supervise(self, what: str, work: Callable[[], None]) -> None:
        """The outermost frame of the output: a fault of ours costs a message, not the output."""
        try:
            work()
        except Exception as error:
            problem = f"a fault with {what}: {error!r}"
            if problem != self._problem and self._throttle.admit(time.monotonic()) is not None:
                log.exception("MQTT: %s", problem)
                self._problem = problem

    def _take(self, item: Item) -> None:
        if not item.meter:  # an event of the gateway as a whole
            return
        view = self._view(item.meter)
        before = view.key
        if isinstance(item, Reading):
            view.said.take(item)
        else:
            view.said.note(item)
        self._refresh(view)
        if view.key != before:
            self._introduce(view, before)
        if not view.key or not self._holders.holds(view):
            return
        if isinstance(item, Reading):
            due = self._is_due(item)
            for each in self._speaking():
                self._send(each.told(view, item, due=due))
        else:
            for each in self._speaking():
                self._send(each.happened(view, item))

    def _speaking(self) -> Iterator[Format]:
        """The formats; nothing is announced before it is known what was announced before."""
        for each in self._formats:
            if self._memory.is_read or each is not self._formats.discovery:
                yield each

    def _is_due(self, reading: Reading) -> bool:
        publication = self._publications.setdefault(reading.meter, Publication())
        meter = self._plugin.meters.get(reading.meter)
        interval_s = 0 if meter is None else meter.config.interval
        return publication.is_due(reading, interval_s, time.monotonic())

    def _view(self, name: str) -> View:
        if name not in self._views:
            self._views[name] = View(name, alias=self._config.privacy == "alias")
        return self._views[name]

    def _refresh(self, view: View) -> None:
        """What the meter itself knows now, beside its readings."""
        view.now_s = time.monotonic()
        meter = self._plugin.meters.get(view.name)
        if meter is None:  # taken out of the configuration
            view.status, view.available = Status.STOPPED, False
            return
        if self._seen.get(view.name) is not meter:  # what it told before, it does not tell again
            self._seen[view.name] = meter
            view.said.overload = meter.said.overload
        adco = meter.sensors["ADCO"]
        view.status, view.link = meter.status, meter.link.state
        view.estimate = meter.estimator.estimate(view.now_s)
        view.available = (
            view.status not in _STOPPED
            and adco.received_s is not None
            and not adco.is_lost(view.now_s)
        )

    def _introduce(self, view: View, before: str) -> None:
        """Another meter speaks here, or the first one."""
        self._leave(view, before)
        if self._formats.native is not None and self._holders.holds(view):
            self._send(self._formats.native.condition(view))
        self._memory.introduce(view)

    def _leave(self, view: View, key: str) -> None:
        """Whom a line has heard until now is offline, unless another line hears it, too."""
        self._holders.release(view, key)
        is_heard = any(other.key == key for other in self._views.values())
        if key and not is_heard and self._formats.native is not None:
            self._send([self._formats.native.left(key)])

    def _rival(self) -> str:
        """Who would write the same topics: another line, or another gateway."""
        return self._holders.problem or ("" if self._presence is None else self._presence.problem)

    async def _watch(self) -> None:
        """Notice what no reading tells: silence, a stop, the quality of the line."""
        for tick in itertools.count():
            self._supervise("the state of the lines", partial(self._look, tick))
            await asyncio.sleep(_TICK_S)

    def _look(self, tick: int) -> None:
        for name in self._views.keys() - self._plugin.meters.keys():
            self._forget(name)
        for name in self._plugin.meters:
            self._view(name)
        for view in self._views.values():
            self._refresh(view)
            if tick % _QUALITY_TICKS == 0:
                self._look_at_line(view)
            if self._formats.native is not None and view.key and self._holders.holds(view):
                self._send(self._formats.native.condition(view))
        if (rival := self._rival()) != self._told_rival:
            self._told_rival = rival
            if rival and self._throttle.admit(time.monotonic()) is not None:
                log.warning("MQTT: %s", rival)
        was_read = self._memory.is_read
        self._broker.unsubscribe(self._memory.tick())
        if self._memory.is_read and not was_read:
            self._announce()

    def _forget(self, name: str) -> None:
        """A meter was taken out of the configuration, or has another name there."""
        self._publications.pop(name, None)
        self._seen.pop(name, None)
        view = self._views.pop(name)
        self._leave(view, view.key)

    def _look_at_line(self, view: View) -> None:
        meter = self._plugin.meters.get(view.name)
        rate = None if meter is None else meter.quality(view.now_s).error_rates[1]
        view.error_percent = None if rate is None else 100 * rate

    def _greet(self) -> None:
        """A broker listens: it may have forgotten everything, or kept too much."""
        self._broker.subscribe([*self._memory.topics(), *self._commands.topics()])
        if self._presence is not None:
            self._broker.subscribe([self._presence.topic])
            self._send([self._presence.begin()])
        if self._formats.discovery is not None:
            self._broker.subscribe([self._formats.discovery.birth_topic])
            self._send([self._memory.mark])
        for view in self._known():
            for each in self._speaking():
                self._send(each.again(view))

    def _hear(self, topic: str, text: str, retained: bool) -> None:
        if not self._broker.is_connected:  # we are about to leave
            return
        discovery = self._formats.discovery
        if discovery is not None and topic == discovery.birth_topic:
            if text == ONLINE and not retained:
                self._announce()
        elif topic == self._memory.mark.topic:
            self._memory.is_read = True
            self._announce()
        elif self._presence is not None and topic == self._presence.topic:
            self._send(self._presence.hear(text, retained=retained))
        elif retained:  # a command that is kept would stop a reader again and again
            self._memory.recall(topic, text, self._views)
        else:
            self._commands.obey(topic, text, self._views)

    def _announce(self) -> None:
        """Tell Home Assistant everything: it may have forgotten what it does not find again."""
        if self._formats.discovery is not None and self._memory.is_read:
            self._send(self._formats.discovery.gateway())
            for view in self._known():
                self._send(self._formats.discovery.again(view))

    def _known(self) -> Iterator[View]:
        for view in self._views.values():
            self._refresh(view)
            if view.key and self._holders.holds(view):
                yield view

    def _farewell(self) -> Iterator[Message]:
        native = self._formats.native
        if native is None:
            return
        for view in self._views.values():
            if view.key:
                yield native.availability(view.key, OFFLINE)
        yield native.status(OFFLINE)

    def _send(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._broker.publish(message)
