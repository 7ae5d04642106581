"""Whatever a table holds: it is read exactly, or refused; nothing is merged or lost."""

import csv
import io
import json
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from skmal.datasets import load_texts
from skmal.items._texts import is_blank

BREAKS = "\r\n"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32")
NAMES = ("text", "Text", " TEXT", "text ", "\u00a0texT ")
IDS = ("id", "ID", " Id ")

letters = st.one_of(
    st.sampled_from('ab""",,;\t|\' \u00e9\u2028\u0085\U0001f600'),
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"),
)
lines = st.text(letters, min_size=1, max_size=12).map(
    lambda text: "".join("a" if c in "\r\n\0" else c for c in text)
)
texts = st.one_of(lines, st.text(letters | st.sampled_from(BREAKS), max_size=15))
few = settings(max_examples=80)


def not_blank(text):
    """Say whether a text is one, by the readers' rules."""
    return not is_blank(text) and "\0" not in text


def parsed(content, name, on_error="raise"):
    """Return what is read from such a file, and what was told of it."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder, f"t.{name}")
        file.write_bytes(content)
        return load_texts(file, on_error=on_error)


@st.composite
def tables(draw, values=texts):
    """Draw a table's columns, texts, ids and separator, and what is written."""
    some = draw(st.lists(values.filter(not_blank), min_size=1, max_size=5))
    keys = draw(
        st.lists(
            lines.filter(not_blank),
            min_size=len(some),
            max_size=len(some),
            unique_by=str.strip,
        )
    )
    columns = [(draw(st.sampled_from(NAMES)), some)]
    with_ids = draw(st.booleans())
    if with_ids:
        columns.append((draw(st.sampled_from(IDS)), keys))
    for name in ("note", "number")[: draw(st.integers(0, 2))]:
        columns.append((name, [draw(values) for _ in some]))
    columns = draw(st.permutations(columns))
    separator = draw(st.sampled_from(",;\t|"))
    out = io.StringIO(newline="")
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer = csv.writer(out, delimiter=separator, quoting=quoting)
    writer.writerow([name for name, _ in columns])
    writer.writerows(zip(*(column for _, column in columns), strict=True))
    return columns, some, keys if with_ids else None, separator, out.getvalue()


def agrees(found, some, keys):
    """Say whether these are the texts, under their keys."""
    return list(found.values()) == some and (keys is None or list(found) == keys)


@few
@given(table=tables(), encoding=st.sampled_from(ENCODINGS), tabs=st.booleans())
def test_csv_is_read_exactly_or_refused(table, encoding, tabs):
    _, some, keys, _, content = table
    try:
        found = parsed(content.encode(encoding), "tsv" if tabs else "csv")
    except ValueError as error:
        assert "t.csv" in str(error) or "t.tsv" in str(error)
        return
    assert agrees(found, some, keys)


@few
@given(table=tables(lines), encoding=st.sampled_from(ENCODINGS))
def test_csv_without_line_breaks_is_never_refused(table, encoding):
    columns, some, keys, separator, content = table
    assume(len(columns) > 1 or separator == ",")  # else it cannot be told
    odd = [v for _, c in columns for v in c if v[:1].isspace() and v[0] != " "]
    assume(not any(value.lstrip()[:1] == '"' for value in odd))
    found = parsed(content.encode(encoding), "csv")
    assert agrees(found, some, keys)


def rows_of(content, separator):
    """Return the rows of a CSV file, letter by letter, or None where it is none."""
    rows, row, field, state = [], [], "", "start"
    for c in content:
        if state == "quoted":
            state, field = ("quote", field) if c == '"' else (state, field + c)
        elif state == "quote" and c == '"':
            state, field = "quoted", field + c
        elif c in (separator, "\n"):
            row, field, state = [*row, field], "", "start"
            if c == "\n":
                rows, row = ([*rows, row] if row != [""] else rows), []
        elif state == "quote":
            return None
        elif state == "start" and c == '"':
            state = "quoted"
        else:
            state, field = "plain", field + c
    if state == "quoted":
        return None
    last = [*row, field]
    return rows if last == [""] else [*rows, last]


@st.composite
def corrupted(draw):
    """Draw a table of a row a line, broken below its header, in one of some ways."""
    columns, *_, separator, content = draw(tables(lines))
    head, body = content.replace("\r\n", "\n").rstrip("\n").split("\n", 1)
    at = draw(st.integers(0, len(body) - 1))
    how = draw(st.sampled_from(["quote", "two quotes", "separator", "cut"]))
    if how == "cut":
        end = body.find("\n", at) % (len(body) + 1)
        body = body[:at] + body[end:]
    else:
        body = body[:at] + (separator if how == "separator" else '"') + body[at:]
    if how == "two quotes":
        at = draw(st.integers(0, len(body)))
        body = body[:at] + '"' + body[at:]
    return columns, separator, f"{head}\n{body}"


