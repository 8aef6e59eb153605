"""The section ``mqtt``: what is accepted, and every fault at its place without any secret."""

import pytest
from click.testing import CliRunner

from teleinfo_gateway.cli import teleinfo
from teleinfo_gateway.config import load_config
from teleinfo_gateway.config.mqtt import HomeAssistantConfig, MqttConfig
from teleinfo_gateway.errors import ConfigError

SECRET = "hunter2-hunter2"  # noqa: S105  # of nobody
TWO_METERS = "devices: [{name: a, device: /dev/a}, {name: b, device: /dev/b}]\n"


@pytest.fixture
def load(tmp_path):
    """The function that loads a file whose section ``mqtt`` is this text, in YAML."""

    def read(mqtt, before=""):
        file = tmp_path / "teleinfo.yaml"
        file.write_text(f"{before}mqtt: {mqtt}\n", encoding="utf-8")
        return load_config(file).mqtt

    return read


@pytest.fixture
def faults(load):
    """The function that gives the faults of such a file: text by place."""

    def find(mqtt, before=""):
        with pytest.raises(ConfigError) as caught:
            load(mqtt, before)
        assert {fault.line for fault in caught.value.faults} <= {1, 2}
        return {fault.path: fault.message for fault in caught.value.faults}

    return find


# --- What is accepted


def test_there_is_none_unless_it_is_wanted(load, tmp_path):
    assert load("false") is None
    (tmp_path / "empty.yaml").write_text("")
    assert load_config(tmp_path / "empty.yaml").mqtt is None


@pytest.mark.parametrize("text", ["true", "{}", "{url: mqtt://localhost}"])
def test_the_usual_settings(load, text):
    config = load(text)
    assert config == MqttConfig()
    assert (config.host, config.port, config.has_tls) == ("localhost", 1883, False)
    assert (config.protocol, config.privacy, config.client_id) == ("auto", "none", "auto")
    assert (config.min_interval, config.max_interval) == (0, 60)
    assert config.formats.native == "teleinfo"
    assert {name for name, topic in config.formats if topic} == {"native"}
    assert config.announced == HomeAssistantConfig(
        discovery="entity", prefix="homeassistant", language="fr"
    )


@pytest.mark.parametrize(
    ("url", "host", "port", "has_tls"),
    [
        ("mqtt://broker", "broker", 1883, False),
        ("mqtts://broker/", "broker", 8883, True),
        ("mqtt://192.0.2.1:1884", "192.0.2.1", 1884, False),
        ("mqtts://[::1]:65535", "::1", 65535, True),
    ],
)
def test_a_broker_is_a_host_and_a_port(load, url, host, port, has_tls):
    config = load(f"{{url: '{url}'}}")
    assert (config.host, config.port, config.has_tls) == (host, port, has_tls)


def test_what_is_measured_may_be_held_back_as_long_as_it_is_repeated(load):
    config = load("{min_interval: 60}")
    assert (config.min_interval, config.max_interval) == (60, 60)


@pytest.mark.parametrize(("text", "version"), [("5", 5), ("3.1.1", "3.1.1"), ("auto", "auto")])
def test_the_versions_of_mqtt(load, text, version):
    assert load(f"{{protocol: {text}}}").protocol == version


def test_formats_have_their_usual_topics_or_others(load):
    formats = load(
        "{formats: {native: /home/meters, teleinfo2mqtt: true, jeedom: true, edgd1er: false, "
        "tasmota: 'tele/{adco}/SENSOR', zigbee2mqtt: true, teleinfod: null, "
        "teleinfod_historique: true}}"
    ).formats
    assert formats.model_dump() == {
        "native": "/home/meters",
        "teleinfo2mqtt": "teleinfo",
        "edgd1er": None,
        "jeedom": "teleinfo/jeedom/{adco}",
        "tasmota": "tele/{adco}/SENSOR",
        "zigbee2mqtt": "zigbee2mqtt/{name}",
        "teleinfod": None,
        "teleinfod_historique": "teleinfo/historique",
    }


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        ("{homeassistant: false}", None),
        ("{homeassistant: true}", HomeAssistantConfig()),
        ("{homeassistant: {language: en}}", HomeAssistantConfig(language="en")),
        ("{formats: {native: false}}", None),
        ("{formats: {native: false}, homeassistant: false}", None),
    ],
)
def test_what_is_announced_to_home_assistant(load, text, announced):
    assert load(text).announced == announced


def test_two_meters_may_have_a_topic_each(load):
    assert load("{formats: {edgd1er: 'linky/{name}', jeedom: true}}", TWO_METERS)
    assert load("{formats: {teleinfo2mqtt: meters}}", TWO_METERS)
    assert load("{formats: {edgd1er: true}}", "devices: [{name: a, device: /dev/a}]\n")


def test_formats_that_write_at_different_places_may_have_one_topic(load):
    formats = load("{formats: {native: x, teleinfod: x, jeedom: x}}").formats
    assert {topic for _, topic in formats if topic} == {"x"}


