"""Where bytes come from: real ptys, TCP servers and an RFC 2217 server, and all that fails."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
import termios
import threading
import time
from contextlib import AsyncExitStack, closing, suppress
from types import SimpleNamespace

import pytest
import serial
import serial.rfc2217

from teleinfo_gateway.sources import SourceError, has_speed, open_source, port, threads

WAIT_S = 10

# pyserial's client still calls Thread.setDaemon; nothing of ours can change that.
old_rfc2217 = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


@pytest.fixture
async def opened():
    """The function that opens a source; what it gives keeps all that came."""
    async with AsyncExitStack() as stack:

        async def open_it(device, baudrate=1200):
            came = bytearray()
            source = await open_source(device, baudrate, came.extend)
            stack.callback(source.close)
            return SimpleNamespace(source=source, came=came)

        yield open_it


async def gone(source):
    async with asyncio.timeout(WAIT_S):
        return str(await source.gone)


# --- local ports


async def test_bytes_come_as_they_were_sent(opened, wire, until):
    """Line ends, control characters and bit 7 included: nothing is cooked."""
    line, everything = wire(), bytes(range(256)) * 8
    port = await opened(line.path)
    await line.send(everything)
    await until(lambda: len(port.came) == len(everything))
    assert port.came == everything


async def test_a_port_can_be_opened_again_and_again(opened, wire, until, as_nobody):
    """A pty refuses 7 bits from the second time on, and stays exclusive until that is undone."""
    line = wire()
    for baudrate in (1200, 9600, 1200):
        port = await opened(line.path, baudrate)
        await line.send(b"TIC")
        await until(lambda came=port.came: came == b"TIC")
        port.source.close()
        port.source.close()  # twice is harmless
    os.chmod(line.path, 0o666)  # noqa: PTH101, S103  # a device; root may open what is exclusive
    with as_nobody():
        os.close(os.open(line.path, os.O_RDWR | os.O_NOCTTY))


async def test_the_kernel_checks_parity_and_changes_nothing_else(opened, wire):
    line = wire()
    port = await opened(line.path)
    iflag, oflag, cflag, lflag, ispeed, _, _ = termios.tcgetattr(port.source._fd)
    assert iflag & termios.INPCK
    assert not iflag & (termios.IGNPAR | termios.PARMRK | termios.ISTRIP)
    assert not iflag & (termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
    assert not oflag & termios.OPOST
    assert not lflag & (termios.ICANON | termios.ECHO | termios.ISIG)
    assert cflag & termios.CREAD
    assert ispeed == termios.B1200


async def test_nothing_is_read_after_the_end(opened, wire):
    line = wire()
    port = await opened(line.path)
    port.source.close()
    await line.send(b"TIC")
    await asyncio.sleep(0.02)
    assert not port.came
    assert not port.source.gone.done()


async def test_a_port_that_vanishes_says_so(opened, wire):
    line = wire()
    port = await opened(line.path)
    line.close()
    assert await gone(port.source) == f"{line.path}: the port does not answer: was it unplugged?"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing", "there is no such port: is the adapter plugged in?"),
        ("folder", "this is a folder, not a serial port"),
        ("file", "this is not a serial port"),
        ("fifo", "this is not a serial port"),
        ("dangling", "there is no such port: is the adapter plugged in?"),
        ("file/below", "Not a directory"),
    ],
)
async def test_what_is_not_a_port_is_refused_in_plain_words(opened, tmp_path, name, reason):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("/dev/no-such-port")
    os.mkfifo(tmp_path / "fifo")
    path = str(tmp_path / name)
    with pytest.raises(SourceError) as refused:
        await opened(path)
    assert str(refused.value) == f"{path}: {reason}"


async def test_a_device_that_is_no_terminal_is_refused(opened):
    with pytest.raises(SourceError, match=r"^/dev/null: this is not a serial port"):
        await opened("/dev/null")


async def test_a_port_of_somebody_else_says_which_group_to_join(opened, wire, as_nobody):
    line = wire()
    os.chmod(line.path, 0)  # noqa: PTH101  # a device
    with as_nobody(), pytest.raises(SourceError) as refused:
        await opened(line.path)
    assert str(refused.value) == (
        f"{line.path}: permission denied: add your user to the group dialout and log in again"
    )


async def test_a_port_that_another_program_holds_is_busy(opened, wire):
    line = wire()
    holds = closing(serial.Serial(line.path, exclusive=True))
    with holds, pytest.raises(SourceError, match="another program uses the port"):
        await opened(line.path)
    await opened(line.path)


async def test_an_open_port_is_ours_alone(opened, wire, as_nobody):
    line = wire()
    port = await opened(line.path)
    with pytest.raises(serial.SerialException, match=r"exclusively lock|busy"):
        serial.Serial(line.path, exclusive=True)
    os.chmod(line.path, 0o666)  # noqa: PTH101, S103  # a device; root may open what is busy
    with as_nobody(), pytest.raises(OSError, match="busy"):  # who does not ask for locks
        os.close(os.open(line.path, os.O_RDWR | os.O_NOCTTY))
    port.source.close()
    with closing(serial.Serial(line.path, exclusive=True)):
        pass


async def test_a_port_is_not_inherited_by_other_programs(opened, wire):
    port = await opened(wire().path)
    assert fcntl.fcntl(port.source._fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC


# --- drivers that hang: only the blocking call is replaced, no driver here can be made to hang


@pytest.fixture
def hanging_driver(monkeypatch):
    """Opening a port takes until the event is set."""
    free = threading.Event()
    really = port._open

    def hang(*arguments):
        free.wait(WAIT_S)
        return really(*arguments)

    monkeypatch.setattr(port, "_open", hang)
    yield free
    free.set()


async def test_a_driver_that_hangs_is_given_up_and_its_late_port_is_closed(
    opened, wire, hanging_driver, monkeypatch, until
):
    monkeypatch.setattr(port, "OPEN_TIMEOUT_S", 0.05)
    line = wire()
    with pytest.raises(SourceError, match="the port did not open within 0 s: unplug it"):
        await opened(line.path)
    hanging_driver.set()
    await until(lambda: not any(t.name == f"open {line.path}" for t in threading.enumerate()))
    await asyncio.sleep(0)  # the result comes through the loop
    with closing(serial.Serial(line.path, exclusive=True)):
        pass


async def test_the_loop_turns_while_a_driver_hangs(opened, wire, hanging_driver, until):
    opening = asyncio.create_task(opened(wire().path))
    await asyncio.sleep(0.02)
    assert not opening.done()
    hanging_driver.set()
    async with asyncio.timeout(WAIT_S):
        await opening


def test_a_call_that_hangs_does_not_keep_the_program_from_ending():
    """In a program of its own, as the thread would stay in this one."""
    code = (
        "import asyncio, signal, time\n"
        f"from {threads.__name__} import in_thread\n"
        "async def main():\n"
        "    call = in_thread('hang', lambda: time.sleep(600), discard=print)\n"
        "    await asyncio.wait([asyncio.ensure_future(call)], timeout=0.1)\n"
        "asyncio.run(main())\n"
    )
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
    until_s = time.monotonic() + WAIT_S
    while os.waitpid(process, os.WNOHANG) == (0, 0):
        if time.monotonic() > until_s:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            pytest.fail("it did not end")
        time.sleep(0.02)


async def test_what_a_thread_raises_comes_to_the_caller():
    def fail():
        raise OSError(5, "it broke")

    with pytest.raises(OSError, match="it broke"):
        await threads.in_thread("fail", fail, discard=print)


# --- TCP


@pytest.fixture
async def server():
    """A TCP server; ``readers`` and ``writers`` are its connections."""
    readers, writers = [], []

    def connected(reader, writer):
        readers.append(reader)
        writers.append(writer)

    running = await asyncio.start_server(connected, "127.0.0.1")
    port = running.sockets[0].getsockname()[1]
    url = f"socket://127.0.0.1:{port}"
    yield SimpleNamespace(url=url, port=port, readers=readers, writers=writers)
    running.close()
    for writer in writers:
        writer.close()
    await running.wait_closed()


async def test_bytes_come_from_a_tcp_server(opened, server, until):
    port = await opened(server.url)
    await until(lambda: server.writers)
    everything = bytes(range(256)) * 64
    server.writers[0].write(everything)
    await until(lambda: len(port.came) == len(everything))
    assert port.came == everything


async def test_a_host_may_have_a_name(opened, server, until):
    """A name has several addresses; the server listens on one of them."""
    await opened(server.url.replace("127.0.0.1", "localhost"))
    await until(lambda: server.writers)


async def test_a_server_that_closes_is_gone(opened, server, until):
    port = await opened(server.url)
    await until(lambda: server.writers)
    server.writers[0].close()
    assert await gone(port.source) == f"{server.url}: the server closed the connection"


async def test_a_connection_that_breaks_says_why(opened, server, until):
    port = await opened(server.url)
    await until(lambda: server.writers)
    server.writers[0].transport.abort()
    assert (await gone(port.source)).startswith(f"{server.url}: ")


async def test_we_leave_at_once(opened, server, until):
    port = await opened(server.url)
    await until(lambda: server.writers)
    port.source.close()
    port.source.close()
    async with asyncio.timeout(WAIT_S):
        assert await server.readers[0].read() == b""


async def test_a_server_without_power_is_noticed(opened, server):
    """It sends no farewell; the system must ask, and does within half a minute."""
    port = await opened(server.url)
    connection = port.source._transport.get_extra_info("socket")
    option = connection.getsockopt
    assert option(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    tcp = socket.IPPROTO_TCP
    idle_s, every_s = option(tcp, socket.TCP_KEEPIDLE), option(tcp, socket.TCP_KEEPINTVL)
    assert idle_s + every_s * option(tcp, socket.TCP_KEEPCNT) <= 30


async def test_a_server_that_is_not_there_is_refused_in_plain_words(opened, free_port):
    url = f"socket://127.0.0.1:{free_port()}"
    with pytest.raises(SourceError) as refused:
        await opened(url)
    assert str(refused.value) == f"{url}: Connection refused: is the server running there?"


async def test_a_name_that_nobody_knows_is_refused_in_plain_words(opened, monkeypatch):
    """The answer of a name server is replaced: tests ask nobody outside."""

    def unknown(*_arguments, **_options):
        raise answer

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    answer = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with pytest.raises(SourceError) as refused:
        await opened("socket://no-host:7000")
    assert str(refused.value) == "socket://no-host:7000: no host is known by the name no-host"
    answer = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    with pytest.raises(SourceError, match="no-host was not looked up: Temporary failure"):
        await opened("socket://no-host:7000")


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("socket://", "a host, a colon and a port from 1 to 65535 are needed"),
        ("socket://localhost", "a host, a colon and a port from 1 to 65535 are needed"),
        ("socket://localhost:99999", "a host, a colon and a port from 1 to 65535 are needed"),
        ("socket://[::1", "a host, a colon and a port from 1 to 65535 are needed"),
        ("socket://two..dots:7000", "this cannot be the name of a host"),
        (f"socket://{'long' * 16}:7000", "this cannot be the name of a host"),
    ],
)
async def test_what_is_no_address_is_refused_in_plain_words(opened, device, words):
    """A command takes it as it is typed, and a name that fits a file may be none for the system."""
    with pytest.raises(SourceError) as refused:
        await opened(device)
    assert str(refused.value) == f"{device}: {words}"


async def test_a_name_server_that_hangs_stops_nobody(opened, server, monkeypatch, until):
    """Neither the others nor the end of the program, which waits for the loop's executor."""
    free, really = threading.Event(), socket.getaddrinfo

    def hang(host, *arguments, **options):
        if host == "slow-host":
            free.wait(WAIT_S)
        return really("127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    slow = [
        asyncio.create_task(opened(f"socket://slow-host:{server.port}"))
        for _ in range(40)  # more than an executor has threads
    ]
    await opened(f"socket://quick-host:{server.port}")
    await asyncio.get_running_loop().shutdown_default_executor()
    assert not any(task.done() for task in slow)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    free.set()
    await until(lambda: not any(t.name == "look up slow-host" for t in threading.enumerate()))


