"""Work shared out to threads, several items at a time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

N_TASKS = 200  # that a sequence is cut into; handing one out costs as much as a stat

Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped_in_threads(
    threads: ThreadPoolExecutor, work: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[Result]:
    """Yield what the work returns for each item, in their order."""
    n = 1 + len(items) // N_TASKS

    def work_on(start: int) -> list[Result]:
        return [work(item) for item in items[start : start + n]]

    for part in threads.map(work_on, range(0, len(items), n)):
        yield from part
