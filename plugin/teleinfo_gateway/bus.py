"""In-process fan-out of readings and events: one bounded queue per listener."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping

from teleinfo_gateway.durations import Durations
from teleinfo_gateway.raw_frames import RawFrames
from teleinfo_gateway.readings import Item

QUEUE = 1000
"""Items a listener may lag behind: about ten minutes of one standard meter."""


class Listener:
    """Whoever subscribes by one name, at once or one after the other.

    ``lost`` counts the items that came faster than they were taken, ``waits`` how long the others
    lay there.
    """

    def __init__(self) -> None:
        self.lost = 0
        self.waits = Durations()


class Subscription:
    """What one listener has yet to take; iterate over it. The oldest items are lost first."""

    def __init__(self, listener: Listener, size: int = QUEUE) -> None:
        self.lost = 0
        self.listener = listener
        self._items: deque[Item] = deque(maxlen=size)
        self._put_s: deque[float] = deque(maxlen=size)  # when each of them was
        self._filled = asyncio.Event()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many items it has yet to take."""
        return len(self._items)

    def put(self, item: Item, now_s: float) -> None:
        """Add an item; never blocks."""
        if len(self._items) == self._items.maxlen:
            self.lost += 1
            self.listener.lost += 1
        self._items.append(item)
        self._put_s.append(now_s)
        self._filled.set()

    def close(self) -> None:
        """Let the listener take what is left, then end."""
        self._closed = True
        self._filled.set()

    async def __aiter__(self) -> AsyncIterator[Item]:
        while True:
            while self._items:
                self.listener.waits.take(time.monotonic() - self._put_s.popleft())
                yield self._items.popleft()
            if self._closed:
                return
            self._filled.clear()
            await self._filled.wait()


class Bus:
    """Gives every item to every subscription."""

    def __init__(self) -> None:
        self.raw_frames = RawFrames()
        self._subscriptions: list[Subscription] = []
        self._listeners: dict[str, Listener] = {}  # as many as there are names in this program

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """Whoever listens or has listened, by name."""
        return self._listeners

    def waiting(self, name: str) -> int:
        """How many items those who listen by this name have yet to take."""
        listener = self._listeners.get(name)
        return sum(each.waiting for each in self._subscriptions if each.listener is listener)

    def subscribe(self, size: int = QUEUE, *, name: str = "other") -> Subscription:
        """A new listener, which hears what is published from now on."""
        subscription = Subscription(self._listeners.setdefault(name, Listener()), size)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a listener and end its iteration."""
        subscription.close()
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, item: Item) -> None:
        """Hand an item to every listener."""
        now_s = time.monotonic()
        for subscription in self._subscriptions:
            subscription.put(item, now_s)