async def test_a_server_that_does_not_answer_is_given_up(opened, monkeypatch):
    """No host on loopback stays mute; a name server that hangs is as good."""
    free = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: free.wait(WAIT_S) and [])
    monkeypatch.setattr("teleinfo_gateway.sources.tcp.OPEN_TIMEOUT_S", 0.02)
    with pytest.raises(SourceError, match=r"^socket://mute:7000: no answer within 0 s$"):
        await opened("socket://mute:7000")
    free.set()


@pytest.mark.parametrize(
    ("device", "ours"),
    [("/dev/ttyUSB0", True), ("rfc2217://host:1", True), ("socket://host:1", False)],
)
def test_the_speed_of_a_line_behind_a_plain_server_is_not_ours(device, ours):
    assert has_speed(device) == ours


# --- RFC 2217


class Rfc2217Server:
    """A port server made of pyserial's own server part; its port is a loop, not a pty.

    The client sets speed and format after opening, which a pty refuses.
    """

    def __init__(self):
        self.port = serial.serial_for_url("loop://", timeout=0.05)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._listening.getsockname()[1]}"
        self._connection = None
        self._manager = None
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    def write(self, data):
        with self._lock:
            self._connection.sendall(data)

    def _serve(self):
        try:
            self._connection, _ = self._listening.accept()
        except OSError:
            return
        self._manager = serial.rfc2217.PortManager(self.port, self)
        threading.Thread(target=self._from_port, daemon=True).start()
        try:
            while data := self._connection.recv(1024):
                self.port.write(b"".join(self._manager.filter(data)))
        except OSError:
            pass

    def _from_port(self):
        try:
            while True:
                if data := self.port.read(256):
                    self.write(b"".join(self._manager.escape(data)))
        except (OSError, TypeError):  # closed meanwhile
            pass

    def hang_up(self):
        if self._connection is not None:
            self._connection.shutdown(socket.SHUT_RDWR)
            self._connection.close()

    def close(self):
        self._listening.close()
        with suppress(OSError):
            self.hang_up()
        self.port.close()


