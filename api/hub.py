"""How do streams learn that there is something new? One thread of the process hears the bell and wakes them.

A ring says no more than "look again": what is new is read from the record. Without Redis everybody looks each second.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from anyio import CapacityLimiter
from starlette.requests import Request

from api.boardtail import Tails
from api.streamkeys import Watch
from dispatch.bell import Bell

#: Seconds between two looks without Redis, and that the thread may take to notice its end.
TICK_S = 1.0
#: Streams that read at once: the rest of the connections is for requests.
NUM_READERS = 6


class Ear:
    """One stream's ear on one channel. A ring between two waits is not lost: the next wait ends at once."""

    def __init__(self, hub: "Hub", channel: str) -> None:
        self.channel = channel
        self._hub = hub
        self._event = asyncio.Event()

    @property
    def is_closed(self) -> bool:
        """The process is about to end: so should the stream."""
        return self._hub.is_closed

    async def wait(self, timeout_s: float) -> bool:
        """Wait for a ring, `timeout_s` at most: whether there was one."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), timeout_s)
        rang = self._event.is_set()
        self._event.clear()
        return rang

    def ring(self) -> None:
        """Wake whoever waits; in the event loop's own thread."""
        self._event.set()


class Hub:
    """The ears of one process, made in its event loop. `bell` is used by its thread alone."""

    def __init__(self, bell: Bell, watch: Watch) -> None:
        self.readers = CapacityLimiter(NUM_READERS)
        self.is_closed = False
        self.tails = Tails()
        self.watch = watch
        self._bell = bell
        self._ears: dict[str, set[Ear]] = {}

    def start(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        """Hear the bell in a thread of its own, and wake ears in `loop`; returns what ends it, and every wait."""
        stop = threading.Event()
        thread = threading.Thread(target=self._hear_until, args=(stop, loop), name="hub", daemon=True)
        thread.start()
        watching = loop.create_task(self.watch.keep())

        def end() -> None:
            self.is_closed = True
            stop.set()
            watching.cancel()
            self._ring_all()
            thread.join(timeout=2 * TICK_S)
            self._bell.close()

        return end

    @contextmanager
    def ear(self, channel: str) -> Iterator[Ear]:
        """Listen to a channel (`fleet`, `board:ID`, `told:ID`), from now until the block ends."""
        own = Ear(self, channel)
        self._ears.setdefault(channel, set()).add(own)
        try:
            yield own
        finally:
            others = self._ears[channel]
            others.discard(own)
            if not others:
                del self._ears[channel]

    async def wait(self, channel: str, timeout_s: float) -> bool:
        """Wait for the next ring on a channel, `timeout_s` at most: whether there was one."""
        with self.ear(channel) as own:
            return await own.wait(timeout_s)

    def _hear_until(self, stop: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
        was_up = False
        while not stop.is_set():
            channel = self._bell.wait_any(TICK_S)
            with contextlib.suppress(RuntimeError):  # the loop is closed: so is every ear
                if channel is not None:
                    loop.call_soon_threadsafe(self.ring, channel)
                elif not (was_up and self._bell.is_up):
                    # Rings may have been missed: everybody looks, once more when Redis is back.
                    loop.call_soon_threadsafe(self._ring_all)
            was_up = self._bell.is_up

    def ring(self, channel: str) -> None:
        """Wake all who listen to a channel; in the event loop's own thread."""
        for ear in self._ears.get(channel, ()):
            ear.ring()

    def _ring_all(self) -> None:
        for channel in self._ears:
            self.ring(channel)


def hub_of(request: Request) -> Hub:
    """The hub of the application that answers this request."""
    hub: Hub = request.app.state.hub
    return hub
