"""Tar files of images and texts, in exactly the layout of img2dataset and DataComp."""

import gzip
import json
import os
import pickle
import random
import re
import tarfile

import numpy as np
import pytest
from sets import (
    N_SHARD,
    make_jpeg,
    sample_members,
    silently,
    skipping,
    tar_member,
    write,
    write_samples,
    write_shard,
    write_tar,
)
from tiny_clip import MICRO_CLIP

from skmal import AnnotationSession, CLIPEncoder, PairedActiveLearner
from skmal.datasets import (
    PackedImage,
    load_datacomp,
    load_images,
    load_texts,
    load_webdataset,
)
from skmal.datasets._tars import LARGEST_HEADER


def contents(images):
    """Return the bytes of images."""
    return [image.read() for image in images]


@pytest.fixture
def shards(tmp_path):
    """Return a folder with two shards of three samples."""
    write_samples(tmp_path / "00000000.tar", range(3))
    write_samples(tmp_path / "00000001.tar", range(10_000, 10_003))
    return tmp_path


def test_as_published(shards):
    pairs = silently(load_webdataset, shards)
    numbers = [0, 1, 2, 10_000, 10_001, 10_002]
    assert contents(pairs.X) == list(map(make_jpeg, numbers))
    assert list(pairs.y) == [f"text {n}" for n in numbers]
    assert list(pairs.ids) == [f"{n:09d}" for n in numbers]
    assert list(pairs.uids) == [f"{n:032x}" for n in numbers]
    assert pairs.skipped == []
    X, y = load_webdataset(shards / "00000001.tar", return_X_y=True)
    assert (list(X), list(y)) == (list(pairs.X[3:]), list(pairs.y[3:]))
    files = [str(shards / f"0000000{i}.tar") for i in (1, 0)]
    assert list(load_webdataset(files).ids) == list(pairs.ids[[3, 4, 5, 0, 1, 2]])
    assert list(load_webdataset(shards, text="json.caption").y[:1]) == ["caption 0"]


def test_where_datacomp_puts_them(tmp_path):
    write_samples(tmp_path / "shards" / "00000000.tar", [7])
    assert list(load_webdataset(tmp_path).y) == ["text 7"]


def test_other_layouts(tmp_path):
    members = [
        tar_member("./a/x.y/1.PNG", make_jpeg(1)),
        tar_member("./a/x.y", type=tarfile.DIRTYPE),
        tar_member("./a/x.y/1.cls", b"3"),
        tar_member("./a/x.y/1.seg.txt", b"not the text"),
        tar_member("./a/x.y/._1.PNG", b"macOS"),
        tar_member("./a/x.y/1.txt", "é\nof two lines\r\n".encode()),
        tar_member("./a/x.y/2.webp", make_jpeg(2)),
        tar_member("./a/x.y/2.txt", b"another"),
        tar_member("README", b"..."),
    ]
    random.Random(0).shuffle(members)  # as some tools write them
    write_tar(tmp_path / "a.tar", members)
    pairs = silently(load_webdataset, tmp_path)
    values = zip(contents(pairs.X), pairs.y, strict=True)
    found = dict(zip(pairs.ids, values, strict=True))
    assert found == {
        "a/x.y/1": (make_jpeg(1), "é\nof two lines"),
        "a/x.y/2": (make_jpeg(2), "another"),
    }
    assert list(pairs.uids) == ["", ""]


@pytest.mark.parametrize(
    "layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
)
def test_long_names(tmp_path, layout):
    folder = "f" * 90 + "/" + "g" * 60
    with tarfile.open(tmp_path / "a.tar", "w", format=layout) as archive:
        for name, content in (
            (f"{folder}/1.jpg", make_jpeg(1)),
            (f"{folder}/1.txt", b"x"),
        ):
            path = write(tmp_path / "member", content)
            archive.add(path, name)
    pairs = silently(load_webdataset, tmp_path)
    assert list(pairs.ids) == [f"{folder}/1"]
    assert contents(pairs.X) == [make_jpeg(1)]