# --- Faults


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("7", "mqtt", "a mapping of MQTT settings"),
        ("{host: broker}", "mqtt.host", "unknown key; the keys here are url, username"),
        ("{passwort: x}", "mqtt.passwort", "did you mean password?"),
        ("{url: broker}", "mqtt.url", "begins with mqtt:// or mqtts://"),
        ("{url: 'http://broker'}", "mqtt.url", "begins with mqtt:// or mqtts://"),
        ("{url: 'mqtt://'}", "mqtt.url", "names a host"),
        ("{url: 'mqtt://:1883'}", "mqtt.url", "names a host"),
        ("{url: 'mqtt://broker/topic'}", "mqtt.url", "nothing follows the host"),
        ("{url: 'mqtt://broker?x=1'}", "mqtt.url", "nothing follows the host"),
        ("{url: 'mqtt://broker#x'}", "mqtt.url", "nothing follows the host"),
        ("{url: 'mqtt://broker:0'}", "mqtt.url", "a port from 1 to 65535"),
        ("{url: 'mqtt://broker:65536'}", "mqtt.url", "a port from 1 to 65535"),
        ("{url: 'mqtt://broker:mqtt'}", "mqtt.url", "a port from 1 to 65535"),
        ("{url: 'mqtt://[::1'}", "mqtt.url", "mqtt://host"),
        ("{url: 'mqtt://me@broker'}", "mqtt.url", "username and password"),
        ("{username: ''}", "mqtt.username", "the name the broker knows us by"),
        ("{username: me, password: ''}", "mqtt.password", "a password, or a reference"),
        (f"{{password: {SECRET}}}", "mqtt.username", "missing; write the name the broker knows"),
        (f"{{password: {SECRET}}}", "mqtt.username", "knows us by: password needs it"),
        ("{username: me, password: 12345678}", "mqtt.password", "not repeated here"),
        ("{tls: {ca: /x}}", "mqtt.tls", "the url begins with mqtts:// then"),
        ("{url: 'mqtts://b', tls: {ca: x.crt}}", "mqtt.tls.ca", "written whole, from its first /"),
        ("{url: 'mqtts://b', tls: {key: /x}}", "mqtt.tls.certificate", "missing; write the whole"),
        ("{url: 'mqtts://b', tls: {certificate: /x}}", "mqtt.tls.key", "certificate needs it"),
        ("{url: 'mqtts://b', tls: {server_name: 'a b'}}", "mqtt.tls.server_name", "broker.home"),
        ("{url: 'mqtts://b', tls: {insecure: true}}", "mqtt.tls.insecure", "unknown key"),
        ("{protocol: '5'}", "mqtt.protocol", "auto, 5 or 3.1.1"),
        ("{protocol: 4}", "mqtt.protocol", "auto, 5 or 3.1.1"),
        ("{client_id: 'two words'}", "mqtt.client_id", "1 to 64 letters"),
        ("{client_id: ''}", "mqtt.client_id", "1 to 64 letters"),
        ("{privacy: true}", "mqtt.privacy", "none or alias"),
        ("{control: maybe}", "mqtt.control", "auto, true or false"),
        ("{min_interval: -1}", "mqtt.min_interval", "from 0"),
        ("{min_interval: 1.5}", "mqtt.min_interval", "whole seconds"),
        ("{min_interval: 61}", "mqtt.min_interval", "max_interval is shorter"),
        ("{min_interval: 9, max_interval: 8}", "mqtt.min_interval", "max_interval is shorter"),
        ("{max_interval: 0}", "mqtt.max_interval", "from 1 to 3600"),
        ("{max_interval: 3601}", "mqtt.max_interval", "from 1 to 3600"),
        ("{formats: native}", "mqtt.formats", "the keys native, teleinfo2mqtt"),
        ("{formats: {homie: true}}", "mqtt.formats.homie", "unknown key"),
        ("{formats: {native: 7}}", "mqtt.formats.native", "true, false, or a topic"),
        ("{formats: {native: ''}}", "mqtt.formats.native", "a topic has no space"),
        ("{formats: {native: 'a b'}}", "mqtt.formats.native", "a topic has no space"),
        ("{formats: {native: 'a/+'}}", "mqtt.formats.native", "a topic has no space"),
        ("{formats: {native: '#'}}", "mqtt.formats.native", "a topic has no space"),
        ("{formats: {native: $SYS/x}}", "mqtt.formats.native", "a topic has no space"),
        ('{formats: {native: "a\\x01b"}}', "mqtt.formats.native", "invisible character"),
        ('{formats: {native: "a\\ud800"}}', "mqtt.formats.native", "invisible character"),
        ("{formats: {native: a/}}", "mqtt.formats.native", "a word follows each /"),
        ("{formats: {native: a//b}}", "mqtt.formats.native", "a word follows each /"),
        ("{formats: {native: 'a/{adco}'}}", "mqtt.formats.native", "follows by itself"),
        ("{formats: {teleinfo2mqtt: '{name}'}}", "mqtt.formats.teleinfo2mqtt", "by itself"),
        ("{formats: {teleinfo2mqtt: true}}", "mqtt.formats.teleinfo2mqtt", "native has this"),
        ("{formats: {edgd1er: x, jeedom: x}}", "mqtt.formats.jeedom", "edgd1er has this topic"),
        (
            "{formats: {teleinfod: x, teleinfod_historique: x}}",
            "mqtt.formats.teleinfod_historique",
            "teleinfod has this topic, and both would write there",
        ),
        ("{formats: {jeedom: '{prm}/x'}}", "mqtt.formats.jeedom", "a topic has no space"),
        (f"{{formats: {{jeedom: {'x' * 129}}}}}", "mqtt.formats.jeedom", "a topic has no space"),
        ("{homeassistant: {discovery: node}}", "mqtt.homeassistant.discovery", "entity or device"),
        ("{homeassistant: {prefix: 'a b'}}", "mqtt.homeassistant.prefix", "discovery prefix"),
        ("{homeassistant: {language: de}}", "mqtt.homeassistant.language", "fr or en"),
        (
            "{formats: {native: false}, homeassistant: true}",
            "mqtt.homeassistant",
            "formats.native, which is off",
        ),
    ],
)
def test_each_fault_is_named_at_its_place(faults, text, place, words):
    found = faults(text)
    assert list(found) == [place]
    assert words in found[place]
    assert SECRET not in found[place]


