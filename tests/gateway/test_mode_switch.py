"""A meter that the operator switches to standard mode goes on feeding the same xPL keys."""

from datetime import UTC, datetime

from teleinfo_gateway.simulation import FaultyMeter, Installation, MeterFault, SimulatedLine, Tariff
from tic import Mode
from xpl import Message

SPEED = 20
SWITCH_S = 200  # of the meter's clock


async def test_a_switch_from_historique_to_standard_keeps_the_same_keys_flowing(
    manager, ears, until
):
    start = datetime(2026, 1, 12, 10, tzinfo=UTC)
    meter = FaultyMeter(
        Installation("house", Mode.HISTORIQUE, Tariff.HC), start, {MeterFault.MODE_SWITCH: SWITCH_S}
    )
    said = []

    def bodies():
        said.extend(Message.decode(data) for data in ears.heard())
        return [dict(message.body) for message in said if message.schema == "teleinfo.basic"]

    async with SimulatedLine(meter, speed=SPEED) as line:
        house = manager(line, interval=1).meter("house")
        await until(lambda: house.mode is Mode.HISTORIQUE)
        await until(lambda: any({"hchc", "papp"} <= body.keys() for body in bodies()[-1:]))
        old, address = bodies()[-1], house.address
        await until(lambda: house.mode is Mode.STANDARD)
        switched = len(bodies())
        # What begins anew is believed after some frames: the first messages may have less to tell.
        await until(lambda: any(body.keys() == old.keys() for body in bodies()[switched:]))
        assert house.address == address
    new = next(body for body in bodies()[switched:] if body.keys() == old.keys())
    assert old["adco"] == new["adco"] == new["device"] == address
    for index in ("hchc", "hchp"):
        assert 0 <= int(new[index]) - int(old[index]) < 100
