"""In-process fan-out of readings and events: one bounded queue per listener."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from teleinfo_gateway.readings import Item

QUEUE = 1000
"""Items a listener may lag behind: about ten minutes of one standard meter."""


class Subscription:
    """What one listener has yet to take; iterate over it. The oldest items are lost first."""

    def __init__(self, size: int = QUEUE) -> None:
        self.lost = 0
        self._items: deque[Item] = deque(maxlen=size)
        self._filled = asyncio.Event()
        self._closed = False

    def put(self, item: Item) -> None:
        """Add an item; never blocks."""
        self.lost += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._filled.set()

    def close(self) -> None:
        """Let the listener take what is left, then end."""
        self._closed = True
        self._filled.set()

    async def __aiter__(self) -> AsyncIterator[Item]:
        while True:
            while self._items:
                yield self._items.popleft()
            if self._closed:
                return
            self._filled.clear()
            await self._filled.wait()


class Bus:
    """Gives every item to every subscription."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self, size: int = QUEUE) -> Subscription:
        """A new listener, which hears what is published from now on."""
        subscription = Subscription(size)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a listener and end its iteration."""
        subscription.close()
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, item: Item) -> None:
        """Hand an item to every listener."""
        for subscription in self._subscriptions:
            subscription.put(item)