OUT = "has a name that leads out of the archive"
LINK = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}
JPEG = make_jpeg(5)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            [tar_member("../../evil.jpg", JPEG)],
            r"'../../evil.jpg' has a name that leads out",
        ),
        ([tar_member("a/../../evil.txt", b"x")], "leads out of the archive"),
        (
            [tar_member("/etc/evil.jpg", JPEG)],
            "'/etc/evil.jpg' has a name that leads out",
        ),
        ([tar_member("..\\evil.jpg", JPEG)], "leads out of the archive"),
        ([tar_member("5.jpg", **LINK)], "is a link, to '/etc/passwd'; no link is foll"),
        ([tar_member("5.jpg", **LINK | {"type": tarfile.LNKTYPE})], "is a link"),
        ([tar_member("5.jpg", type=tarfile.CHRTYPE)], "is no plain file"),
        ([tar_member("5.jpg", type=tarfile.FIFOTYPE)], "is no plain file"),
        ([tar_member("000000001.jpg", JPEG)], "'000000001.jpg' stands there twice"),
        ([tar_member("000000001.txt", b"x")], "'000000001.txt' stands there twice"),
        ([tar_member("000000001.TXT", b"x")], "1.TXT' is the same as '000000001.txt'"),
        ([tar_member("000000001.JSON", b"{}")], "N' is the same as '000000001.json'"),
        ([tar_member("5\udcff.jpg", JPEG)], "has a name that is no UTF-8"),
        (sample_members(5, jpg=None), r"sample '000000005': it has no image"),
        (sample_members(5, png=JPEG), "several images: 000000005.jpg, 000000005.png"),
        (sample_members(5, txt=None), r"it has no text, KEY.txt; where its JSON has"),
        (sample_members(5, txt=b" \n"), "its 'txt' is blank"),
        (sample_members(5, txt=b"caf\xe9"), "its 'txt' is not UTF-8"),
        (sample_members(5, txt=b"a" * (1 << 20) + b"b"), "its text has more than"),
        (sample_members(5, json=b" " * (1 << 20) + b"{}"), "its JSON has more than"),
        (sample_members(5, json=b"[" * 100_000), "its JSON cannot be read"),
        (sample_members(5, json=b"[1]"), "its JSON is a list, no object"),
        (sample_members(5, json=b'{"uid": 3}'), "its uid is 3, no string"),
        (sample_members(5, jpg=b""), "its image has 0 bytes"),
        (sample_members(5, jpg=b"<html>"), r"000000005.jpg cannot be .* web page"),
        (sample_members(5, jpg=JPEG[:200]), "000000005.jpg cannot be read as an image"),
    ],
)
def test_a_member_that_is_not_taken(tmp_path, members, message):
    file = write_samples(tmp_path / "a.tar", range(3), *members)
    for _ in range(2):  # out of the archive, and out of the index
        with pytest.raises(ValueError, match=message) as error:
            load_webdataset(tmp_path)
        assert str(file) in str(error.value)
        pairs, skipped = skipping(load_webdataset, tmp_path)
        assert list(pairs.y) == ["text 0", "text 1", "text 2"]
        assert contents(pairs.X) == list(map(make_jpeg, range(3)))
        assert any(map(re.compile(message).search, skipped))
    inside = {path.name for path in tmp_path.iterdir()}
    assert inside == {"a.tar", "skmal-cache"}


def test_a_field_of_the_json_that_is_no_text(tmp_path):
    write_tar(tmp_path / "a.tar", [*sample_members(1), *sample_members(2, json=b"{}")])
    with pytest.raises(ValueError, match="'000000002': it has no 'json.caption'"):
        load_webdataset(tmp_path, text="json.caption")
    pairs, _ = skipping(load_webdataset, tmp_path, text="json.caption")
    assert list(pairs.y) == ["caption 1"]


