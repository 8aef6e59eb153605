"""``teleinfo hallard``: real processes, ptys and UDP, called as scripts call hallard's program."""

import asyncio
import signal
import socket
from contextlib import closing

import pytest
from click.testing import CliRunner

from teleinfo_gateway.cli import hallard as module
from teleinfo_gateway.cli import teleinfo as command
from tic import Group, encode_frame

from .udp_pair import UdpPair

FRAME = encode_frame([Group("ADCO", "021528603314"), Group("PAPP", "00500"), Group("PTEC", "HP..")])
SHORT = encode_frame([Group("ADCO", "021528603314"), Group("IINST1", "024"), Group("ADIR1", "024")])

STATISTICS = """\
teleinfo 1.0.8 Statistics
==========================
Frames Sent         : 0
Frames checked      : 1
Frames OK           : 1
Checksum errors     : 0
Frame format Errors : 0
Frame size Errors   : 0
MySQL init OK       : 0
MySQL init errors   : 0
MySQL connect OK    : 0
MySQL connect errors: 0
MySQL queries OK    : 0
MySQL queries errors: 0
EmonCMS total post  : 0
EmonCMS post OK     : 0
EmonCMS post errors : 0
EmonCMS timeout     : 0
--------------------------
"""


@pytest.fixture
def pair():
    with closing(UdpPair()) as it:
        yield it


@pytest.fixture
def conf(tmp_path):
    """The function that writes the file of settings; gives the option that names it."""

    def write(text=""):
        file = tmp_path / "teleinfo.conf"
        file.write_text(text)
        return f"--conf={file}"

    return write


@pytest.fixture
async def hallard(teleinfo, conf):
    """The function that starts it, without a file unless one is named."""

    async def start(*arguments):
        own = [] if any(str(a).startswith("--conf") for a in arguments) else [conf()]
        return await teleinfo("hallard", *own, *arguments)

    return start


@pytest.fixture
async def received(hallard, free_port):
    """The function that starts receive mode and sends to it until it ends: (code, out, err)."""

    async def receive(data, *options):
        port = free_port()
        program = await hallard("-m", "r", "-p", port, *options)
        ending = asyncio.create_task(program.end())
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sending:
            while not ending.done():
                sending.sendto(data, ("127.0.0.1", port))
                await asyncio.sleep(0.02)
        return await ending

    return receive


def invoke(*arguments):
    return CliRunner().invoke(command, ["hallard", *arguments])


def counts(said):
    """The last block of statistics."""
    block = said[said.rindex("teleinfo 1.0.8 Statistics") :].partition("-" * 26)[0]
    pairs = (line.split(":") for line in block.splitlines()[2:])
    return {name.strip(): int(count) for name, count in pairs}


# --- receive


async def test_a_good_frame_is_code_0_and_the_statistics_are_those_of_1_0_8(received):
    assert await received(FRAME) == (0, "", STATISTICS)


async def test_a_short_frame_is_good_too(received):
    code, _, said = await received(SHORT)
    assert (code, counts(said)["Frames OK"]) == (0, 1)


async def test_a_standard_frame_is_good_too(received, capture):
    data = capture("synthetic-std-tempo-tri-producer-all-labels")
    frame = data[data.index(b"\x02") : data.index(b"\x03") + 1]
    assert (await received(frame))[0] == 0


@pytest.mark.parametrize(
    ("data", "counter"),
    [
        (FRAME.replace(b"00500", b"00501"), "Checksum errors"),
        (FRAME[1:], "Frame format Errors"),
        (FRAME[:-1], "Frame format Errors"),
        (FRAME + FRAME, "Frame format Errors"),
        (b"GET / HTTP/1.1\r\n\r\n", "Frame format Errors"),
        (b"\x02\n" + b"x" * 200 + b"\r\x03", "Frame size Errors"),
    ],
)
async def test_a_bad_frame_is_code_1_and_counted(received, data, counter):
    code, out, said = await received(data)
    assert (code, out) == (1, "")
    assert {name for name, count in counts(said).items() if count} == {"Frames checked", counter}


