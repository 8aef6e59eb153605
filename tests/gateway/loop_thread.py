"""A gateway beside the test: what runs in a thread and an event loop of its own."""

import asyncio
import threading

TIMEOUT_S = 10


class LoopThread:
    """Runs ``_start`` and, at :meth:`close`, ``_stop`` in its own loop; the test is a plain client.

    ``_stop`` is called too when ``_start`` failed. The thread holds up no end of the program.
    """

    def begin(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self.run(self._start())
        except BaseException:
            self.close()
            raise

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(TIMEOUT_S)

    def call(self, function, *arguments):
        async def called():
            return function(*arguments)

        return self.run(called())

    def close(self):
        try:
            self.run(self._stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(TIMEOUT_S)
            self._loop.close()