def test_a_key_in_two_shards(shards):
    write_samples(shards / "00000002.tar", [1, 11])
    with pytest.raises(
        ValueError, match=r"2.tar: the key '000000001' stands in .*0.tar"
    ):
        load_webdataset(shards)
    pairs, skipped = skipping(load_webdataset, shards)
    assert (len(pairs.X), len(skipped)) == (7, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"no archive" * 100, "damaged or no tar archive"),
        (gzip.compress(b"x", mtime=0), r"compressed \(gzip\).* decompress it once"),
        (b"BZh9", "compressed .bzip2."),
    ],
)
def test_what_is_no_tar_archive(shards, content, message):
    write(shards / "00000002.tar", content)
    with pytest.raises(ValueError, match=message):
        load_webdataset(shards)
    pairs, skipped = skipping(load_webdataset, shards)
    assert (len(pairs.X), len(skipped)) == (6, 1)


def test_an_archive_that_is_cut_keeps_what_is_whole(tmp_path):
    file = write_samples(tmp_path / "a.tar", range(3))
    content = file.read_bytes()
    at = content.index(b"000000002.jpg") + 700  # within its image
    write(file, content[:at])
    with pytest.raises(ValueError, match=r"'000000002.jpg' is cut: the archive ends"):
        load_webdataset(file)
    pairs, _ = skipping(load_webdataset, file)
    assert list(pairs.y) == ["text 0", "text 1"]


def between_members(content, at):
    """Return an archive that ends before a member."""
    return content[:at]


def within_a_header(content, at):
    """Return an archive that ends in the header of a member."""
    return content[: at + 100]


def damaged_header(content, at):
    """Return an archive with another byte in a header."""
    return content[: at + 5] + b"\xff" + content[at + 6 :]


def zeroed_header(content, at):
    """Return an archive with zeros in place of a header."""
    return content[:at] + bytes(512) + content[at + 512 :]


def joined(content, at):
    """Return an archive, all of it, and behind it the rest of another."""
    end = content.rstrip(b"\0")
    return content[:at] + bytes(10_240) + content[at : len(end)]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (between_members, "neither a member nor its end is at byte"),
        (within_a_header, "neither a member nor its end is at byte"),
        (damaged_header, "neither a member nor its end is at byte"),
        (zeroed_header, "it goes on behind its end at byte"),
        (joined, "it goes on behind its end at byte"),
    ],
)
def test_an_archive_without_its_end(tmp_path, damage, message):
    file = write_samples(tmp_path / "a.tar", range(3))
    content = file.read_bytes()
    write(file, damage(content, content.index(b"000000002.jpg")))
    for _ in range(2):  # out of the archive, and out of the index
        with pytest.raises(ValueError, match=message):
            load_webdataset(file)
        pairs, _ = skipping(load_webdataset, file)
        assert list(pairs.y) == ["text 0", "text 1"]


def test_one_block_of_zeros_is_an_end(tmp_path):
    file = write_samples(tmp_path / "a.tar", range(2))
    content = file.read_bytes()
    rest = content.rstrip(b"\0")
    write(file, rest + bytes(-len(rest) % 512 + 512))
    assert len(silently(load_webdataset, file).X) == 2


def test_headers_that_claim_more_than_there_is(tmp_path):
    def pax(size):
        header = tarfile.TarInfo("x")
        header.type, header.size = tarfile.XHDTYPE, size
        return header.tobuf(tarfile.GNU_FORMAT)

    plain = write_samples(tmp_path / "plain.tar", range(2)).read_bytes()
    plain = plain[: plain.index(b"\0" * 1024 + b"\0" * 1024)] + b"\0" * 2048
    end = len(plain.rstrip(b"\0"))
    end += -end % 512
    (tmp_path / "plain.tar").unlink()
    for header in (pax(LARGEST_HEADER + 1), pax(1 << 40), pax(-512), pax(0) * 3000):
        file = write(tmp_path / "a.tar", plain[:end] + header)
        pairs, skipped = skipping(load_webdataset, file)
        assert len(pairs.X) == 2
        assert "damaged or no tar archive" in skipped[0]


