"""Texts as people have them, by key: lines, tables, folders."""

from pathlib import Path

from ..items._folders import list_files
from ..items._keys import content_keys
from ..items._texts import is_blank
from ._columns import Column, UnreadableTable, character_fault, value_fault
from ._delimited import MARKED, is_header
from ._encodings import MARK, lines_of, read_text
from ._ids import by_id, has_ids, id_column
from ._reading import OnError, Problems
from ._shards import TAR, are_shards, find_shards, read_samples
from ._tables import check_suffix, read_rows

LINES = ".txt"


class KeyedTexts(dict[str, str]):
    """Texts by key: texts, though they may read like names of files."""


def load_texts(
    path: str | Path,
    *,
    text: str = "text",
    id: str | None = "id",  # noqa: A002 - what its column is called
    on_error: OnError = "raise",
) -> dict[str, str]:
    """Read texts by key, for a pool: a text a line, a table, a folder, tar files.

    What it returns can be passed to `skmal.AnnotationSession` as it is.

    Parameters
    ----------
    path : str or path
        One of

        - a file that ends in .txt: one text a line, without the blanks around it;
          empty lines are dropped;
        - a table: .csv or .tsv (separated by commas, semicolons, tabs or bars; the
          names of the columns in the first line), .json (a list of objects or of
          strings), .jsonl or .ndjson (an object or a string a line), .parquet or
          .arrow;
        - a folder with one .txt file per text, in it or below it;
        - a .tar file, or a folder of them without .txt files: the texts of the pairs
          that `load_webdataset` reads.

        Files are in UTF-8, or in UTF-16 or UTF-32 with a byte order mark.
    text : str, default="text"
        The column of the texts. Names of columns are found whatever their case and the
        blanks around them. Texts in columns stay as they are.
    id : str, default="id"
        The column of the keys, strings or integers. "id" is used where it is there,
        any other must be. None: keys are made of the texts.
    on_error : {"raise", "skip"}, default="raise"
        What to do about a text that cannot be read: raise an error that names its
        line, or leave it out and warn.

    Returns
    -------
    dict
        Texts by key, in the order of the file. The key is the id; in a folder it is the
        path below it, with slashes, in a tar file the name of the sample. Texts without
        any are known by their content, equal ones told apart by a number.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If the file has another ending, or the table no such column; with
        ``on_error="raise"``, if a row has fields too many or too few, quotes that do
        not match, an empty text, an id that another has as well, none while others have
        one, or characters that are none; in any case, if no text is left.

    Notes
    -----
    What could be meant in two ways is refused. So a text with line breaks is read from
    .csv only where none of its lines could be a row of its own: otherwise a stray quote
    would take in the rows below it. With ``on_error="skip"`` reading goes on in the
    next line, and a stray quote costs one text. The file is read as a whole.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skmal.datasets import load_texts
    >>> with TemporaryDirectory() as folder:
    ...     table = Path(folder, "texts.csv")
    ...     _ = table.write_text("ID;Text\\n1;a red cup, on a table\\n2;a fox\\n")
    ...     load_texts(table)
    {'1': 'a red cup, on a table', '2': 'a fox'}
    """
    problems = Problems(on_error, 'load_texts(..., on_error="skip")')
    path = Path(path)
    has_columns = not path.is_dir() and path.suffix.lower() not in (LINES, TAR)
    for column, name, default in (("text", text, "text"), ("id", id, "id")):
        if name not in (default, None) and path.exists() and not has_columns:
            what = "a folder" if path.is_dir() else f"a {path.suffix.lower()} file"
            raise ValueError(
                f"{path} is {what} and has no columns, but {column}={name!r} was "
                "passed; leave that out, or name a table"
            )
    if path.is_dir():
        texts = _read_folder(path, problems)
    elif path.is_file() and are_shards(path):
        texts = _read_shards(path, problems)
    elif not path.is_file():
        raise FileNotFoundError(
            f"there is no file or folder {path}; pass a file of texts"
        )
    elif path.suffix.lower() == LINES:
        texts = _read_lines(path, text, problems)
    else:
        check_suffix(path, [LINES, TAR])
        texts = _read_table(path, text, id, problems)
    problems.report(len(texts), "texts", path, listed=False)
    return KeyedTexts(texts)


def _read_folder(folder: Path, problems: Problems) -> dict[str, str]:
    try:
        found = list_files(folder, (LINES,))
    except ValueError:  # it holds no texts
        if not are_shards(folder):
            raise
        return _read_shards(folder, problems)
    texts = {}
    for key, file in zip(found.keys, found.paths, strict=True):
        content = ""
        try:
            content = read_text(file)
            fault = value_fault(content, "text")
        except (UnreadableTable, OSError) as error:
            fault = str(error)
        if fault is None:
            fault = character_fault(key, "name")
        if fault is None:
            texts[key] = content.rstrip("\r\n")
        else:
            problems.add(f"{file}: {fault}")
    return texts


def _read_shards(path: Path, problems: Problems) -> dict[str, str]:
    samples = read_samples(find_shards(path), "txt", None, problems)
    return {sample.key: sample.text for sample in samples}


def _read_lines(file: Path, name: str, problems: Problems) -> dict[str, str]:
    try:
        lines = [line.strip() for line in lines_of(read_text(file))]
    except UnreadableTable as error:
        raise UnreadableTable(f"{file}: {error}") from None
    if is_header(next(filter(None, lines), ""), [Column("text", (name,))]):
        raise UnreadableTable(
            f"{file} begins with the names of columns, as tables do, but .txt has a "
            "text a line; call it .csv or .tsv, or put the texts into .jsonl"
        )
    texts = []
    for number, line in enumerate(lines, start=1):
        fault = MARKED if line.startswith(MARK) else character_fault(line, "text")
        if fault:
            problems.add(f"{file}, line {number}: {fault}")
        elif not is_blank(line):
            texts.append(line)
    return dict(zip(content_keys(texts, "texts"), texts, strict=True))


def _read_table(
    file: Path, text: str, id_name: str | None, problems: Problems
) -> dict[str, str]:
    columns = [Column("text", (text,), option=True), *id_column(id_name)]
    rows = []
    for place, row in read_rows(file, columns, problems):
        if fault := value_fault(row["text"], text):
            problems.add(f"{file}, {place}: {fault}")
        else:
            rows.append((place, row.get("id"), row["text"]))
    if has_ids(rows):
        return by_id(rows, file, problems)
    texts = [value for _, _, value in rows]
    return dict(zip(content_keys(texts, "texts"), texts, strict=True))
