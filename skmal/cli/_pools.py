"""The options that name images and texts."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets import load_images, load_texts


def add_pool_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add the options to a parser.

    Parameters
    ----------
    parser : ArgumentParser
        That of a command.
    required : bool
        Whether the command needs both pools.
    """
    parser.add_argument(
        "--images",
        type=Path,
        required=required,
        metavar="DIR",
        help="a folder of images; a table of image files; or a .tar file of images, as "
        "img2dataset writes them, or a folder of these",
    )
    parser.add_argument(
        "--texts",
        type=Path,
        required=required,
        metavar="FILE",
        help="a text a line (.txt); a table with a column of texts and perhaps of ids "
        "(.csv, .tsv, .json, .jsonl, .parquet); a folder with a .txt file for each; or "
        "a .tar file of images and texts, or a folder of these",
    )
    parser.add_argument(
        "--text-column", default="text", metavar="NAME", help="default: text"
    )
    parser.add_argument(
        "--image-column", default="image", metavar="NAME", help="default: image"
    )
    parser.add_argument(
        "--id-column",
        default="id",
        metavar="NAME",
        help="what items are known by in tables (default: id, where there is one)",
    )


def array_of(path: str, option: str) -> Any:
    """Return the array of a .npy file, mapped into memory.

    Parameters
    ----------
    path : str
        The file.
    option : str
        Which named it.

    Returns
    -------
    ndarray
        Rows of it are read when they are used.

    Raises
    ------
    ValueError
        If it is no such file.
    """
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{option} {path} is no .npy file ({error})") from error


def images_of(arguments: argparse.Namespace) -> Path | Mapping[str, Any]:
    """Return the images that were named: a folder, or files by their keys.

    Parameters
    ----------
    arguments : argparse.Namespace
        The options of the command.

    Returns
    -------
    path or mapping
        As `skmal.AnnotationSession` takes them.
    """
    images: Path = arguments.images
    if images.is_dir() and not any(images.glob("*.tar")):
        return images
    return load_images(images, image=arguments.image_column, id=arguments.id_column)


def texts_of(arguments: argparse.Namespace) -> Mapping[str, str]:
    """Return the texts that were named.

    Parameters
    ----------
    arguments : argparse.Namespace
        The options of the command.

    Returns
    -------
    mapping
        Texts by their keys.
    """
    return load_texts(
        arguments.texts, text=arguments.text_column, id=arguments.id_column
    )