@pytest.mark.filterwarnings("ignore:skipped in")
def test_damaged_headers_never_lead_to_other_errors(tmp_path):
    content = write_samples(tmp_path / "a.tar", range(2)).read_bytes()
    rng = np.random.default_rng(0)
    starts = [i for i in range(0, len(content), 512) if content[i : i + 4] == b"0000"]
    for _ in range(60):
        broken, at = bytearray(content), rng.choice(starts)
        field, n = rng.choice([0, 100, 124, 156, 257, 345]), rng.integers(1, 12)
        broken[at + field : at + field + n] = rng.bytes(n)
        broken[at + 148 : at + 156] = b" " * 8
        checksum = sum(broken[at : at + 512])
        broken[at + 148 : at + 156] = b"%06o\0 " % checksum
        write(tmp_path / "a.tar", bytes(broken))
        try:
            pairs = load_webdataset(tmp_path, on_error="skip")
        except ValueError as error:
            assert "holds no pairs that can be read" in str(error)
        else:
            assert {*contents(pairs.X)} <= {make_jpeg(0), make_jpeg(1)}


# ------------------------------------------------------------------ the index


def test_the_index_is_made_once_and_anew_when_a_shard_changes(shards, monkeypatch):
    first = load_webdataset(shards)
    with monkeypatch.context() as patch:
        patch.setattr(tarfile, "open", None)  # no archive is read for it
        again = load_webdataset(shards)
        assert list(again.X) == list(first.X)
        with pytest.raises(TypeError):
            load_webdataset(shards, text="json.caption")
    write_samples(shards / "00000001.tar", [8])
    assert list(load_webdataset(shards).y) == ["text 0", "text 1", "text 2", "text 8"]
    with pytest.raises(ValueError, match="the archive has changed since it was read"):
        first.X[3].read()
    assert first.X[0].read() == make_jpeg(0)  # the other has not
    (shards / "00000001.tar").unlink()
    with pytest.raises(FileNotFoundError):
        first.X[3].read()


def test_an_archive_of_another_size_and_the_same_time_has_changed(shards):
    image = load_webdataset(shards).X[0]
    before = os.stat(image.archive)
    with open(image.archive, "ab") as file:
        file.write(bytes(512))
    os.utime(image.archive, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ValueError, match="the archive has changed since it was read"):
        image.read()


def test_a_cache_elsewhere_tells_archives_of_one_name_apart(tmp_path):
    for i in (1, 2):
        write_samples(tmp_path / str(i) / "a.tar", [i])
    for _ in range(2):
        for i in (1, 2):
            pairs = load_webdataset(tmp_path / str(i), cache=tmp_path / "cache")
            assert contents(pairs.X) == [make_jpeg(i)]
    assert len([*(tmp_path / "cache").iterdir()]) == 2
    assert not (tmp_path / "1" / "skmal-cache").exists()
    write(tmp_path / "1" / "skmal-cache")  # where nothing can be written
    with pytest.raises(OSError, match=r"cannot be written to .*cache=FOLDER"):
        load_webdataset(tmp_path / "1")


