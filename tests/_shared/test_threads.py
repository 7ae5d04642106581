"""Work shared out to threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from skmal._shared.threads import N_TASKS, mapped_in_threads


@pytest.mark.parametrize("n", [0, 1, N_TASKS - 1, N_TASKS, 5 * N_TASKS + 3])
def test_results_come_in_order(n):
    with ThreadPoolExecutor(3) as threads:
        found = mapped_in_threads(threads, lambda i: i * i, range(n))
        assert list(found) == [i * i for i in range(n)]


def test_an_error_is_raised():
    with ThreadPoolExecutor(3) as threads, pytest.raises(ZeroDivisionError):
        list(mapped_in_threads(threads, lambda i: 1 / i, [2, 1, 0, 1]))