async def test_the_value_of_a_label_can_be_had(received):
    assert (await received(FRAME, "-g", "papp"))[:2] == (0, "00500\n")
    code, out, said = await received(FRAME, "--get", "HCHC")
    assert (code, out) == (1, "")
    assert said.startswith("The frame has no HCHC.\n")


def test_silence_is_code_1(conf, free_port, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE_S", 0.05)
    result = invoke("-m", "receive", "-p", str(free_port()), conf())
    assert result.exit_code == 1
    assert result.stderr.startswith("No frame came within 0 s.\nteleinfo 1.0.8 Statistics\n")


def test_a_port_that_is_taken_is_code_1_with_words(conf, pair):
    result = invoke("-m", "r", "-p", str(pair.port), conf())
    assert result.exit_code == 1
    assert "another program has this UDP port" in result.stderr
    assert "Frames checked      : 0" in result.stderr


async def test_as_a_daemon_it_goes_on_until_a_signal(hallard, free_port):
    port = free_port()
    program = await hallard("-m", "receive", "-d", "-v", "-p", port)
    await program.line("foreground")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sending:
        heard = asyncio.create_task(program.process.stdout.readuntil(b"PTEC HP..  \nADCO"))
        while not heard.done():
            sending.sendto(FRAME, ("127.0.0.1", port))
            await asyncio.sleep(0.02)
    program.signal(signal.SIGINT)
    code, _, said = await program.end()
    assert code == 0
    assert counts(said)["Frames OK"] >= 2


# --- send


async def test_each_frame_of_the_port_leaves_to_both_ports(hallard, line, talking, conf, pair):
    """As its file says, and SIGUSR1 tells how much; SIGHUP changes nothing."""
    file = conf(
        f"# mine\n[udp]\n; of the house\nmode = send\nport={pair.port}\ntty = {line.path}\n"
    )
    program = await hallard(file)
    talking(line, FRAME)
    for which in 0, 1:
        assert [await pair.datagram(which) for _ in range(3)] == [FRAME] * 3
    program.signal(signal.SIGHUP)
    program.signal(signal.SIGUSR1)
    assert int((await program.line("Frames Sent")).split(":")[1]) >= 3
    program.signal(signal.SIGTERM)
    code, out, said = await program.end()
    assert (code, out) == (0, "")
    assert said.count("teleinfo 1.0.8 Statistics") == 2
    assert counts(said)["Frames Sent"] >= 3
    assert counts(said)["Frames checked"] == 0


async def test_a_damaged_frame_leaves_as_it_came(hallard, line, talking, pair):
    damaged = FRAME.replace(b"00500", b"00501")
    await hallard("--mode", "Send", "--tty", line.path, "--port", pair.port)
    talking(line, FRAME + damaged)
    assert {await pair.datagram() for _ in range(4)} == {FRAME, damaged}


async def test_options_go_before_the_file(hallard, line, talking, conf, pair):
    file = conf(f"mode = receive\nport = 1024\nnetwork = 127.0.0.1\ntty = {line.path}\nverbose=0")
    program = await hallard(file, "-m", "s", "-v", "-p", pair.port)
    assert await program.line("mode") == "mode: send\n"
    assert await program.line("port") == f"port: {pair.port}\n"
    talking(line, FRAME)
    assert await pair.datagram() == FRAME
    said = await program.process.stdout.readuntil(b"PTEC HP..")
    assert said.startswith(b"ADCO 021528603314")


async def test_what_is_sent_is_received(hallard, line, talking, free_port):
    port = free_port()
    await hallard("-m", "s", "-l", "-y", line.path, "-p", port)
    talking(line, FRAME)
    receiver = await hallard("-m", "r", "-p", port, "-g", "ADCO")
    code, out, _ = await receiver.end()
    assert (code, out) == (0, "021528603314\n")


async def test_a_port_that_is_not_there_is_code_1_with_words(hallard):
    program = await hallard("-m", "s", "-y", "/dev/ttyNONE")
    code, _, said = await program.end()
    assert code == 1
    assert said.endswith("Error: /dev/ttyNONE: there is no such port: is the adapter plugged in?\n")


# --- test


async def test_test_mode_shows_characters_and_then_the_frame(hallard, line, talking):
    program = await hallard("-m", "test", "-y", line.path)
    talking(line, b"\x1b[2J" + FRAME)
    shown = await program.process.stdout.readuntil(b"PTEC HP..  \n" + b"[2J")
    program.signal(signal.SIGTERM)
    code, _, said = await program.end()
    assert (code, counts(said)["Frames Sent"]) == (0, 0)
    assert counts(said)["Frames OK"] >= 1
    echo, rule, headline, date, again, *frame = shown.decode().split("\n")[-9:]
    assert "\x1b" not in shown.decode()
    assert echo.endswith("PTEC HP..  ")
    assert (rule, again) == ("=" * 26, "=" * 26)
    assert headline == f"Teleinfo Frame of {len(FRAME)} char"
    assert date[:2] == "20"
    assert frame[0].startswith("ADCO 021528603314")


# --- options and the file


def test_the_first_letter_of_the_mode_is_enough(conf):
    for mode in "r", "R", "receiving":
        assert "emoncms" not in invoke("-m", mode, "-p", "99", conf()).stderr
        assert "port: a number from 1024 to 65534" in invoke("-m", mode, "-p", "99", conf()).stderr


@pytest.mark.parametrize(
    ("arguments", "file", "words"),
    [
        ([], "", "mode: send, receive or test is needed"),
        (["-m", "x"], "", "mode: send, receive or test is needed"),
        (["-m", "s"], "", "tty: the serial port of the meter is needed"),
        (["-m", "r"], "port = many", "port: a number from 1024 to 65534"),
        (["-m", "r"], "port = 65535", "port: a number from 1024 to 65534"),
        (["-m", "s", "-y", "/dev/x"], "network = nas.home", "network: an IP address is needed"),
        (["-m", "r", "-q"], "", "mysql: MySQL is not supported here: use the gateway's outputs"),
        (["-m", "r"], "mysql = TRUE", "section sql of teleinfo.yaml"),
        (["-m", "r", "-e"], "", "emoncms: EmonCMS is not supported here"),
        (["-m", "s", "-y", "/dev/x"], "emoncms = 1", "section emoncms of teleinfo.yaml"),
    ],
)
def test_what_cannot_be_done_is_code_1_with_words_and_statistics(conf, arguments, file, words):
    result = invoke(*arguments, conf(file))
    assert result.exit_code == 1
    assert words in result.stderr
    assert counts(result.stderr)["Frames checked"] == 0


def test_what_the_file_says_and_nobody_knows_is_told_and_read_over(conf):
    result = invoke("-m", "r", "-p", "99", conf("nonsense\ncolour = red\n\n# good\nuser = me\n"))
    lines = [line for line in result.stderr.splitlines() if "read over" in line]
    assert [line.rsplit(":", 2)[1] for line in lines] == ["1", "2"]


def test_a_file_that_is_not_there_is_no_fault(tmp_path):
    result = invoke("-m", "r", "-p", "99", f"--conf={tmp_path / 'none.conf'}")
    assert result.stderr.endswith("Error: port: a number from 1024 to 65534 is needed\n")


def test_no_secret_is_ever_printed(conf, free_port, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE_S", 0.01)
    file = conf("password = hush-1\napikey = hush-2\nserver = db\nmysql_port = 3306\n")
    options = ["-w", "hush-3", "-k", "hush-4", "-u", "me", "-b", "base", "-t", "table"]
    for more in [], ["-q"], ["-e"], ["-m", "x"]:
        result = invoke("-m", "r", "-v", "-p", str(free_port()), file, *options, *more)
        assert result.exit_code == 1
        assert "hush" not in result.output