@pytest.fixture
def rfc2217():
    with closing(Rfc2217Server()) as running:
        yield running


@old_rfc2217
async def test_a_port_server_is_given_speed_and_format_and_hands_on_bytes(opened, rfc2217, until):
    port = await opened(rfc2217.url, 9600)
    assert (rfc2217.port.baudrate, rfc2217.port.bytesize, rfc2217.port.parity) == (9600, 7, "E")
    everything = bytes(range(256))  # 0xFF is the escape of the protocol
    rfc2217.port.write(everything)
    await until(lambda: len(port.came) == len(everything))
    assert port.came == everything


@old_rfc2217
async def test_a_port_server_that_hangs_up_is_gone(opened, rfc2217):
    port = await opened(rfc2217.url)
    rfc2217.hang_up()
    assert (await gone(port.source)).startswith(f"{rfc2217.url}: ")


async def test_a_port_server_that_is_not_there_is_refused(opened, free_port):
    url = f"rfc2217://127.0.0.1:{free_port()}"
    with pytest.raises(SourceError, match=f"^{url}: .*refused"):
        await opened(url)


@old_rfc2217
async def test_a_server_of_another_protocol_is_given_up(opened, server, monkeypatch):
    monkeypatch.setattr("teleinfo_gateway.sources.url.OPEN_TIMEOUT_S", 0.2)
    url = server.url.replace("socket", "rfc2217")
    with pytest.raises(SourceError, match=f"^{url}: no answer within 0 s"):
        await opened(url)
