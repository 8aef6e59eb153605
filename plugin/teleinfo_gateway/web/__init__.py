"""The HTTP API: status, meters, sensors, start and stop, and a live stream of events.

``server`` and ``records`` work without the extra ``[web]``; the other modules need its packages.
"""
