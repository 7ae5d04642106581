"""Progress bars over rows and picks, for those who ask for them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(
    total: int, desc: str | None, verbose: int, unit: str = "row"
) -> Iterator[Callable[[float], object]]:
    """Give a function that moves a bar by so many; without `verbose` there is none."""
    if not verbose:
        yield lambda _: None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=desc, unit=unit, unit_scale=True) as bar:
        yield bar.update
