# ruff: noqa: INP001, T201  # a script that prints
"""Print what the house says, through the hub of this machine (start one with xpl-hub)."""

import asyncio

from xpl import PORT, Address, Message, XplClient


def show(message: Message) -> None:
    """Print who said what."""
    print(message.source, message.schema, dict(message.body), flush=True)


async def main(interface: str = "auto", port: int = PORT) -> None:
    """Listen until cancelled (Ctrl-C), then say goodbye."""
    source = Address.parse("acme-watch.house")
    client = XplClient(source, interface, port=port, on_message=show)
    await client.start()
    try:
        await asyncio.Event().wait()
    finally:
        await client.stop()


if __name__ == "__main__":
    asyncio.run(main())
