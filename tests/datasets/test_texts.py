"""Texts by key: lines, tables, folders; the table of faults that were once silent."""

import csv
import json

import pytest
from sets import write, write_parquet

from skmal.datasets import load_texts

CUP = "a red cup, on a blue table"


def keyed(*texts):
    """Return texts by the ids 1, 2, ..."""
    return {str(i): text for i, text in enumerate(texts, start=1)}


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("csv", f'id,text\n1,"{CUP}"\n', [CUP]),
        ("csv", f'text,id\n"{CUP}",1\n', [CUP]),
        ("csv", "id;text\n1;ein Fuchs\n", ["ein Fuchs"]),
        ("csv", f"id;text\n1;{CUP}\n", [CUP]),
        ("csv", f"id\ttext\n1\t{CUP}\n", [CUP]),
        ("csv", f"id|text\n1|{CUP}\n", [CUP]),
        ("csv", "Text,ID\na fox,1\n", ["a fox"]),
        ("csv", " text , id \na fox,1\n", ["a fox"]),
        ("csv", '"id","TEXT"\r\n"1","a ""red"" fox"\r\n', ['a "red" fox']),
        ("csv", "id,text\r1,a fox\r2,a hen\r", ["a fox", "a hen"]),
        ("csv", "\n\nid,text\n1,a fox\n\n2,a hen\n\n", ["a fox", "a hen"]),
        ("csv", "id,text\n1, a fox \n", [" a fox "]),
        ("csv", 'id,text\n1,a 5" screen\n', ['a 5" screen']),
        ("csv", 'id,text\n1," ""a"", she said"\n', [' "a", she said']),
        ("csv", 'id,text\n1,"a fox\nand, a hen"\n', None),
        ("csv", 'id,text\n1,"a fox\n and a hen"\n', ["a fox\n and a hen"]),
        ("csv", 'text,id\n"a fox\n and a hen",1\n', ["a fox\n and a hen"]),
        ("csv", "id,text,n\n1,a fox\u2028\x85or two,3\n", ["a fox\u2028\x85or two"]),
        ("tsv", f"id\ttext\n1\t{CUP}\n", [CUP]),
        ("tsv", f"id,text\n1,{CUP.replace(',', '')}\n", [CUP.replace(",", "")]),
        ("TSV", f"id\ttext\n1\t{CUP}\n", [CUP]),
        ("json", json.dumps([{"ID": 1, "text": CUP}, {"text": "b", "ID": "2"}]), 2),
        ("jsonl", f'{{"id": 1, "Text": "{CUP}"}}\n\n{{"text": "b", "id": "2"}}', 2),
        ("ndjson", f'{{"id": 1, "text": "{CUP}"}}\n{{"text": "b", "id": 2}}', 2),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_tables_are_read(tmp_path, name, content, texts, encoding):
    file = write(tmp_path / f"t.{name}", content.encode(encoding))
    if texts is None:
        with pytest.raises(ValueError, match="line 2: a field that begins here"):
            load_texts(file)
        return
    texts = [CUP, "b"] if texts == 2 else texts
    found = load_texts(file)
    assert found == keyed(*texts)
    assert list(found) == [str(i + 1) for i in range(len(texts))]


def test_parquet_and_arrow(tmp_path):
    pa = pytest.importorskip("pyarrow")
    rows = [{"Id": i, "text ": f" {CUP} {i}"} for i in range(5000)]
    file = write_parquet(tmp_path / "t.parquet", rows, row_group_size=999)
    expected = {str(i): f" {CUP} {i}" for i in range(5000)}
    assert load_texts(file) == expected
    table = pa.Table.from_pylist(rows)
    for writer in (pa.ipc.new_stream, pa.ipc.new_file):
        with writer(str(tmp_path / "t.arrow"), table.schema) as to:
            to.write_table(table)
        assert load_texts(tmp_path / "t.arrow") == expected
    write_parquet(file, [{"id": 1, "text": None}])
    with pytest.raises(ValueError, match="row 0: it has no 'text'"):
        load_texts(file)


