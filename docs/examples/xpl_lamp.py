# ruff: noqa: INP001, T201  # a script that prints
"""A lamp that obeys, can be renamed from outside, and starts a hub if there is none.

Try: xpl-send --target acme-lamp.hall xpl-cmnd lamp.basic command=on
"""

import asyncio
import contextlib

from xpl import (
    PORT,
    Address,
    Configuration,
    HubPortTakenError,
    HubServer,
    Message,
    MessageType,
    XplClient,
)


class Lamp:
    """Says on or off whenever it has been told to."""

    def __init__(self, interface: str, port: int) -> None:
        self.client = XplClient(
            Address.parse("acme-lamp.hall"),
            interface,
            port=port,
            on_message=self.obey,
            configuration=Configuration("hall", configured=True),
            on_configured=lambda settings: print("to be saved:", settings, flush=True),
        )

    def obey(self, message: Message) -> None:
        """Act on a command and report the new state."""
        if message.type is MessageType.CMND and message.schema == "lamp.basic":
            state = message.get("command") or "off"
            report = Message(
                MessageType.TRIG,
                source=self.client.source,
                schema="lamp.basic",
                body=[("current", state)],
            )
            self.client.send(report)


async def main(interface: str = "auto", port: int = PORT) -> None:
    """Be a lamp until cancelled (Ctrl-C)."""
    hub = HubServer(port)
    with contextlib.suppress(HubPortTakenError):  # then somebody else is the hub
        await hub.start()
    lamp = Lamp(interface, port)
    await lamp.client.start()
    try:
        await asyncio.Event().wait()
    finally:
        await lamp.client.stop()
        await hub.stop()


if __name__ == "__main__":
    asyncio.run(main())
