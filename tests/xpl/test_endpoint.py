import dataclasses

import pytest

from xpl import Address, Configuration, Endpoint, Filter, Heard, Message, MessageType

SOURCE = Address("acme", "lamp", "default")
OTHER = Address("acme", "manager", "hall")
NEWS = Message(MessageType.STAT, source=OTHER, schema="sensor.basic", body=[("current", "1")])
REQUEST = Message(
    MessageType.CMND, source=OTHER, schema="hbeat.request", body=[("command", "request")]
)


def endpoint(configuration: Configuration | None = None, *, everything: bool = False) -> Endpoint:
    return Endpoint(
        SOURCE, lambda: 2.0, version="1", configuration=configuration, everything=everything
    )


def command(schema: str, *pairs: tuple[str, str], target: Address = SOURCE) -> Message:
    return Message(MessageType.CMND, source=OTHER, target=str(target), schema=schema, body=pairs)


def told(messages: tuple[Message, ...]) -> list[str]:
    for message in messages:
        message.encode()
    return [f"{message.schema} {message.source.instance}" for message in messages]


def test_the_first_heartbeat_says_where_the_program_is() -> None:
    (hello,) = endpoint().start(50001, "192.0.2.10", 0.0)
    assert hello.encode() == (
        b"xpl-stat\n{\nhop=1\nsource=acme-lamp.default\ntarget=*\n}\nhbeat.app\n{\n"
        b"interval=5\nport=50001\nremote-ip=192.0.2.10\nversion=1\n}\n"
    )


def test_an_echo_finds_the_hub_and_is_not_delivered() -> None:
    me = endpoint()
    (hello,) = me.start(50001, "192.0.2.10", 0.0)
    assert not me.hub_found
    assert me.hear(hello, 0.1) == Heard()
    assert me.hub_found
    assert told(me.tick(me.wake_up_s)) == ["hbeat.app default"]
    assert me.wake_up_s == pytest.approx(300.1)


def test_any_other_message_finds_the_hub_too() -> None:
    me = endpoint()
    me.start(50001, "192.0.2.10", 0.0)
    assert me.hear(NEWS, 0.1) == Heard(deliver=True)
    assert me.hub_found


def test_a_request_is_answered_and_not_delivered() -> None:
    me = endpoint()
    me.start(1, "127.0.0.1", 0.0)
    me.hear(NEWS, 0.0)
    me.tick(0.0)
    assert me.hear(REQUEST, 10.0) == Heard()
    assert me.wake_up_s == 12.0
    assert told(me.tick(12.0)) == ["hbeat.app default"]


@pytest.mark.parametrize("target", ["acme-lamp.attic", "xpl-group.lights"])
def test_a_request_for_others_is_not_answered(target: str) -> None:
    me = endpoint()
    me.start(1, "127.0.0.1", 0.0)
    me.hear(NEWS, 0.0)
    me.tick(0.0)
    assert me.hear(dataclasses.replace(REQUEST, target=target), 10.0) == Heard()
    assert me.wake_up_s == 300.0


def test_a_program_sees_what_is_for_everyone_for_itself_and_for_its_groups() -> None:
    me = endpoint(Configuration("default", groups=("lights",), filters=(Filter(vendor="x"),)))
    on = command("lighting.basic", ("command", "on"))
    assert me.hear(on, 0.0).deliver
    assert me.hear(dataclasses.replace(on, target="xpl-group.lights"), 0.0).deliver
    assert not me.hear(dataclasses.replace(on, target="xpl-group.fans"), 0.0).deliver
    assert not me.hear(dataclasses.replace(on, target="acme-lamp.attic"), 0.0).deliver
    assert not me.hear(NEWS, 0.0).deliver


def test_a_watcher_sees_everything_but_its_own_echoes() -> None:
    me = endpoint(everything=True)
    assert me.hear(command("lighting.basic", target=OTHER), 0.0).deliver
    assert me.hear(REQUEST, 0.0).deliver
    assert not me.hear(dataclasses.replace(NEWS, source=SOURCE), 0.0).deliver


def test_config_commands_are_the_programs_own_matter_without_a_configuration() -> None:
    assert endpoint().hear(command("config.list", ("command", "request")), 0.0) == Heard(
        deliver=True
    )


def test_config_commands_count_only_when_addressed_to_the_device() -> None:
    me = endpoint(Configuration("default"))
    to_all = dataclasses.replace(command("config.list", ("command", "request")), target="*")
    assert me.hear(to_all, 0.0) == Heard(deliver=True)
    status = dataclasses.replace(to_all, type=MessageType.STAT)
    assert me.hear(status, 0.0) == Heard(deliver=True)
    assert me.hear(command("config.other", ("command", "request")), 0.0) == Heard(deliver=True)


def test_list_and_current_are_answered() -> None:
    me = endpoint(Configuration("default"))
    listed = me.hear(command("config.list", ("anything", "at all")), 0.0)
    assert told(listed.replies) == ["config.list default"]
    assert listed.replies[0].get_all("option") == ("interval", "group[16]", "filter[16]")
    assert not listed.deliver
    current = me.hear(command("config.current", ("command", "request")), 0.0)
    assert told(current.replies) == ["config.current default"]
    assert current.replies[0].body == (("newconf", "default"), ("interval", "5"))


def test_the_life_of_a_configurable_device() -> None:
    me = endpoint(Configuration("default"))
    (hello,) = me.start(1, "127.0.0.1", 0.0)
    assert (hello.schema, hello.get("interval")) == ("config.app", "1")
    me.hear(hello, 0.0)
    me.tick(0.0)
    assert me.wake_up_s == 60.0

    named = me.hear(command("config.response", ("newconf", "kitchen"), ("interval", "10")), 5.0)
    assert told(named.replies) == ["config.end default", "hbeat.app kitchen"]
    assert [message.get("interval") for message in named.replies] == ["1", "10"]
    assert me.source == Address("acme", "lamp", "kitchen")
    assert me.wake_up_s == 605.0
    assert me.configuration is not None
    assert me.configuration.configured

    kitchen = me.source
    renamed = me.hear(command("config.response", ("newconf", "attic"), target=kitchen), 10.0)
    assert told(renamed.replies) == ["hbeat.end kitchen", "hbeat.app attic"]

    grouped = me.hear(command("config.response", ("group", "xpl-group.a"), target=me.source), 20.0)
    assert told(grouped.replies) == ["hbeat.app attic"]

    again = endpoint(me.configuration)
    (hello,) = again.start(1, "127.0.0.1", 0.0)
    assert told((hello,)) == ["hbeat.app attic"]
    assert hello.get("interval") == "10"


def test_at_a_new_address_the_old_one_is_given_up_first() -> None:
    me = endpoint()
    me.start(50001, "127.0.0.1", 0.0)
    farewell, hello = me.move("192.0.2.10", 1.0)
    assert told((farewell, hello)) == ["hbeat.end default", "hbeat.app default"]
    assert farewell.get("remote-ip") == "127.0.0.1"
    assert hello.get("remote-ip") == "192.0.2.10"
    assert me.end().get("remote-ip") == "192.0.2.10"
