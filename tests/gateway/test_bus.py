"""The fan-out inside the process: everybody hears everything, nobody waits for anybody."""

import asyncio

import pytest

from teleinfo_gateway.bus import QUEUE, Bus


@pytest.fixture
def items(reading):
    return [reading(PAPP=f"{n:05}") for n in range(5)]


async def taken(subscription):
    return [item async for item in subscription]


async def test_every_listener_hears_every_item_in_order(bus, items):
    one, other = bus.subscribe(), bus.subscribe()
    for item in items:
        bus.publish(item)
    bus.unsubscribe(one)
    bus.unsubscribe(other)
    assert await taken(one) == await taken(other) == items


async def test_a_listener_is_woken_by_an_item_and_by_the_end(bus, items):
    subscription = bus.subscribe()
    listener = asyncio.create_task(taken(subscription))
    for item in items:
        await asyncio.sleep(0)
        bus.publish(item)
    await asyncio.sleep(0)
    assert not listener.done()
    bus.unsubscribe(subscription)
    async with asyncio.timeout(5):
        assert await listener == items


async def test_a_listener_hears_nothing_from_before_and_after(bus, items):
    bus.publish(items[0])
    subscription = bus.subscribe()
    bus.publish(items[1])
    bus.unsubscribe(subscription)
    bus.publish(items[2])
    assert await taken(subscription) == [items[1]]


async def test_a_slow_listener_loses_the_oldest_and_no_other_notices(bus, items):
    slow, quick = bus.subscribe(size=2), bus.subscribe()
    for item in items:
        bus.publish(item)
    bus.unsubscribe(slow)
    bus.unsubscribe(quick)
    assert (await taken(slow), slow.lost) == (items[-2:], 3)
    assert (await taken(quick), quick.lost) == (items, 0)


def test_a_queue_has_a_ceiling(bus, items):
    subscription = bus.subscribe()
    for _ in range(QUEUE + 7):
        bus.publish(items[0])
    assert subscription.lost == 7


def test_to_leave_twice_is_harmless():
    bus = Bus()
    subscription = bus.subscribe()
    bus.unsubscribe(subscription)
    bus.unsubscribe(subscription)
