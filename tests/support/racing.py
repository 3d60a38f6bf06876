"""How do tests race with real commits? Threads that start at one barrier, each with a transaction of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy.exc import OperationalError

from dispatch.errors import TruckrollError


def race(calls: Sequence[Callable[[], Any]], num_threads: int | None = None) -> list[Any]:
    """Run all calls at once: what each answered, or the expected error that it raised, in their order.

    A deadlock or a lock timeout is not expected: it is raised here.
    """
    num = num_threads or len(calls)
    gate = threading.Barrier(num)

    def run(at: int) -> Any:
        if at < num:
            gate.wait(10)
        try:
            return calls[at]()
        except TruckrollError as error:
            return error
        except OperationalError as error:
            raise AssertionError(f"a race must not end in {error.orig}") from error

    with ThreadPoolExecutor(num) as pool:
        return list(pool.map(run, range(len(calls))))
