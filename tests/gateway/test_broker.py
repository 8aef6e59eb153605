"""The brokers and the subscriber of the MQTT tests do what those tests rely on."""

import asyncio
import ssl

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTProtocolVersion

from .broker import NAMED_HOST, Ear, end
from .databases import LIMIT_S


@pytest.fixture
def attempt():
    """The function that connects a client of paho-mqtt; gives what the CONNACK says."""

    async def connect(port, protocol=MQTTProtocolVersion.MQTTv5, user=None, tls=None):
        loop = asyncio.get_running_loop()
        answer = loop.create_future()

        def tell(*about):
            loop.call_soon_threadsafe(lambda: answer.done() or answer.set_result(str(about[-2])))

        client = Client(CallbackAPIVersion.VERSION2, protocol=protocol, reconnect_on_failure=False)
        client.on_connect = client.on_disconnect = tell
        if user:
            client.username_pw_set(*user)
        if tls:
            client.tls_set_context(tls)
        try:
            await asyncio.to_thread(client.connect, "127.0.0.1", port)
            client.loop_start()
            async with asyncio.timeout(LIMIT_S):
                return await answer
        finally:
            await end(client)

    return connect


def trust(ca, own=None):
    context = ssl.create_default_context(cafile=ca.certificate)
    if own:
        context.load_cert_chain(own.certificate, own.key)
    return context


async def handshake(port, context, server_name):
    """Connect by TLS and leave."""
    async with asyncio.timeout(LIMIT_S):
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=server_name
        )
        writer.close()
        await writer.wait_closed()


async def test_hears_what_is_published_as_it_was_meant(mosquitto, ear):
    broker = await mosquitto()
    listener = await ear(broker, "teleinfo/#")
    await listener.publish("teleinfo/house/PAPP", "950", qos=0, retain=True)
    await listener.publish("elsewhere", "not heard")
    await listener.publish("teleinfo/house/event", "{}", qos=1)
    assert await listener.message("teleinfo/+/event") == ("teleinfo/house/event", "{}", 1, False)
    assert await listener.message("#") == ("teleinfo/house/PAPP", "950", 0, True)
    assert listener.state == {"teleinfo/house/PAPP": "950", "teleinfo/house/event": "{}"}

    await listener.publish("teleinfo/house/PAPP", "", retain=True)
    assert await listener.until(lambda: len(listener.heard) == 3)
    assert listener.state == {"teleinfo/house/event": "{}"}
    assert listener.heard[-1] == ("teleinfo/house/PAPP", "", 1, True)


async def test_forgets_everything_at_a_restart_on_the_same_port(mosquitto, ear):
    broker = await mosquitto()
    listener = await ear(broker, "#")
    await listener.publish("kept", "until the restart", retain=True)
    assert (await (await ear(broker, "#")).message()).topic == "kept"
    await broker.stop()
    with pytest.raises(ConnectionRefusedError):
        await listener.connect()
    await broker.start()
    await listener.connect()
    late = await ear(broker, "#")
    await listener.publish("after", "it")
    assert await late.message() == ("after", "it", 1, False)
    assert len(late.heard) == 1
    assert [each.topic for each in listener.heard] == ["kept", "after"]
    assert broker.log.count(" running") == 2


async def test_lets_in_only_its_users_and_these_as_far_as_the_acl_says(mosquitto, ear, attempt):
    users = {"listener": "s:e c@r/et", "meter": "other"}
    acl = "user listener\ntopic readwrite teleinfo/#\n"
    broker = await mosquitto(users=users, acl=acl)
    for user in (None, ("listener", "wrong"), ("nobody", "other")):
        assert await attempt(broker.port, user=user) == "Not authorized"
    assert await attempt(broker.port, user=("meter", "other")) == "Success"
    listener = await ear(broker, "#")
    await listener.publish("elsewhere", "kept from it")
    await listener.publish("teleinfo/status", "online")
    assert (await listener.message()).topic == "teleinfo/status"


async def test_a_subscriber_that_is_refused_says_so(mosquitto):
    broker = await mosquitto(users={"listener": "secret"})
    broker.users["listener"] = "wrong"
    listener = Ear(broker, "#")
    with pytest.raises(ConnectionError, match="Not authorized"):
        await listener.connect()
    await listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", NAMED_HOST])
async def test_shows_the_certificate_of_one_host(mosquitto, pki, ear, host):
    broker = await mosquitto(tls=pki, host=host)
    other = ({"127.0.0.1", NAMED_HOST} - {host}).pop()
    await handshake(broker.port, trust(pki.ca), host)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|not valid for"):
        await handshake(broker.port, trust(pki.ca), other)
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        await handshake(broker.port, trust(pki.foreign_ca), host)
    listener = await ear(broker, "#")
    await listener.publish("by", "TLS")
    assert await listener.message("by")
    assert broker.url == f"mqtts://127.0.0.1:{broker.port}"


async def test_wants_a_certificate_of_its_clients(mosquitto, pki, ear, attempt):
    broker = await mosquitto(tls=pki, client_certificates=True)
    listener = await ear(broker, "#")
    await listener.publish("by", "certificate")
    assert await listener.message("by")
    assert await attempt(broker.port, tls=trust(pki.ca, pki.client)) == "Success"
    for own in None, pki.foreign_client:
        assert await attempt(broker.port, tls=trust(pki.ca, own)) == "Unspecified error"


async def test_a_wrong_configuration_is_told_with_the_log(mosquitto):
    with pytest.raises(AssertionError, match="no_such_setting"):
        await mosquitto(settings="no_such_setting true")


@pytest.mark.parametrize("level", [4, 5])
async def test_a_stalled_broker_takes_little(stalled_broker, level):
    broker = await stalled_broker()
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    v5 = b"\0" if level == 5 else b""
    client = b"\0\4MQTT" + bytes([level, 2, 0, 60]) + v5 + b"\0\1a"
    writer.write(b"\x10" + bytes([len(client)]) + client)
    subscription = b"\0\7" + v5 + b"\0\1#\0"
    writer.write(b"\x82" + bytes([len(subscription)]) + subscription)
    async with asyncio.timeout(LIMIT_S):
        assert await broker.level() == level
        answer = b"\x20" + bytes([2 + len(v5)]) + b"\0\0" + v5
        answer += b"\x90" + bytes([3 + len(v5)]) + b"\0\7" + v5 + b"\0"
        assert await reader.readexactly(len(answer)) == answer
        await broker.stalled.wait()
    size = 1_000_000
    writer.write(bytes(size))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await writer.drain()
    assert writer.transport.get_write_buffer_size() > size - 200_000
    writer.transport.abort()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0x84, "Unsupported protocol version"),
        (1, "Unsupported protocol version"),
        (None, "Unspecified error"),
    ],
)
async def test_a_broker_may_refuse_one_version_of_mqtt(stalled_broker, attempt, code, reason):
    broker = await stalled_broker(refusals={5: code})
    assert await attempt(broker.port) == reason
    assert await broker.level() == 5
    assert await attempt(broker.port, MQTTProtocolVersion.MQTTv311) == "Success"
    assert await broker.level() == 4


async def test_a_stalled_broker_knows_which_host_was_asked_for(stalled_broker, pki, attempt):
    broker = await stalled_broker(tls=pki)
    await handshake(broker.port, trust(pki.ca), NAMED_HOST)
    assert broker.server_names == [NAMED_HOST]
