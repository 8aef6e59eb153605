import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from xpl import HubServer, Interface, Message

WAIT_S = 10  # far more than anything here takes, far less than the suite's own limit

Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
def lo() -> Interface:
    return Interface("lo", "127.0.0.1", "127.255.255.255")


@pytest.fixture
def until() -> Until:
    """Wait until something holds that no event announces."""

    async def wait(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not holds():  # noqa: ASYNC110  # what is waited for has no event
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
async def hub() -> AsyncIterator[HubServer]:
    server = HubServer(port=0)
    await server.start()
    yield server
    await server.stop()


class Peer:
    """Any other program: a bare UDP socket."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    def send(self, data: bytes, port: int) -> None:
        self.socket.sendto(data, ("127.0.0.1", port))

    async def receive(self) -> bytes:
        async with asyncio.timeout(WAIT_S):
            return await asyncio.get_running_loop().sock_recv(self.socket, 65535)

    async def hear(self, schema: str) -> Message:
        while (message := Message.decode(await self.receive())).schema != schema:
            pass
        return message


@pytest.fixture
def peer() -> Iterator[Peer]:
    it = Peer()
    yield it
    it.socket.close()


@pytest.fixture
async def tool() -> AsyncIterator[Callable[..., Awaitable[asyncio.subprocess.Process]]]:
    """Start one of the tools as a program of its own; killed at the end if it still runs."""
    async with AsyncExitStack() as started:

        async def start(name: str, *arguments: str) -> asyncio.subprocess.Process:
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"xpl.tools.{name}", *arguments, stdout=pipe, stderr=pipe
            )

            async def end() -> None:
                if process.returncode is None:
                    process.kill()
                await process.communicate()

            started.push_async_callback(end)
            return process

        yield start
