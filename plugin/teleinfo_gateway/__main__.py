"""``python -m teleinfo_gateway`` is the command ``teleinfo``."""

from teleinfo_gateway.cli import main

main()
