"""The topics of TeleInfod: one for each label, below ``values``. Pure.

``TOPIC/values/LABEL`` is the value as sent, ``TOPIC/values/LABEL/h`` its horodate, if it has one;
DATE, which is nothing but a horodate, is told as a value. Nothing is retained.

For programs that know the old labels only, TeleInfod publishes a standard frame a second time under
these, below another topic (``ConvCons``). What they hold here is what the meter itself would send
in historique mode; of a meter in that mode, they are told as sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from teleinfo_gateway.outputs.mqtt.message import Message, plain_name
from teleinfo_gateway.outputs.mqtt.texts import Telemetry, whole
from teleinfo_gateway.outputs.mqtt.view import View

__all__ = ["TeleInfod", "TeleInfodHistorique"]


class TeleInfod(Telemetry):
    """A message for each label and for each horodate."""

    def state(self, view: View, topic: str) -> Iterator[Message]:
        """See :class:`~teleinfo_gateway.outputs.mqtt.texts.Telemetry`."""
        for label, text in whole(view).items():
            # Its own names but where MQTT forbids them: no broker takes a topic with a plus.
            name = plain_name(label) if "+" in label else label
            yield Message(f"{topic}/values/{name}", text)
            horodate = view.horodates.get(label, text)
            if horodate != text:  # that of DATE is its text
                yield Message(f"{topic}/values/{name}/h", horodate)


class TeleInfodHistorique(Telemetry):
    """A message for each historique label, whatever the mode."""

    def state(self, view: View, topic: str) -> Iterator[Message]:
        """See :class:`~teleinfo_gateway.outputs.mqtt.texts.Telemetry`."""
        for label, text in ({"ADCO": view.key} | dict(view.historique)).items():
            yield Message(f"{topic}/values/{label}", text)