def test_wrong_arguments(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no .tar file, neither itself"):
        load_webdataset(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"there is no file .*a.tar"):
        load_webdataset([tmp_path / "a.tar"])
    with pytest.raises(ValueError, match="no shards in an empty list"):
        load_webdataset([])
    write_samples(tmp_path / "a.tar", [1])
    for text in ("", ".", None):
        with pytest.raises(ValueError, match="text must be the ending of the texts"):
            load_webdataset(tmp_path, text=text)
    with pytest.raises(ValueError, match="on_error must be one of"):
        load_webdataset(tmp_path, on_error="ignore")
    with pytest.raises(ValueError, match="'000000001': it has no text, KEY.caption;"):
        load_webdataset(tmp_path, text=".caption")


# ------------------------------------------------------------------ images in use


@pytest.fixture
def pairs(tmp_path):
    """Return twelve pairs out of two shards, and the same images as files."""
    write_samples(tmp_path / "tars" / "0.tar", range(6))
    write_samples(tmp_path / "tars" / "1.tar", range(6, 12))
    files = [write(tmp_path / f"{i:02d}.jpg", make_jpeg(i)) for i in range(12)]
    return load_webdataset(tmp_path / "tars"), files


def test_an_image_goes_into_pickles_as_its_place(pairs):
    found, _ = pairs
    image = pickle.loads(pickle.dumps(found.X))[7]
    assert isinstance(image, PackedImage)
    assert image.read() == make_jpeg(7)
    assert len(pickle.dumps(found.X[7])) < 300
    assert str(image).startswith("000000007.jpg in ")


def test_clip_learns_the_same_as_from_files(pairs):
    found, files = pairs
    order = np.random.default_rng(0).permutation(12)
    encoder = CLIPEncoder("tiny", max_epochs=1, device="cpu", random_state=0)
    features = [
        encoder.fit(images, found.y[order]).transform(images, found.y)
        for images in (found.X[order], [files[i] for i in order])
    ]
    for ours, theirs in zip(*features, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_equal_images_in_one_batch_are_no_negatives(pairs):
    found, files = pairs
    encoder = CLIPEncoder("tiny", max_epochs=1, device="cpu", random_state=0)
    scores = [
        encoder.fit(images, found.y[:4]).history_[0]["loss"]
        for images in (found.X[[0, 0, 1, 1]], [files[i] for i in (0, 0, 1, 1)])
    ]
    assert scores[0] == scores[1]


def test_an_image_that_goes_bad_is_named(pairs):
    found, _ = pairs
    encoder = CLIPEncoder("tiny", trainable="none", device="cpu", random_state=0)
    os.utime(found.X[7].archive, (1, 1))
    message = r"X\[7\]: 000000007.jpg in .*1.tar cannot .*the archive has changed"
    with pytest.raises(ValueError, match=message):
        encoder.transform(found.X[[*range(6), 2, 7]])
    os.remove(found.X[7].archive)
    with pytest.raises(FileNotFoundError, match=r"there is no file 000000006.jpg in"):
        encoder.transform(found.X)
    skipping_encoder = encoder.set_params(on_error="skip")
    features = skipping_encoder.transform(found.X)
    assert list(np.isnan(features).all(axis=1)) == [False] * 6 + [True] * 6


def test_a_learner_takes_them(pairs):
    found, _ = pairs
    encoder = CLIPEncoder("tiny", max_epochs=1, device="cpu", random_state=0)
    learner = PairedActiveLearner(encoder, random_state=0).fit(found.X[:4], found.y[:4])
    query = learner.query(found.X[4:], found.y[4:], n_instances=2)
    rows = query.indices + 4
    learner.teach(found.X[rows], found.y[rows])


def test_pools_out_of_tar_files(pairs, tmp_path):
    found, _ = pairs
    folder = tmp_path / "tars"
    images, texts = load_images(folder), load_texts(folder)
    assert images == dict(zip(found.ids, found.X, strict=True))
    assert texts == dict(zip(found.ids, found.y, strict=True))
    assert load_texts(folder / "1.tar") == dict([*texts.items()][6:])
    bad = [tar_member("0.jpg", b"<html>"), tar_member("1.jpg", make_jpeg(1))]
    write_tar(folder / "1.tar", bad)
    assert list(load_images(folder / "1.tar")) == ["0", "1"]  # which are not looked at
    for load, options in ((load_texts, {"text": "a"}), (load_texts, {"id": "a"})):
        with pytest.raises(ValueError, match="is a .tar file and has no columns"):
            load(folder / "1.tar", **options)
    assert len(load_images(tmp_path)) == 12  # of which others are files


def test_a_session_about_images_in_tar_files(pairs, tmp_path):
    found, _ = pairs
    images = load_images(tmp_path / "tars")
    learner = PairedActiveLearner(CLIPEncoder(MICRO_CLIP, max_epochs=1), random_state=0)
    with AnnotationSession(
        tmp_path / "a.db", images, list(found.y), learner
    ) as session:
        assert session.pools[0][3].read() == make_jpeg(3)
    write_samples(tmp_path / "tars" / "1.tar", range(6, 12))
    bad = tar_member("bad.jpg", b"<html>")
    write_tar(tmp_path / "tars" / "2.tar", [bad])
    images = load_images(tmp_path / "tars")
    with pytest.raises(ValueError, match="bad: it is a web page"):
        AnnotationSession(
            tmp_path / "b.db", images, list(found.y), learner, on_error="raise"
        )
    with (
        pytest.warns(UserWarning, match="bad: it is a web page"),
        AnnotationSession(
            tmp_path / "b.db", images, list(found.y), learner, on_error="skip"
        ) as session,
    ):
        assert [one.key for one in session.items.set_aside] == ["bad"]


# ------------------------------------------------------------------ DataComp


def test_datacomp_with_its_images(tmp_path):
    made = [write_shard(tmp_path / "metadata", n, i) for i, n in enumerate("ab")]
    everything = load_datacomp(tmp_path)
    uids = [f"{i:030x}{row:02x}" for i in range(2) for row in range(N_SHARD)]
    wanted = [7, 1, 0, 9]  # in the order of the archives; one is of no pair here
    for file, rows in (("0.tar", wanted[:2]), ("1.tar", wanted[2:])):
        members = []
        for row in rows:
            about = json.dumps({"uid": uids[row]}).encode()
            members += sample_members(row, json=about)
        members += sample_members(100 + rows[0])
        write_tar(tmp_path / "shards" / file, members)
    pool = silently(load_datacomp, tmp_path, images=tmp_path)
    rows = sorted(wanted)
    assert contents(pool.images) == list(map(make_jpeg, rows))
    np.testing.assert_array_equal(pool.X, np.asarray(everything.X)[rows])
    np.testing.assert_array_equal(pool.y, np.asarray(everything.y)[rows])
    assert isinstance(pool.X, np.memmap)
    assert list(pool.texts[:]) == [everything.texts[row] for row in rows]
    assert list(pool.starts) == [0, 2]
    again = load_datacomp(tmp_path, images=tmp_path / "shards", features="l14")
    np.testing.assert_array_equal(again.X[:2], made[0]["l14_img"][:2])
    X, y = load_datacomp(
        tmp_path, images=tmp_path / "shards" / "1.tar", return_X_y=True
    )
    np.testing.assert_array_equal(X, np.asarray(everything.X)[[0, 9]])
    assert len(y) == 2
    assert len(load_datacomp(tmp_path).X) == 2 * N_SHARD  # which is still there


def test_datacomp_with_images_of_other_pairs(tmp_path):
    write_shard(tmp_path / "metadata", "a")
    write_samples(tmp_path / "shards" / "0.tar", [77])
    with pytest.raises(ValueError, match="none of the 1 images is of a pair in"):
        load_datacomp(tmp_path, images=tmp_path / "shards")
    write_tar(tmp_path / "shards" / "0.tar", sample_members(1, json=None))
    with pytest.raises(ValueError, match=r"no sample of .*0.tar has a uid in its JSON"):
        load_datacomp(tmp_path, images=tmp_path / "shards")
    with pytest.raises(FileNotFoundError, match="holds no .tar file"):
        load_datacomp(tmp_path, images=tmp_path / "metadata")
