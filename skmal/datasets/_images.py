"""Images as people have them, by key: folders, tables that name them, archives."""

import os
from pathlib import Path

from ..items._folders import list_images
from ..items._stored import PackedImage
from ._columns import image_column, url_fault, value_fault
from ._ids import by_id, has_ids, id_column
from ._reading import OnError, Problems
from ._shards import TAR, are_shards, find_shards, read_samples
from ._tables import check_suffix, read_rows


def load_images(
    path: str | Path,
    *,
    image: str = "image",
    id: str | None = "id",  # noqa: A002 - what its column is called
    on_error: OnError = "raise",
) -> dict[str, Path] | dict[str, PackedImage]:
    """Read images by key, for a pool: a folder, a table that names them, tar files.

    What it returns can be passed to `skmal.AnnotationSession` as it is. No image is
    opened or looked for: the session does that.

    Parameters
    ----------
    path : str or path
        A folder, whose images in it and below it are taken, without hidden ones; or a
        table as `load_texts` reads them, with a column of image files. Their paths are
        relative to the folder of the table, or absolute. Or a .tar file, or a folder of
        them without other images: as `load_webdataset` reads them, with or without
        texts; the index is kept in ``skmal-cache`` beside them.
    image : str, default="image"
        The column of the image files; "image" may also be called "file_name" or
        "image_file_name". Names of columns are found whatever their case and the blanks
        around them.
    id : str, default="id"
        The column of the keys, strings or integers. "id" is used where it is there,
        any other must be. None: keys are the paths.
    on_error : {"raise", "skip"}, default="raise"
        What to do about a row of the table that cannot be read: raise an error that
        names its line, or leave it out and warn.

    Returns
    -------
    dict
        Paths by key, in the order of the table, or sorted by their paths in the folder;
        a `PackedImage` for one in a tar file, by the name of its sample. The key is the
        id, else the path as it stands in the table, or that below the folder, with
        slashes.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If the folder has no images, or the file another ending or no such column; with
        ``on_error="raise"``, if a row cannot be read, names no file or an address in
        the web, or has the key of another; in any case, if no image is left.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skmal.datasets import load_images
    >>> with TemporaryDirectory() as folder:
    ...     table = Path(folder, "images.csv")
    ...     _ = table.write_text("image\\nred.png\\nmore/blue.png\\n")
    ...     images = load_images(table)
    >>> list(images), images["more/blue.png"].name
    (['red.png', 'more/blue.png'], 'blue.png')
    """
    problems = Problems(on_error, 'load_images(..., on_error="skip")')
    path = Path(path)
    images: dict[str, Path] | dict[str, PackedImage]
    if path.is_dir():
        images = _read_folder(path, problems)
    elif path.is_file() and are_shards(path):
        images = _read_shards(path, problems)
    elif path.is_file():
        check_suffix(path, [TAR])
        images = _read_table(path, image, id, problems)
    else:
        raise FileNotFoundError(
            f"there is no file or folder {path}; pass a folder of images, or a table"
        )
    problems.report(len(images), "images", path, listed=False)
    return images


def _read_folder(
    folder: Path, problems: Problems
) -> dict[str, Path] | dict[str, PackedImage]:
    try:
        found = list_images(folder)
    except ValueError:  # it holds no images
        if not are_shards(folder):
            raise
        return _read_shards(folder, problems)
    return dict(zip(found.keys, found.paths, strict=True))


def _read_shards(path: Path, problems: Problems) -> dict[str, PackedImage]:
    samples = read_samples(find_shards(path), None, None, problems)
    return {sample.key: sample.image for sample in samples}


def _read_table(
    file: Path, image: str, id_name: str | None, problems: Problems
) -> dict[str, Path]:
    columns = [image_column(image), *id_column(id_name)]
    rows = []
    for place, row in read_rows(file, columns, problems):
        name = row["image"]
        if fault := value_fault(name, image) or url_fault(name):
            problems.add(f"{file}, {place}: {fault}")
        else:
            rows.append((place, row.get("id"), name))
    if has_ids(rows):
        named = by_id(rows, file, problems)
    else:
        rows = [(place, name, name) for place, _, name in rows]
        named = by_id(rows, file, problems, what="image")
    return {key: Path(os.path.join(file.parent, name)) for key, name in named.items()}
