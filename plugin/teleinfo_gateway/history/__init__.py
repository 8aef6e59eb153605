"""The embedded database: readings, events, energy by period, and the outbox of durable outputs.

``periods``, ``rollup``, ``columns`` and ``sampling`` are pure; the other modules need the extra
``[sql]``.
"""
