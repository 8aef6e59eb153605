# ruff: noqa: INP001  # a script, not a package
"""Tell the house that a door has opened: one message, no hub needed."""

from xpl import PORT, Address, Message, MessageType, broadcast


def main(interface: str = "auto", port: int = PORT) -> None:
    """Broadcast one trigger message."""
    message = Message(
        MessageType.TRIG,
        source=Address.parse("acme-door.house"),
        schema="sensor.basic",
        body=[("device", "door"), ("type", "input"), ("current", "high")],
    )
    broadcast(message, interface, port=port)


if __name__ == "__main__":
    main()
