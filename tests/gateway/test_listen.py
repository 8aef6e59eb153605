"""``teleinfo listen``: what a line says, on a terminal and in a pipe; a real process."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import socket
import struct
import termios
import time
from contextlib import suppress

import pytest

from teleinfo_gateway.cli import listen as module
from teleinfo_gateway.cli.listen import meaning
from tic import Group, encode_frame

HISTORIQUE = "histo-hc-mono-l16c6"
STANDARD = "std-base-mono-conso"


@pytest.fixture
async def listening(teleinfo, line):
    """The function that starts it on the wire and waits until it listens."""

    async def start(*options, **settings):
        program = await teleinfo("listen", line.path, *options, **settings)
        assert await program.line() == f"Listening on {line.path}; Ctrl-C ends.\n"
        return program

    return start


async def frame_of(program):
    """The lines of one frame in a pipe, and the line on the line's quality."""
    lines = []
    async with asyncio.timeout(20):
        while (line := (await program.process.stdout.readline()).decode()) not in {"\n", ""}:
            lines.append(line.rstrip("\n"))
    return lines[:-1], lines[-1]


async def test_in_a_pipe_each_frame_is_printed(listening, line, talking):
    program = await listening()
    talking(line, HISTORIQUE)
    rows, quality = await frame_of(program)
    assert rows[1:3] == [
        "OPTARIF    HC..             Tariff option: peak/off-peak",
        "ISOUSC     15               Subscribed current: 15 A",
    ]
    assert rows[0].startswith("ADCO       021528603314     Electric meter address: Sagem")
    assert len(rows) == 11
    assert re.fullmatch(
        rf"{line.path}, 9600 bit/s: ok; (\d+) frames \(\1 long\), \d+ groups, 0 refused", quality
    )


async def test_no_speed_is_told_where_another_machine_sets_it(teleinfo, free_port):
    port = free_port()
    device = f"udp://127.0.0.1:{port}"
    program = await teleinfo("listen", device)
    told = asyncio.create_task(frame_of(program))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        while not told.done():
            sending.sendto(encode_frame([Group("ADCO", "021528603314")]), ("127.0.0.1", port))
            await asyncio.sleep(0.02)
    assert (await told)[1].startswith(f"{device}: standby; ")


async def test_a_standard_frame_shows_dates_and_plain_words(listening, line, talking):
    program = await listening("--mode", "standard")
    talking(line, STANDARD)
    rows, _ = await frame_of(program)
    by_label = {row.split()[0]: row for row in rows}
    assert len(by_label) == 38
    assert re.search(r"DATE +[HE]\d{12} +Meter clock", by_label["DATE"])
    assert re.search(r"Apparent power drawn: 3\d\d VA$", by_label["SINSTS"])
    assert "NGTF       BASE             Supplier tariff calendar" in by_label["NGTF"]


async def test_damage_is_counted_with_its_reason(listening, line, talking):
    program = await listening()
    good = encode_frame([Group("ADCO", "021528603314"), Group("PAPP", "00500")])
    talking(line, good.replace(b"00500", b"00501"))
    _, quality = await frame_of(program)
    assert re.search(r"(\d+) groups, \1 refused \(\1 checksum; 50.0%\)$", quality)


async def test_a_meter_in_standby_says_whom_to_ask(listening, line, talking):
    program = await listening()
    talking(line, "synthetic-histo-veille-adco-only")
    _, quality = await frame_of(program)
    assert "standby" in quality
    assert "ask Enedis" in quality


async def test_short_frames_do_not_clear_the_others(listening, line, talking):
    program = await listening()
    talking(line, "synthetic-histo-hc-tri-short-frames")
    labels = set()
    while not {"HCHP", "ADIR2"} <= labels:
        rows, _ = await frame_of(program)
        labels = {row.split()[0] for row in rows}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_with_code_0(listening, number):
    program = await listening()
    program.signal(number)
    assert (await program.end())[0] == 0