@settings(max_examples=250)
@given(table=corrupted())
@example(table=([("text", ["0", "0"])], ",", '"text"\n"0""\n""0"'))
def test_broken_csv_is_refused_or_read_as_it_stands(table):
    columns, separator, content = table
    places = {name.strip().lower(): i for i, (name, _) in enumerate(columns)}
    n_lines = sum(bool(line) for line in content.split("\n")) - 1
    try:
        found = parsed(content.encode(), "csv")
    except ValueError as error:
        assert "line " in str(error) or "no texts" in str(error)
    else:
        rows = rows_of(content, "," if len(columns) == 1 else separator)[1:]
        assert all(len(row) == len(columns) for row in rows)
        assert list(found.values()) == [row[places["text"]] for row in rows]
        if "id" in places and any(row[places["id"]].strip() for row in rows):
            assert list(found) == [row[places["id"]] for row in rows]
        # No row is within another, but where two quotes have made of rows in quotes
        # what a text with a line break is written like.
        n_within = sum(value.count("\n") for row in rows for value in row)
        assert len(found) + n_within == n_lines
        assert n_within == 0 or content[0] == '"'
    # What is left out is counted: each line is a text, or is told.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "t.csv")
        file.write_bytes(content.encode())
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                found = load_texts(file, on_error="skip")
            except ValueError:
                return
        n_told = str(told[0].message).split("t.csv: ")[1] if told else "0;"
        n_within = sum(value.count("\n") for value in (*found, *found.values()))
        assert len(found) + n_within + int(n_told.split(";")[0]) == n_lines


@few
@given(
    some=st.lists(texts.filter(not_blank), min_size=1, max_size=5),
    ids=st.sampled_from(["none", "numbers", "strings"]),
    name=st.sampled_from(NAMES),
    form=st.sampled_from(["json", "jsonl", "ndjson", "parquet", "strings"]),
    encoding=st.sampled_from(ENCODINGS),
    ascii_only=st.booleans(),
)
def test_other_tables_are_read_exactly(some, ids, name, form, encoding, ascii_only):
    rows = [{name: text} for text in some]
    keys = None
    if ids != "none" and form != "strings":
        keys = [f"k{i}" if ids == "strings" else str(i) for i in range(len(some))]
        for i, row in enumerate(rows):
            row["Id"] = keys[i] if ids == "strings" else i
    if form == "parquet":
        pa = pytest.importorskip("pyarrow")
        out = pa.BufferOutputStream()
        pytest.importorskip("pyarrow.parquet").write_table(
            pa.Table.from_pylist(rows), out
        )
        assert agrees(parsed(out.getvalue().to_pybytes(), form), some, keys)
        return
    if form == "strings":
        rows, form = some, "json"
    written = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
    content = f"[{','.join(written)}]" if form == "json" else "\n".join(written)
    assert agrees(parsed(content.encode(encoding), form), some, keys)


@few
@given(
    some=st.lists(texts.filter(not_blank), min_size=1, max_size=5),
    at=st.integers(0, 10_000),
    letter=st.sampled_from('"{}[],:\\\n') | letters,
)
def test_broken_jsonl_is_refused_or_read_as_it_stands(some, at, letter):
    lines = [json.dumps({"text": text, "id": i}) for i, text in enumerate(some)]
    content = "\n".join(lines)
    at %= len(content) + 1
    content = content[:at] + letter + content[at:]
    try:
        found = parsed(content.encode(), "jsonl")
    except ValueError as error:
        assert "line " in str(error)
        return
    rows = [json.loads(line) for line in content.split("\n") if line.strip()]
    rows = [{name.strip().lower(): v for name, v in row.items()} for row in rows]
    assert list(found.values()) == [row["text"] for row in rows]
    assert len(found) == len(some)


@few
@given(
    some=st.lists(texts, min_size=1, max_size=6),
    encoding=st.sampled_from(ENCODINGS),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_lines_are_read_exactly(some, encoding, end):
    rows = [text.replace("\r", " ").replace("\n", " ").strip() for text in some]
    rows = [row for row in rows if not is_blank(row)]
    assume(rows)
    assume(not any("\0" in row or row.startswith("\ufeff") for row in rows))
    found = parsed(end.join(rows).encode(encoding), "txt")
    assert list(found.values()) == rows


def test_a_million_quotes_cost_no_more_than_their_lines():
    content = "id,text\n" + '1,"a\n' * 20_000 + "2,b\n"
    assert parsed(content.encode(), "csv", on_error="skip") == {"2": "b"}


def test_broken_arrow_files_end_no_process(tmp_path):
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"id": [1, 2], "text": ["a fox", "a hen"]})
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    content = out.getvalue().to_pybytes()
    for at in range(0, len(content), 3):
        file = tmp_path / f"{at}.arrow"
        file.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
        try:
            found = load_texts(file)
        except ValueError as error:
            assert str(file) in str(error)
        else:
            assert len(found) == 2
