from pathlib import Path

import pytest

from counts.roads import stamp, write
from twin_pipeline.counts.columns import SheetMapping, load_mapping
from twin_pipeline.counts.sheet import read_sheet
from twin_pipeline.errors import InputError, UsageError

KEY = ("A", "N", "car")
ROWS = [("A", "N", "car", stamp(15 * i), n) for i, n in enumerate((5, 0, 7, 9))]
JAPANESE = ("地点", "方向", "車種", "日時", "台数")


def read(path, mapping=None, bin_minutes=15):
    return read_sheet(path, mapping or SheetMapping(), bin_minutes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_encodings_and_japanese_names(tmp_path, encoding):
    rows = [("永田町", "上り", "小型", at, n) for _, _, _, at, n in ROWS]
    sheet = read(write(tmp_path / "a.csv", rows, JAPANESE, encoding=encoding))
    assert list(sheet.counts[("永田町", "上り", "小型")].values()) == [5, 0, 7, 9]
    assert (sheet.resolution_min, sheet.phase_min) == (15, 0)


def test_title_lines_and_tabs_are_no_obstacle(tmp_path):
    path = tmp_path / "a.csv"
    body = "\n".join("\t".join(map(str, row)) for row in ROWS)
    path.write_text(
        f"調査結果\n\n作成\t東京都\n{chr(9).join(JAPANESE)}\n{body}\n", encoding="utf-8"
    )
    assert len(read(path).counts[KEY]) == 4


def test_empty_cells_are_missing_and_zero_is_zero(tmp_path):
    rows = [*ROWS[:2], (*ROWS[2][:4], ""), (*ROWS[3][:4], "欠測")]
    counts = read(write(tmp_path / "a.csv", rows)).counts[KEY]
    assert list(counts.values()) == [5, 0, None, None]


def test_mapping_names_columns_values_and_a_column_a_class(tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[sensor.columns]\nsite = "カメラ"\nstart = "開始"\n'
        '[sensor.count_columns]\n"小型車" = "小型"\n"大型車" = "大型"\n'
        '[sensor.values.site]\n"C-01" = "永田町"\n',
        encoding="utf-8",
    )
    rows = [("C-01", stamp(15 * i), 10 + i, i) for i in range(3)]
    path = write(tmp_path / "a.csv", rows, ("カメラ", "開始", "小型車", "大型車"))
    sheet = read(path, load_mapping(mapping)["sensor"])
    assert list(sheet.counts[("永田町", "", "小型")].values()) == [10, 11, 12]
    assert list(sheet.counts[("永田町", "", "大型")].values()) == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[columns]\nsyte = 'a'", "columns.syte is unknown; the nearest is site"),
        ("[colums]\nsite = 'a'", "'colums' is no table"),
        ("[values.lane]\na = 'b'", "values.lane is unknown"),
        ("[columns]\nsite = 3", "texts in quotes"),
        ("[columns", "no TOML"),
    ],
)
def test_mappings_that_are_wrong(tmp_path, text, told):
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        load_mapping(path)


def test_the_same_bin_twice(tmp_path):
    same = read(write(tmp_path / "a.csv", [*ROWS, ROWS[1]]))
    assert list(same.counts[KEY].values()) == [5, 0, 7, 9]
    assert same.notes == ("a.csv: 1 bins stand in it twice with the same count",)
    differing = [*ROWS, (*ROWS[1][:4], 3)]
    with pytest.raises(InputError, match=r"line 6: A / N / car has a count .* 0 in line 3 and 3 h"):
        read(write(tmp_path / "a.csv", differing))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("A", "N", "car", stamp(60), -1), "line 6: '-1' is negative"),
        (("A", "N", "car", stamp(60), "many"), "line 6: 'many' is no count"),
        (("A", "N", "car", "13/1/2026 8:00", 1), "line 6: .* year first"),
        (("A", "N", "car", stamp(67), 1), "line 6: the bin begins .* beside the bins|overlap"),
        (("", "N", "car", stamp(60), 1), "line 6: '.*' is empty where the site"),
        (("A", "N"), "line 6: has only 2 cells"),
    ],
)
def test_lines_that_are_refused(tmp_path, row, told):
    with pytest.raises(InputError, match=told):
        read(write(tmp_path / "a.csv", [*ROWS, row]))


def test_bins_that_dont_fit(tmp_path):
    hourly = write(tmp_path / "a.csv", [("A", "N", "car", stamp(60 * i), 9) for i in range(5)])
    with pytest.raises(InputError, match=r"60 min long and can't be added up .* 15 min"):
        read(hourly)
    assert read(hourly, bin_minutes=60).resolution_min == 60


def test_columns_that_lack_or_are_two(tmp_path):
    with pytest.raises(UsageError, match=r"no column with counts.*it has site, start, n"):
        read(write(tmp_path / "a.csv", [("A", stamp(0), 1)], ("site", "start", "n")))
    head = ("site", "start", "count", "台数")
    with pytest.raises(UsageError, match="two columns that may be the count"):
        read(write(tmp_path / "a.csv", [("A", stamp(0), 1, 2)], head))


def test_files_that_cant_be_read(tmp_path):
    with pytest.raises(InputError, match="can't be read"):
        read(Path(tmp_path / "none.csv"))
    (tmp_path / "a.csv").write_bytes(b"site,start,count\n\x82\x00\xff\xfe\x81")
    with pytest.raises(InputError, match="neither UTF-8 nor CP932"):
        read(tmp_path / "a.csv")
    with pytest.raises(InputError, match="no counts"):
        read(write(tmp_path / "a.csv", []))
