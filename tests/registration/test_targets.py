import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_pipeline.errors import InputError
from twin_pipeline.registration import read_targets
from twin_pipeline.registration.targets import HEADER

ROW = "T1,-12801,-34401,37.2,1.5,2.5,3.5"


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "gcp.csv"
    path.write_bytes(text.encode(encoding))
    return path


def refused(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_targets(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (HEADER, "utf-8"),
        (HEADER, "utf-8-sig"),
        ("点名,東,北,標高,scan_x,scan_y,scan_z", "cp932"),
        ("ID, Easting_m, Northing_m, Height_m, Scan X, Scan Y, Scan Z", "utf-8"),
        ("point;e;n;h;picked_x;picked_y;picked_z", "utf-8"),
        ("点名\t東距\t北距\t標高\tscan_x\tscan_y\tscan_z", "utf-16"),
    ],
)
def test_headers_of_many_offices(tmp_path, header, encoding):
    row = ROW.replace(",", next(sign for sign in ";\t," if sign in header))
    (target,) = read_targets(written(tmp_path, f"{header}\r\n{row}\r\n\r\n", encoding)).targets
    assert target.name == "T1"
    assert target.known == (-12801.0, -34401.0, 37.2)
    assert target.seen == (1.5, 2.5, 3.5)
    assert (target.std_m, target.check, target.scan) == (None, False, None)


def test_columns_stand_in_any_order_beside_others(tmp_path):
    text = "scan_z,note,scan_x,scan_y,std_m,role,scan,elevation,northing,easting,name\n"
    text += '3,"a, b",1,2,0.01,check,left.laz,30,20,10,Wall\n'
    (target,) = read_targets(written(tmp_path, text)).targets
    assert target.known == (10.0, 20.0, 30.0)
    assert target.seen == (1.0, 2.0, 3.0)
    assert (target.std_m, target.check, target.scan) == (0.01, True, "left.laz")


