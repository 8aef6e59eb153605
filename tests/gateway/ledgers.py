"""A target of durable outputs for tests: a file with one line for each row it has confirmed."""

import json
import os
import time


class Ledger:
    """Rows go to a file, unless ``trouble``, called with them, raises.

    Those for which ``wants`` is false are passed over.
    """

    def __init__(self, file, *, in_order=False):
        self.file = file
        self.in_order = in_order
        self.address = str(file)
        self.tried_s = []
        self.closed = 0
        self.trouble = lambda rows: None
        self.wants = lambda row: True

    def send(self, rows):
        self.tried_s.append(time.monotonic())
        rows = [row for row in rows if self.wants(row)]
        if not rows:
            return 0
        self.trouble(rows)
        lines = "".join(json.dumps([row.seq, row.kind, row.adco, row.ts]) + "\n" for row in rows)
        file = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, lines.encode())
        os.close(file)
        return len(rows)

    def close(self):
        self.closed += 1

    def numbers(self):
        """The ``seq`` of every line, in the order of their coming."""
        if not self.file.exists():
            return []
        lines = self.file.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line)[0] for line in lines if line.endswith("\n")]


def raising(error):
    """A trouble that lasts."""

    def trouble(rows):
        raise error

    return trouble