def test_without_ids_texts_are_known_by_their_content(tmp_path):
    keys = [
        "5ebbe2a2650a5e157c4f",
        "d9d91d5a3ba4a9cb4ed2",
        "5ebbe2a2650a5e157c4f-2",
    ]
    texts = ["a fox", "a hen", "a fox"]
    for name, content in {
        "t.txt": "\ufeffa fox\n\n a hen \r\na fox",
        "t.csv": "text\na fox\na hen\na fox",
        "e.csv": "text,id\na fox,\na hen,\na fox, ",
        "t.jsonl": '"a fox"\n{"text": "a hen"}\n{"text": "a fox", "id": null}',
        "t.json": '["a fox", "a hen", {"text": "a fox"}]',
    }.items():
        found = load_texts(write(tmp_path / name, content))
        assert list(found.values()) == texts
        assert list(found)[::2] == keys[::2]
    named = write(tmp_path / "i.csv", "id,text\n1,a fox\n1,a hen\n")
    assert list(load_texts(named, id=None).values()) == ["a fox", "a hen"]


def test_columns_are_named(tmp_path):
    file = write(tmp_path / "t.csv", "ID,Caption,photographer\n7,a fox,ada\n")
    with pytest.raises(ValueError, match="no column 'text' among") as error:
        load_texts(file)
    for part in (str(file), "'Caption', 'photographer'", "--text-column", "text=NAME"):
        assert part in str(error.value)
    assert load_texts(file, text="caption") == {"7": "a fox"}
    assert load_texts(file, text="caption", id="Photographer") == {"ada": "a fox"}
    with pytest.raises(ValueError, match="no column 'number' among"):
        load_texts(file, text="caption", id="number")
    with pytest.raises(ValueError, match="text and id are both the column 'Caption'"):
        load_texts(file, text="caption", id="caption")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("csv", f"id,text\n1,{CUP}\n", "line 2: it has 3 fields, more than the 2"),
        ("csv", f"text,id\n{CUP},1\n", "line 2: it has 3 fields, more than the 2"),
        ("csv", f"text\n{CUP}\n", "line 2: it has 2 fields, more than the 1"),
        ("csv", "id,text\n1,a\n2\n", "line 3: it lacks fields: 1, fewer than the 2"),
        ("csv", f'id,text\n1, "{CUP}"\n', "line 2: it has 3 fields"),
        ("csv", 'id,text\n1, "a cup"\n', "line 2: a field begins with blanks and a q"),
        (
            "csv",
            "a fox\na hen\n",
            r"no column 'text' among \['a fox'\].*put such a line",
        ),
        ("csv", "text,id,Text\na,1,b\n", "more than one column 'text' .*: 'text', 'Te"),
        ("csv", "id,text\n1,a\n2,\n", "line 3: it has no 'text'"),
        ("csv", "id,text\n1,a\n2, \n", "line 3: its 'text' is blank"),
        (
            "csv",
            "id,text\n1,a\n2,b\n1,c\n",
            "line 4: the id '1' stands in line 2 as w.*; chan",
        ),
        ("csv", "id,text\n1,a\n,b\n3,c\n", "line 3: it has no id, but other rows have"),
        ("csv", 'id,text\n1,"a\n2,b"\n', "line 2: a field that begins here may take"),
        ("csv", 'id,text\n1,"a\n2,b\n3,c\n', "line 2: a field that begins here takes"),
        ("csv", 'id,text,n\n1,"a,x\n2,b",y\n', "line 2: a field that begins here may"),
        ("csv", 'text\n"a\nb"\n', "line 2: a field that begins here may take in"),
        ("csv", 'id,text\n1,"a" b\n', "line 2: its quotes do not match"),
        ("csv", '"id,text\n1,a\n', "line 1: its quotes do not match"),
        ("csv", b"id,text\n1,F\xfcchse\n", "line 2: its 'text' is not UTF-8; save"),
        ("csv", "id,text\n1,a\0b\n", "line 2: its 'text' holds the character NUL"),
        ("csv", "id,text\n1,a".encode("utf-16-le"), "holds the character NUL, as UTF"),
        ("csv", "text\n" + "x" * 200_000, "line 2: a field is longer than 131,072"),
        ("csv", "", "t.csv: it is empty"),
        ("csv", "id,text\n", "holds no texts that can be read"),
        ("txt", "\n \n", "holds no texts that can be read"),
        ("txt", "id\ttext\n1\ta\n".encode("utf-16"), "begins with the names of col"),
        ("txt", "ID;Text\n1;a\n", "begins with the names of columns, as tables do"),
        ("txt", b"a\nF\xfcchse\n", "line 2: its 'text' is not UTF-8"),
        ("txt", "a fox".encode("utf-16-le"), "line 1: its 'text' holds the character"),
        ("txt", "a fox".encode("utf-16")[:-1], "it begins as UTF-16 does, but is not"),
        (
            "jsonl",
            '{"text": "a"}\n{"text": "a\\ud83d"}',
            "line 2: .* '.ud83d', half a c",
        ),
        ("jsonl", '"\\ud83d"', "line 1: .* '.ud83d', half a character"),
        ("jsonl", '{"text": "a", "text": "b"}', "line 1: .*the name 'text' twice"),
        ("jsonl", '{"text": "a", "Text": "b"}', "line 1: .*more than one column"),
        ("jsonl", '{"caption": "a"}', "line 1: it has no column 'text' among"),
        ("jsonl", '{"text": 3}', "line 1: its 'text' is 3 .int.; it must be a str"),
        ("jsonl", '{"text": true}', "line 1: its 'text' is True"),
        ("jsonl", '{"text": null}', "line 1: it has no 'text'"),
        ("jsonl", '{"text": NaN}', "line 1: its 'text' is nan"),
        ("jsonl", '{"text": ["a"]}', "line 1: its 'text' is \\['a'\\]"),
        ("jsonl", '{"text": "a", "id": 1.5}', "line 1: its 'id' is 1.5"),
        ("jsonl", '{"text": "a", "id": true}', "line 1: its 'id' is True"),
        ("jsonl", '{"id": 1, "text": "a"}\n"b"', "line 2: it has no id, but other"),
        (
            "jsonl",
            '{"id": 1, "text": "a"}\n{"id": "1", "text": "b"}',
            "line 2: the id '1' st",
        ),
        ("jsonl", '"a"\n3', "line 2: it is a int, not an object"),
        ("jsonl", '"a"\n{"text": "b"', "line 2: it is no JSON"),
        ("jsonl", "[" * 100_000, "line 1: it is no JSON"),
        ("json", '{"text": "a"}', "it holds a dict, not a list of rows"),
        ("json", '{"text": "a"}\n{"text": "b"}', "it is no JSON .*call it .jsonl"),
        ("json", '["a", 3]', "row 1: it is a int, not an object"),
        ("json", "", "t.json cannot be read as json"),
        ("json", "[" * 100_000, "it is nested too deeply"),
        ("parquet", "", "t.parquet cannot be read as parquet"),
        (
            "xlsx",
            "",
            "ends in '.xlsx', but must end in one of .txt, .tar, .csv, .*CSV UTF-8",
        ),
        ("lst", "a", "ends in '.lst', but must end in one of .txt, .tar, .csv"),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_place(
    tmp_path, name, content, message
):
    file = write(tmp_path / f"t.{name}", content)
    with pytest.raises(ValueError, match=message) as error:
        load_texts(file)
    assert str(file) in str(error.value)