def test_all_faults_are_named_at_once(faults):
    assert set(faults("{url: x, protocol: 4, formats: {native: '#'}, tls: {ca: y}}")) == {
        "mqtt.url",
        "mqtt.protocol",
        "mqtt.formats.native",
        "mqtt.tls.ca",
    }


@pytest.mark.parametrize("formats", ["edgd1er: true", "jeedom: x", "tasmota: t", "teleinfod: true"])
def test_two_meters_share_no_topic(faults, formats):
    (place,) = found = faults(f"{{formats: {{{formats}}}}}", TWO_METERS)
    assert place == f"mqtt.formats.{formats.partition(':')[0]}"
    assert "several meters would share it: put {name} or {adco} into it" in found[place]


@pytest.mark.parametrize(
    "text",
    [
        f"{{url: 'mqtt://me:{SECRET}@broker'}}",
        f"{{url: 'mqtt://:{SECRET}@broker'}}",
        f"{{url: 'mqtt://me:{SECRET}@broker:x'}}",
        f"{{password: {SECRET}}}",
        f"{{username: me, password: [{SECRET}]}}",
    ],
)
def test_no_fault_repeats_a_password(faults, text):
    assert SECRET not in str(faults(text))


def test_no_secret_is_shown_of_what_was_accepted():
    config = MqttConfig(username="me", password=SECRET)
    assert SECRET not in repr(config)
    assert SECRET not in str(config)


# --- Who may command


@pytest.mark.parametrize(
    ("text", "takes_commands"),
    [
        ("{}", True),
        ("{url: 'mqtt://127.0.0.1'}", True),
        ("{url: 'mqtt://[::1]'}", True),
        ("{url: 'mqtt://LOCALHOST'}", True),
        ("{url: 'mqtt://broker'}", False),
        ("{url: 'mqtts://broker'}", False),
        ("{url: 'mqtt://broker', username: me}", False),
        ("{url: 'mqtt://broker', username: me, password: x}", True),
        ("{url: 'mqtts://broker', tls: {ca: /x}}", False),
        ("{url: 'mqtts://broker', tls: {certificate: /x, key: /x}}", True),
        ("{url: 'mqtt://broker', control: true}", True),
        ("{control: false}", False),
        ("{control: false, username: me, password: x}", False),
    ],
)
def test_commands_are_taken_where_not_everybody_may_publish(load, text, takes_commands):
    assert load(text).takes_commands is takes_commands


# --- teleinfo check


@pytest.fixture
def check(tmp_path):
    """The function that runs ``teleinfo check`` on a file with this section."""

    def run(mqtt):
        file = tmp_path / "teleinfo.yaml"
        file.write_text(f"mqtt: {mqtt}\n")
        return CliRunner().invoke(teleinfo, ["check", "--config", str(file)])

    return run


def test_check_names_the_faults(check, tmp_path):
    result = check(f"{{url: 'mqtt://me:{SECRET}@broker', max_interval: 0}}")
    assert result.exit_code == 2
    places = [line.split(": ")[:2] for line in result.stderr.splitlines()]
    assert places == [
        [f"{tmp_path}/teleinfo.yaml:1", "mqtt.url"],
        [f"{tmp_path}/teleinfo.yaml:1", "mqtt.max_interval"],
    ]
    assert SECRET not in result.output


def test_check_accepts_a_password_by_reference_without_reading_it(check):
    result = check("{username: me, password: 'file:/no/such/file'}")
    assert (result.exit_code, result.stderr) == (0, "")
