import unicodedata
from importlib.resources import files

import numpy as np
import pytest
from sklearn.utils import Bunch

from skmal.datasets import _glyphs, _make_glyphs, load_glyphs

DATA = files("skmal.datasets") / "data"
COUNTS = {"sans": 5299, "serif": 3172, "mono": 3007}
N_SHARED = 2180

every_font = pytest.mark.parametrize("font", COUNTS)


@pytest.fixture(scope="module")
def fonts():
    return {font: load_glyphs(font) for font in COUNTS}


@every_font
def test_shapes_and_dtypes(fonts, font):
    glyphs, n = fonts[font], COUNTS[font]
    assert glyphs.X.shape == glyphs.images.shape == (n, 32, 32)
    assert glyphs.X.dtype == np.uint8
    for values, kind in {"y": "U", "names": "U", "script": "U", "shared": "b"}.items():
        assert glyphs[values].shape == (n,)
        assert glyphs[values].dtype.kind == kind
    assert glyphs.code_point.shape == (n,)
    assert glyphs.code_point.dtype.kind == "i"
    assert glyphs.font == font
    assert f"{n:,} pairs" in glyphs.DESCR


@every_font
def test_every_image_has_ink_and_one_name_only(fonts, font):
    glyphs = fonts[font]
    assert glyphs.images.any(axis=(1, 2)).all()
    assert len({image.tobytes() for image in glyphs.images}) == COUNTS[font]
    assert len(set(glyphs.names)) == COUNTS[font]


@every_font
def test_names_are_those_of_unicode(fonts, font):
    glyphs = fonts[font]
    assert np.all(np.diff(glyphs.code_point) > 0)
    known = 0
    for code_point, name in zip(glyphs.code_point, glyphs.names, strict=True):
        expected = unicodedata.name(chr(code_point), None)
        if expected is not None:
            known += 1
            assert name == expected.lower()
    assert known > 3000


def test_the_lowest_of_characters_that_look_alike_stays(fonts):
    names = set(fonts["sans"].names)
    assert "latin capital letter a" in names
    assert "greek capital letter alpha" not in names


def test_scripts_have_a_long_tail(fonts):
    glyphs = fonts["sans"]
    scripts, counts = np.unique(glyphs.script, return_counts=True)
    assert scripts.size == 18
    assert counts.max() > 100 * counts.min()
    for name, script in {
        "latin small letter a": "Latin",
        "canadian syllabics e": "Canadian Aboriginal",
        "plus sign": "Common",
    }.items():
        assert glyphs.script[glyphs.names == name] == script


def test_shared_rows_are_aligned_between_fonts(fonts):
    names = [glyphs.names[glyphs.shared] for glyphs in fonts.values()]
    assert names[0].size == N_SHARED
    assert np.array_equal(names[0], names[1])
    assert np.array_equal(names[0], names[2])
    in_all = set.intersection(*(set(glyphs.names) for glyphs in fonts.values()))
    assert set(names[0]) == in_all


def test_return_X_y_gives_the_pair_alone(fonts):
    X, y = load_glyphs("mono", return_X_y=True)
    assert np.array_equal(X, fonts["mono"].X)
    assert np.array_equal(y, fonts["mono"].y)


def test_what_a_caller_changes_stays_with_the_caller(fonts):
    glyphs = load_glyphs("mono")
    for key in ("images", "names", "script", "code_point", "shared"):
        glyphs[key][:] = glyphs[key][0]
    again = load_glyphs("mono")
    for key in ("images", "names", "script", "code_point", "shared"):
        assert np.array_equal(again[key], fonts["mono"][key])
        assert again[key].flags.writeable


@pytest.mark.parametrize("font", ["Sans", "", None])
def test_an_unknown_font_is_named_with_the_known_ones(font):
    with pytest.raises(ValueError, match=f"one of sans, serif, mono, got {font!r}"):
        load_glyphs(font)


def test_features_are_one_finite_row_per_glyph():
    glyphs = load_glyphs("mono", features=True)
    for values in (glyphs.X, glyphs.y):
        assert values.shape == (COUNTS["mono"], 192)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert len(np.unique(values, axis=0)) == COUNTS["mono"]
    assert glyphs.images.shape == (COUNTS["mono"], 32, 32)  # still the raw ones
    assert glyphs.names.dtype.kind == "U"