def test_points_belong_to_the_scan_they_name(tmp_path):
    text = f"{HEADER},scan\n{ROW},left\n{ROW.replace('T1', 'T2')},RIGHT.laz\n"
    file = read_targets(written(tmp_path, text))
    assert [t.name for t in file.of_scan(tmp_path / "left.laz")] == ["T1"]
    assert [t.name for t in file.of_scan(tmp_path / "right.laz")] == ["T2"]
    assert file.of_scan(tmp_path / "other.laz") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", HEADER),
        ("name,easting\nT1,1\n", "northing"),
        ("name,x,y,z,scan_x,scan_y,scan_z\n", "which is north"),
        (f"{HEADER}\nT1,1,2,3,4,5,abc\n", "scan_z must be a number in metres, not 'abc'"),
        (f"{HEADER}\nT1,1,2,3,4,5\n", "line 2 (T1)"),
        (f"{HEADER}\nT1,1,2,nan,4,5,6\n", "no coordinate"),
        (f"{HEADER}\n{ROW}\n{ROW}\n", "twice"),
        (f"{HEADER},std_m\n{ROW},0\n", "above zero"),
        (f"{HEADER},role\n{ROW},maybe\n", "control or check"),
        (f"{HEADER},easting\n{ROW},1\n", "two columns for easting"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, words):
    assert words in refused(tmp_path, text)


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_no_bytes_crash_the_reader(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("targets") / "gcp.csv"
    path.write_bytes(content)
    try:
        read_targets(path)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


NUMBERS = "-12801.000,-34401.000,37.200,6.439,-5.614,1.870"
TURNED = "-34401.000,-12801.000,37.200,6.439,-5.614,1.870"
PICKED = "点群X,点群Y,点群Z"
SHAPES = {
    "Japanese, north first": (f"点名,X座標,Y座標,標高,{PICKED}\nT1,{TURNED}", "cp932"),
    "with units": (f"点名,X座標(m),Y座標(m),標高(m),{PICKED}\r\nT1,{TURNED}\r\n", "cp932"),
    "full-width units": (f"点名,Ｘ座標（ｍ）,Ｙ座標（ｍ）,標高（ｍ）,{PICKED}\nT1,{TURNED}", "cp932"),  # noqa: E501
    "Excel's UTF-8": (f"測点名,北距,東距,標高,{PICKED}\r\nT1,{TURNED}\r\n", "utf-8-sig"),
    "Excel's Unicode text": (
        f"点名,X(北),Y(東),Z座標,{PICKED}\nT1,{TURNED}".replace(",", "\t"), "utf-16",
    ),
    "a title above": (
        f"基準点成果表,,,,,,\n世界測地系,9系,,,,,\n\n点番号,X座標,Y座標,標高,{PICKED}\nT1,{TURNED}", "cp932",  # noqa: E501
    ),
    "wrapped names": (f'点名,"X座標\n(m)","Y座標\n(m)","標高\n(m)",{PICKED}\nT1,{TURNED}', "cp932"),
    "full-width digits": (
        f"点名,東距,北距,標高,{PICKED}\nＴ１,－１２８０１．０００,-34401,３７．２,6.439,-5.614,1.87", "cp932",  # noqa: E501
    ),
    "thousands": (
        f'name,easting,northing,elevation,{PICKED}\nT1,"-12,801.000","-34,401.000",37.2,6.439,-5.614,1.87',
        "utf-8",
    ),
    "empty lines and columns": (
        f"name,easting,northing,elevation,{PICKED},,\n,,,,,,,,\nT1,{NUMBERS},,\n , ,,,,,,,\n", "utf-8",  # noqa: E501
    ),
    "quoted": (f'"name","easting","northing","elevation",{PICKED}\n"T1",{NUMBERS}', "utf-8"),
    "semicolons": (
        f"name,easting,northing,elevation,{PICKED}\nT1,{NUMBERS}".replace(",", ";"), "utf-8",
    ),
    "capitals and spaces": (
        f"Name, Easting (m), Northing (m), Elevation (m), Scan X, Scan Y, Scan Z\nT1,{NUMBERS}", "ascii",  # noqa: E501
    ),
    "further columns": (
        f"No.,Y座標,X座標,標高,備考,{PICKED}\nT1,-12801,-34401,37.2,北側 鋲,6.439,-5.614,1.87", "cp932",  # noqa: E501
    ),
    "roles": (f"点名,東距,北距,標高,{PICKED},種別\nT1,{NUMBERS},標定点", "cp932"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_files_as_offices_have_them(tmp_path, shape):
    text, encoding = SHAPES[shape]
    path = tmp_path / "gcp.csv"
    path.write_bytes(text.encode(encoding))
    (target,) = read_targets(path).targets
    assert target.name == "T1"
    assert target.known == (-12801.0, -34401.0, 37.2)
    assert target.seen == (6.439, -5.614, 1.87)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"点名,X,Y,Z,{PICKED}\nT1,{TURNED}", "don't say which is north"),
        (f"点名,緯度,経度,標高,{PICKED}\nT1,35.7,139.7,37,1,2,3", "longitudes and latitudes"),
        (f"T1,{NUMBERS}", "has no column"),
        (f"点名,X座標,Y座標,標高,{PICKED}\nT1,-34401,-12801,,6,5,1", "line 2 .T1.: elevation"),
        (f"点名;東距;北距;標高;{PICKED.replace(',', ';')}\nT1;1,5;2,5;3,5;1;2;3", "number in metres"),  # noqa: E501
        (f"点名,X座標,X座標(m),標高,{PICKED}\nT1,{TURNED}", "two columns for northing"),
    ],
)  # fmt: skip
def test_files_that_leave_something_open_are_refused(tmp_path, text, words):
    path = tmp_path / "gcp.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=words):
        read_targets(path)


@pytest.mark.parametrize("minus", ["-", "−", "－", "–", "‐"])
def test_a_minus_may_come_from_any_program(tmp_path, minus):
    file = read_targets(written(tmp_path, f"{HEADER}\n{ROW.replace('-', minus)}\n"))
    assert file.targets[0].known == (-12801.0, -34401.0, 37.2)


def test_decimal_commas_are_told_by_the_number(tmp_path):
    rows = HEADER.replace(",", ";") + "\n" + ROW.replace(",", ";").replace(".", ",") + "\n"
    assert "not '37,2'" in refused(tmp_path, rows)
