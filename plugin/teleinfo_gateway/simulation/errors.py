"""What cannot be simulated."""

from teleinfo_gateway.errors import GatewayError

__all__ = ["SimulationError"]


class SimulationError(GatewayError):
    """No meter can be as asked, or the machine refuses its part; the text says what to do."""
