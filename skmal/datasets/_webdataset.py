"""Shards of images and texts, as img2dataset writes them, opened without unpacking."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, overload

from sklearn.utils import Bunch

from ._reading import OnError, Problems, XAndY, as_objects
from ._shards import check_text, find_shards, read_samples


@overload
def load_webdataset(
    path: str | Path | Sequence[str | Path],
    *,
    text: str = "txt",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[False] = False,
    verbose: int = 0,
) -> Bunch: ...
@overload
def load_webdataset(
    path: str | Path | Sequence[str | Path],
    *,
    text: str = "txt",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[True],
    verbose: int = 0,
) -> XAndY: ...
def load_webdataset(
    path: str | Path | Sequence[str | Path],
    *,
    text: str = "txt",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: bool = False,
    verbose: int = 0,
) -> Bunch | XAndY:
    """Read pairs out of tar files, as img2dataset and DataComp have them.

    Each sample is an image, ``KEY.jpg`` (or .png, .webp and so on), its text,
    ``KEY.txt``, and perhaps ``KEY.json`` with more about it [1]_. Nothing is unpacked:
    an image is opened in its archive when it is due, by `CLIPEncoder` for instance.

    Parameters
    ----------
    path : str, path or sequence of them
        A .tar file, several, or a folder of them, itself or in ``shards``. Archives
        that are compressed as a whole are refused.
    text : str, default="txt"
        The ending of the texts' members; or "json.FIELD", a field of the JSON.
    cache : str or path, default=None
        Where the index of each archive is written: what it holds, where, and what of it
        is broken. None: ``skmal-cache`` beside the archive.
    on_error : {"raise", "skip"}, default="raise"
        What to do about an archive or a sample that cannot be read: raise an error that
        names it, or leave it out, warn, and list it in `skipped`.
    return_X_y : bool, default=False
        Whether `(X, y)` is returned in place of the Bunch.
    verbose : int, default=0
        1 shows a progress bar while images are looked at.

    Returns
    -------
    Bunch, or tuple of two ndarrays
        With the attributes

        X : ndarray of shape (n,), object
            The images, as `PackedImage`, in the order of the archives.
        y : ndarray of shape (n,), object
            The texts, as str, without line ends at their end; row i belongs to row i of
            X.
        ids : ndarray of shape (n,), object
            What the members are called, without their endings; all different.
        uids : ndarray of shape (n,), object
            The field "uid" of the JSON, as DataComp has it; "" where there is none.
        skipped : list of str
            What was left out, and why.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no .tar file in the folder.
    ValueError
        If an archive or a sample cannot be read, or a key stands there twice (with
        ``on_error="raise"``), or if none can.

    Notes
    -----
    An archive is read once: its headers, its texts, and each image as `load_pairs`
    looks at them. What was found is kept in `cache`, until the archive changes in size
    or time. Then images are read by their places, in any order and by any process; an
    archive that changes while its images are in use is told, not misread.

    Archives come from elsewhere, so that nothing in them is trusted. Nothing is written
    but the index. Members with absolute names or ``..`` in them, links, devices and
    sparse files are faults, as are images of more than 256 MB, texts and JSON of more
    than 1 MB, headers of more than 1 MB, and what stands there twice. An archive that
    is cut, between members too, or that goes on behind its end is a fault as a whole;
    with ``on_error="skip"`` what stands before that is read. Members of other endings
    are left alone.

    References
    ----------
    .. [1] Beaumont, R. (2021). img2dataset. https://github.com/rom1504/img2dataset

    Examples
    --------
    An archive of the same layout, with one sample:

    >>> import io, tarfile
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skmal.datasets import load_webdataset
    >>> image = io.BytesIO()
    >>> Image.new("RGB", (8, 8), "red").save(image, "PNG")
    >>> members = {"000000.png": image.getvalue(), "000000.txt": b"a red wall"}
    >>> with TemporaryDirectory() as folder:
    ...     with tarfile.open(Path(folder, "00000.tar"), "w") as archive:
    ...         for name, content in members.items():
    ...             member = tarfile.TarInfo(name)
    ...             member.size = len(content)
    ...             archive.addfile(member, io.BytesIO(content))
    ...     pairs = load_webdataset(folder)
    >>> pairs.X[0].name, pairs.y[0]
    ('000000.png', 'a red wall')
    """
    problems = Problems(on_error)
    shards = find_shards(path)
    samples = read_samples(shards, check_text(text), cache, problems, verbose)
    where = shards[0] if len(shards) == 1 else shards[0].parent
    problems.report(len(samples), "pairs", where)
    images = as_objects([sample.image for sample in samples])
    texts = as_objects([sample.text for sample in samples])
    if return_X_y:
        return images, texts
    return Bunch(
        X=images,
        y=texts,
        ids=as_objects([sample.key for sample in samples]),
        uids=as_objects([sample.uid for sample in samples]),
        skipped=problems.messages,
    )