async def test_a_port_that_is_missing_is_code_1(teleinfo, tmp_path):
    path = tmp_path / "nothing"
    code, out, err = await (await teleinfo("listen", path)).end()
    assert (code, out) == (1, "")
    assert f"Error: {path}: there is no such port: is the adapter plugged in?\n" in err
    assert "Traceback" not in err


async def test_a_port_that_vanishes_is_code_1(listening, line, talking):
    program = await listening()
    talk = talking(line, HISTORIQUE)
    await frame_of(program)
    talk.cancel()
    line.close()
    code, _, err = await program.end()
    assert code == 1
    assert "was it unplugged?" in err


async def test_wrong_use_is_code_2(teleinfo):
    assert (await (await teleinfo("listen")).end())[0] == 2
    assert (await (await teleinfo("listen", "/dev/null", "--mode", "linky")).end())[0] == 2


async def test_a_reader_that_has_seen_enough_ends_it_quietly(listening, line, talking):
    program = await listening()
    talking(line, HISTORIQUE)
    await frame_of(program)
    program.process._transport.get_pipe_transport(1).close()
    async with asyncio.timeout(20):
        assert await program.process.wait() == 1
        assert await program.process.stderr.read() == b""


class Screen:
    """A terminal, 200 columns and 60 lines."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
        os.set_blocking(self.master, False)
        self.shown = ""

    def look(self):
        with suppress(OSError):  # nothing yet
            self.shown += os.read(self.master, 65536).decode(errors="replace")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown)

    def close(self):
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def screen():
    it = Screen()
    yield it
    it.close()


async def test_on_a_terminal_a_table_is_drawn_in_place(listening, line, talking, screen, until):
    program = await listening(stdout=screen.slave, env={"TERM": "xterm"})
    talking(line, HISTORIQUE)
    await until(lambda: re.search(r"Apparent power: \d+ VA", screen.look()))
    assert "label" in screen.look()
    assert "9600 bit/s: ok" in screen.look()
    drawn = screen.shown.count("PAPP")
    await until(lambda: (screen.look(), screen.shown.count("PAPP") > drawn)[1])
    program.signal(signal.SIGINT)
    assert (await program.end())[0] == 0
    assert "\x1b[?25h" in (screen.look(), screen.shown)[1]  # the cursor is back


async def test_what_a_meter_says_is_no_markup(listening, line, talking, screen, until):
    program = await listening(stdout=screen.slave, env={"TERM": "xterm"})
    group = Group("MSG1", f"{'[red]TEXT[/red] [link=x]':<32}")
    talking(line, encode_frame([Group("ADSC", "021528603314"), group]))
    await until(lambda: "[red]TEXT[/red] [link=x]" in screen.look())
    program.signal(signal.SIGINT)
    await program.end()


async def test_after_a_silence_it_says_how_the_line_is(line, capsys, monkeypatch, until):
    """In this process, so that ten seconds can be made short."""
    monkeypatch.setattr(module, "SILENT_S", 0.05)
    heard = module._Heard(None)
    task = asyncio.create_task(module._listen(line.path, heard))
    said = []
    await until(lambda: said.append(capsys.readouterr().err) or "searching" in "".join(said))
    assert f"{line.path}, 9600 bit/s: searching; 0 frames, 0 groups, 0 refused" in "".join(said)
    os.kill(os.getpid(), signal.SIGINT)
    began_s = time.monotonic()
    await task
    assert time.monotonic() - began_s < 2


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (Group("PAPP", "00170"), "Apparent power: 170 VA"),
        (Group("PTEC", "HPJW"), "Current tariff period: peak, white day"),
        (Group("VTIC", "02"), "TIC version: 2"),
        (Group("MOTDETAT", "400000"), "Meter status word"),
        (Group("UNKNOWN", "1"), "not in the specification"),
    ],
)
def test_a_value_is_told_in_plain_words(group, words):
    assert meaning(group) == words