@pytest.mark.parametrize("closing", [False, True])
@pytest.mark.parametrize("columns", ["id,text", "text,id", "id,text,n"])
@pytest.mark.parametrize("at", [0, 500, 999])
def test_a_stray_quote_costs_one_text(tmp_path, columns, closing, at):
    places = columns.split(",")
    texts = [f"text number {i}" for i in range(1000)]
    rows = [{"id": i, "text": text, "n": 3} for i, text in enumerate(texts)]
    rows[at]["text"] = f'"{texts[at]}'
    last = texts[800]
    if closing:
        last = rows[800]["text"] = f'{texts[800]}"'
    lines = [columns, *(",".join(str(row[c]) for c in places) for row in rows)]
    file = write(tmp_path / "t.csv", "\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=f"line {at + 2}: .*a quote may be missing"):
        load_texts(file)
    with pytest.warns(UserWarning, match="t.csv: 1; left: 999 texts"):
        found = load_texts(file, on_error="skip")
    expected = {str(i): text for i, text in enumerate(texts) if i != at}
    assert found == expected | ({"800": last} if at != 800 else {})


def test_what_is_skipped_is_counted(tmp_path):
    content = 'id,text\n1,a\n2,b,c\n3,"d\n4,e\n5\n6,f" g\n\n7,\n1,h\n,i\n8,j\n'
    file = write(tmp_path / "t.csv", content)
    with pytest.warns(UserWarning, match="t.csv: 6; left: 4 texts") as seen:
        found = load_texts(file, on_error="skip")
    assert found == {"1": "a", "4": "e", "6": 'f" g', "8": "j"}
    for place in ("line 3", "line 4", "line 6", "line 9", "line 10", "line 11"):
        assert f"t.csv, {place}: " in str(seen[0].message)
    assert seen[0].filename == __file__


def test_a_folder_with_a_file_per_text(tmp_path):
    folder = tmp_path / "texts"
    write(folder / "b.txt", "a hen\r\n")
    write(folder / "a" / "ä.TXT", "a fox\nand more, “quoted”\n\n".encode("utf-16"))
    write(folder / ".hidden.txt", "x")
    write(folder / "__MACOSX" / "._b.txt", "x")
    found = load_texts(folder)
    assert found == {"a/ä.TXT": "a fox\nand more, “quoted”", "b.txt": "a hen"}
    for content, message in ((b"", "it has no 'text'"), (b"\xfc", "is not UTF-8")):
        write(folder / "c.txt", content)
        with pytest.raises(ValueError, match=rf"c.txt: .*{message}"):
            load_texts(folder)
        with pytest.warns(UserWarning, match="texts: 1; left: 2 texts"):
            assert load_texts(folder, on_error="skip") == found
    with pytest.raises(ValueError, match="holds no .txt files"):
        load_texts(write(tmp_path / "else" / "a.csv").parent)


def test_wrong_arguments(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file or folder .*none"):
        load_texts(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="on_error must be one of"):
        load_texts(tmp_path, on_error="ignore")
    file = write(tmp_path / "t.csv", "id,text\n1,a\n")
    for wrong in ({"text": None}, {"text": ""}, {"id": 3}):
        with pytest.raises(ValueError, match="must be the name of a column, got"):
            load_texts(file, **wrong)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("\ufeff\ufeffid,text\n1,a\n", {"1": "a"}),
        ("sep=;\r\nid;text\r\n1;a\r\n", {"1": "a"}),
        ('"sep=|"\n\nid|text\n1|a\n', {"1": "a"}),
        ("sep=\t\nid\ttext\n1\ta\n", {"1": "a"}),
        (" Text , id\na,1\nb,2 \n", {"1": "a", "2 ": "b"}),
        ("id,te\u0301xt\n1,a\n", {"1": "a"}),
    ],
    ids=["two marks", "sep=;", "sep=|", "sep=TAB", "blanks", "normal forms"],
)
def test_what_other_programs_write_is_read(tmp_path, content, expected):
    name = "t\u00e9xt" if "\u0301" in content else "text"
    assert load_texts(write(tmp_path / "t.csv", content), text=name) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "id,text\n1,a\nid,text\n2,b\n", "line 3: it repeats the names"),
        ("t.csv", "id,text\n1,a\nID,Text \n2,b\n", "line 3: it repeats the names"),
        ("t.csv", "id,text\n1,a\n\ufeff2,b\n", "line 3: it begins with a byte order"),
        ("t.txt", "a\n\ufeffb\n", "line 2: it begins with a byte order mark"),
        ("t.csv", "id,text\n1,\u200b\n", "line 2: its 'text' is blank"),
        ("t.csv", "id,text\n1,a\n 1,b\n", "line 3: the id ' 1' stands in line 2"),
        ("t.csv", b"PK\x03\x04....", "no text but a ZIP archive"),
        ("t.csv", b"\x1f\x8b\x08...", "compressed by gzip"),
        ("t.csv", '\n\n"id"x,"te"xt\n1,a\n', "line 3: its quotes do not match"),
    ],
)
def test_what_else_could_be_misread_is_refused(tmp_path, name, content, message):
    with pytest.raises(ValueError, match=message):
        load_texts(write(tmp_path / name, content))


def test_columns_are_of_tables_only(tmp_path):
    file = write(tmp_path / "t.txt", "a\nb\n")
    for path, wrong in ((file, {"text": "caption"}), (tmp_path, {"id": "key"})):
        with pytest.raises(ValueError, match="has no columns, but"):
            load_texts(path, **wrong)
    assert list(load_texts(file, id=None).values()) == ["a", "b"]


def test_rows_in_quotes_may_hold_anything(tmp_path):
    texts = ["a, b\nc, d", 'she said ""', '"\n"1","2"\n', "\r\n,,,", "plain", 'x"']
    table = tmp_path / "t.csv"
    with open(table, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("id", "text"), *enumerate(texts)])
    assert list(load_texts(table).values()) == texts
    # A row that is not whole costs itself alone.
    content = table.read_bytes().replace(b'"plain"', b'"plain')
    table.write_bytes(content)
    with pytest.raises(ValueError, match=r"quote|takes in"):
        load_texts(table)