@pytest.fixture(scope="module")
def some(fonts):
    """Return few names, and the middle of their images."""
    glyphs = fonts["mono"]
    return {"images": glyphs.images[::14, 8:24, 8:24], "names": glyphs.names[::14]}


def test_features_of_one_side_never_see_the_other(some, monkeypatch):
    others = {"images": some["images"], "names": some["names"][::-1]}
    monkeypatch.setattr(_glyphs, "_read", lambda font: Bunch(**some))
    X, y = _glyphs._features.__wrapped__("mono")
    monkeypatch.setattr(_glyphs, "_read", lambda font: Bunch(**others))
    X_again, y_again = _glyphs._features.__wrapped__("mono")
    assert np.array_equal(X, X_again)
    assert not np.array_equal(y, y_again)


def test_features_kept_in_the_process_cannot_be_changed_from_outside():
    X, y = load_glyphs("mono", features=True, return_X_y=True)
    X_before, y_before = X.copy(), y.copy()
    X[:], y[:] = 0, 0
    X, y = load_glyphs("mono", features=True, return_X_y=True)
    assert np.array_equal(X, X_before)
    assert np.array_equal(y, y_before)


def test_global_randomness_is_left_alone(some):
    before = np.random.get_state()
    load_glyphs("mono")
    _glyphs._image_features(some["images"])
    _glyphs._name_features(some["names"])
    after = np.random.get_state()
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_the_file_is_small_and_comes_with_its_licence():
    assert len(DATA.joinpath("glyphs.npz").read_bytes()) <= 1_500_000
    licence = DATA.joinpath("LICENSE_DEJAVU").read_text(encoding="utf-8")
    assert "Bitstream Vera" in licence


def need_fonts():
    reason = "drawing glyphs needs matplotlib (its fonts), fontTools and Pillow"
    for module in ("matplotlib", "fontTools", "PIL"):
        pytest.importorskip(module, reason=reason)


@every_font
def test_the_script_draws_what_is_shipped(fonts, font):
    need_fonts()
    path = _make_glyphs.font_folder() / _make_glyphs.FONT_FILES[font]
    opened = _make_glyphs.open_font(path)
    glyphs = fonts[font]
    for character in "A,'gé\u0416\u2192":
        shipped = glyphs.images[glyphs.code_point == ord(character)][0].astype(int)
        drawn = _make_glyphs.draw(ord(character), opened)
        assert drawn.dtype == np.uint8
        # Versions of FreeType differ in some grey levels at the edges of strokes.
        assert np.abs(drawn - shipped).sum() < 0.2 * shipped.sum()


def test_a_drawn_font_has_named_distinct_glyphs_with_ink():
    need_fonts()
    folder = _make_glyphs.font_folder()
    glyphs = _make_glyphs.draw_font(folder / _make_glyphs.FONT_FILES["mono"])
    n = len(glyphs["names"])
    assert abs(n - COUNTS["mono"]) < 50  # other versions of FreeType, a few ties
    assert len({image.tobytes() for image in glyphs["images"]}) == n
    assert glyphs["images"].shape == (n, 32, 32)
    assert "space" not in glyphs["names"]
    assert glyphs["script"][glyphs["names"] == "latin capital letter a"] == "Latin"
    assert np.all(np.diff(glyphs["code_point"]) > 0)


def test_what_the_script_writes_reads_back_without_pickle(fonts, tmp_path):
    written = {
        "sans": {
            key: fonts["sans"][key][:7]
            for key in ("images", "names", "script", "code_point")
        }
    }
    _make_glyphs.write(tmp_path / "a.npz", written, "a brush")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert str(arrays["made_with"]) == "a brush"
        for key, values in written["sans"].items():
            read = arrays[f"sans_{key}"].astype(values.dtype)
            assert np.array_equal(read, values)
    _make_glyphs.write(tmp_path / "b.npz", written, "a brush")
    first, second = (tmp_path / name for name in ("a.npz", "b.npz"))
    assert first.read_bytes() == second.read_bytes()
