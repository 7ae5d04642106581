"""What is held out of each set, and `skmal compare` on tiny files of each."""

import csv
import json
import os
import re
import shlex
import shutil

import numpy as np
import pytest
from helpers import MICRO_CLIP, ROOT
from sets import (
    make_jpeg,
    quadruples,
    write,
    write_coco,
    write_flickr,
    write_parquet,
    write_samples,
    write_shard,
)

from skmal import AnnotationSession, CLIPEncoder, PairedActiveLearner
from skmal.cli import main
from skmal.cli._main import make_parser
from skmal.experiments import HeldOut, load_held_out
from skmal.experiments._pools import FILES

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Return a folder with a tiny set of each kind, and two models."""
    folder = tmp_path_factory.mktemp("sets")
    swaps = folder / "colorswap" / "data"
    write_parquet(swaps / "train-00000-of-00001.parquet", quadruples(8))
    write_parquet(swaps / "test-00000-of-00001.parquet", quadruples(2))
    parts = ["train", "restval"] * 5 + ["val", "test", "test", "test"]
    write_coco(folder / "coco", parts, n_captions=2)
    for i in range(3):
        write_shard(folder / "datacomp", f"{i}", seed=i, n=10)
    rows = ["image,text"]
    for i in range(20):
        write(folder / f"{i}.jpg", make_jpeg(i))
        rows += [f"{i}.jpg,photo {i}"] * (1 + i % 2)
    write(folder / "pairs.csv", "\n".join(rows))
    write_flickr(folder / "flickr30k", [*["train"] * 10, "val", *["test"] * 3], 2)
    for name, n in (("train", 10), ("validation", 1), ("test", 3)):
        rows = [
            {
                "image": {"bytes": make_jpeg(i), "path": None},
                "text": [f"photo {i}", f"picture {i}"],
            }
            for i in range(n)
        ]
        file = folder / "huggingface" / f"{name}-00000-of-00001.parquet"
        write_parquet(file, rows)
    for i in range(2):
        write_samples(folder / "webdataset" / f"{i}.tar", range(15 * i, 15 * i + 15))
    write(folder / "micro.json", json.dumps(MICRO_CLIP))
    encoder = CLIPEncoder(MICRO_CLIP, max_epochs=1, random_state=0)
    encoder.fit([folder / "0.jpg", folder / "1.jpg"], ["a", "b"])
    encoder.save(folder / "weights")
    return folder


@pytest.mark.parametrize(
    ("data", "n_pool", "n_test", "metrics"),
    [
        ("colorswap", 16, 4, ["group", "text", "image"]),
        ("coco", 20, 6, ["recall@1", "x_to_y_recall@1", "y_to_x_recall@10"]),
        ("datacomp", 24, 6, ["mrr", "recall@1"]),
        ("pairs.csv", 24, 6, ["mrr", "recall@1"]),
        ("webdataset", 24, 6, ["mrr", "recall@1"]),
        ("flickr30k", 20, 6, ["recall@1", "x_to_y_recall@1", "y_to_x_recall@10"]),
        ("huggingface", 20, 6, ["mrr", "recall@1"]),
    ],
)
def test_compare_on_files_of_each_set(
    sets, tmp_path, capsys, data, n_pool, n_test, metrics
):
    name = data.removesuffix(".csv")
    pairs = load_held_out(name, sets / data)
    pool, test = pairs.split(seed=0)
    assert (len(pool), len(test)) == (n_pool, n_test)
    strategies = ["coreset-margin"]
    if name == "colorswap":  # the paper's Table 2
        strategies += ["coreset-margin-image", "coreset-margin-text"]
    command = (
        f"compare --data {name} --path {sets / data} --seeds 1 --budget 12 --jobs 1 "
        f"--batch-size 2 --quiet --out {tmp_path} "
        f"--strategies {' '.join(strategies)}"
    )
    clip = (
        f"--encoder clip --model {sets}/micro.json --max-epochs 1 --learning-rate .01"
    )
    assert main(f"{command} {'' if data == 'datacomp' else clip}".split()) == 0
    with open(tmp_path / "curves.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    titles = {"datacomp": "datacomp/kernel-cca"}
    assert {row["data"] for row in rows} == {titles.get(data, f"{name}/clip/micro")}
    assert rows[0]["metric"] == metrics[0]
    assert {row["metric"] for row in rows} >= set(metrics)
    assert {row["n_pairs"] for row in rows} == {"10", "12"}
    assert {row["strategy"] for row in rows} == {"random", *strategies}
    assert all(0 <= float(row["score"]) <= 1 for row in rows)


def test_frozen_towers_make_features_for_light_encoders(sets, tmp_path, capsys):
    command = (
        f"compare --data colorswap --path {sets}/colorswap --seeds 1 --budget 12 "
        f"--jobs 1 --quiet --out {tmp_path} --strategies v-optimal --pool-size 13 "
    )
    assert main([*command.split(), "--model", f"local-dir:{sets}/weights"]) == 0
    table = (tmp_path / "curves.csv").read_text(encoding="utf-8")
    assert "colorswap/kernel-cca/weights,v-optimal,0,12,group," in table
    # Without a model it is the small CLIP in the package; a name alone has no weights.
    other = command.replace(f"--out {tmp_path}", f"--out {tmp_path}/other")
    assert main(other.split()) == 0
    table = (tmp_path / "other" / "curves.csv").read_text(encoding="utf-8")
    assert "colorswap/kernel-cca/tiny/icons,v-optimal,0,12,group," in table
    capsys.readouterr()
    assert main([*command.split(), "--overwrite", "--model", "tiny"]) == 1
    assert (
        "kernel-cca needs features of images and texts: name" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("no.jpg,x", "there is no file"),
        ("half.jpg,x", "half.jpg: "),
        ('0.jpg,"x', "its quotes do not match"),
    ],
)
def test_a_broken_row_or_image_is_told_or_left_out(
    sets, tmp_path, capsys, row, message
):
    write(sets / "half.jpg", make_jpeg(1)[:400])
    table = write(sets / "short.csv", f"{(sets / 'pairs.csv').read_text()}\n{row}")
    command = (
        f"compare --data pairs --path {table} --encoder clip --model {sets}/micro.json "
        f"--max-epochs 1 --seeds 1 --budget 12 --jobs 1 --quiet --out {tmp_path} "
        "--strategies random"
    )
    assert main(command.split()) == 1
    printed = capsys.readouterr().err
    assert f"{table}, line 32: " in printed
    assert message in printed
    assert main([*command.split(), "--on-error", "skip"]) == 0
    told = capsys.readouterr().out
    assert re.search("Note: skipped in .*: 1, .* left: 30 pairs", told)


@pytest.mark.parametrize("data", ["coco", "colorswap"])
def test_broken_images_of_published_sets_are_left_out(sets, tmp_path, data):
    whole = load_held_out(data, sets / data, cache=cache_of(data, tmp_path / "cache"))
    broken = tmp_path / data
    shutil.copytree(sets / data, broken)
    if data == "coco":
        file = broken / "images/train2014/COCO_train2014_000000000042.jpg"
        file.write_bytes(file.read_bytes()[:300])
    else:  # its images lie in the cache
        load_held_out(data, broken)
        file = sorted(broken.rglob("00001-image_2.jpeg"))[0]
        file.write_bytes(file.read_bytes()[:300])
    with pytest.warns(UserWarning, match="skipped in .*: 2 pairs, for 1 images canno"):
        left = load_held_out(data, broken, on_error="skip")
    assert len(left.X) == len(left.y) == len(left.part) == len(whole.X) - 2
    assert str(file) not in set(left.X)
    if data == "coco":
        assert set(left.groups) == set(whole.groups) - {42}


def cache_of(data, folder):
    """Return a cache for the sets that have one."""
    return folder if data == "colorswap" else None


def test_columns_and_a_cache_of_ones_own(sets, tmp_path, capsys):
    table = (sets / "pairs.csv").read_text().replace("image,text", "Photo,Caption")
    write(sets / "named.csv", table.replace(",", ";"))
    options = (
        f"--encoder clip --model {sets}/micro.json --max-epochs 1 --seeds 1 --budget 12"
        f" --jobs 1 --quiet --out {tmp_path}/out --strategies random"
    )
    command = f"compare --data pairs --path {sets}/named.csv {options}"
    assert main(command.split()) == 1
    assert "--image-column NAME" in capsys.readouterr().err
    named = f"{command} --text-column caption --image-column PHOTO"
    assert main(named.split()) == 0
    command = f"compare --data colorswap --path {sets}/colorswap {options}"
    assert main(f"{command} --cache {tmp_path}/cache --overwrite".split()) == 0
    assert len(os.listdir(tmp_path / "cache")) == 2


def test_an_export_of_a_session_is_compared_as_it_is(tmp_path, sets):
    images = {f"{i}.jpg": tmp_path / "images" / f"{i}.jpg" for i in range(18)}
    for i, path in enumerate(images.values()):
        write(path, make_jpeg(i))
    texts = [f"photo {i}" for i in range(18)]
    rows = np.random.default_rng(0).normal(size=(18, 4))
    learner = PairedActiveLearner(batch_size=18, random_state=0)
    with AnnotationSession(
        tmp_path / "s.skmal", images, texts, learner, features=(rows, rows), budget=17
    ) as session:
        session.run(lambda question: None if question.id == 1 else question.item.row)
        session.export(tmp_path / "pairs.csv")
    command = (
        f"compare --data pairs --path {tmp_path}/pairs.csv --encoder clip "
        f"--model {sets}/micro.json --max-epochs 1 --seeds 1 --budget 12 --jobs 1 "
        f"--quiet --out {tmp_path}/out --strategies random"
    )
    assert main(command.split()) == 0
    assert len(load_held_out("pairs", tmp_path / "pairs.csv").X) == 16


def test_the_commands_of_the_docs_are_understood():
    page = ROOT / "docs" / "data.md"
    blocks = re.findall(r"```bash\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    commands = [shlex.split(block.replace("\\\n", " "))[1:] for block in blocks]
    understood = [make_parser().parse_args(command) for command in commands]
    assert {arguments.data for arguments in understood} == set(FILES)
    assert {"coreset-margin-image", "coreset-margin-text"} < {
        name
        for arguments in understood
        for named in arguments.strategies
        for name, _ in named
    }


def test_rows_that_share_an_image_stay_together():
    groups = np.repeat(np.arange(40), 5)[np.random.default_rng(0).permutation(200)]
    pairs = HeldOut(np.arange(200), np.arange(200), None, groups)
    splits = [pairs.split(seed, pool_size=50) for seed in (0, 0, 1)]
    for pool, test in splits:
        assert (len(pool), len(test)) == (50, 40)
        assert len(np.unique(groups[pool])) == 10
        assert not set(groups[pool]) & set(groups[test])
        assert (np.diff(pool) > 0).all()
    np.testing.assert_array_equal(splits[0][0], splits[1][0])
    assert set(splits[0][0]) != set(splits[2][0])
    whole, test = pairs.split(0)
    assert set(splits[0][0]) < set(whole)
    np.testing.assert_array_equal(test, splits[0][1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "--data coco --encoder clip",
            "the data 'coco' needs a path, to its files, got path=None",
        ),
        ("--path x", "the data 'glyphs' needs no path, got path='x'"),
        (
            "--data datacomp --path x --encoder clip",
            "datacomp holds features, no image",
        ),
        (
            "--data coco --path x --encoder clip --text-column a",
            "(on the command line -",
        ),
        ("--image-column a", "image_column='a' (on the command line --image-column)"),
        ("--cache a", "cache='a' (on the command line --cache) goes with the data"),
        ("--suite default --text-column x", "--text-column does not go with --suite"),
        ("--suite default --cache x", "--cache does not go with --suite"),
        ("--pretrained openai", "glyphs holds features, which need no model"),
        ("--max-epochs 3", "max_epochs does not go with kernel-cca"),
        ("--pool-size 1", "pool_size must be an integer of at least 2"),
        ("--suite default --path x", "--path does not go with --suite"),
        ("--suite default --max-epochs 3", "--max-epochs does not go with --suite"),
        ("--data coco --path EMPTY --encoder clip", "holds no dataset_coco.json"),
        ("--encoder clip --model EMPTY/x.json", "x.json"),
        ("--encoder clip --model BROKEN.json", "BROKEN.json is no JSON"),
    ],
)
def test_options_that_do_not_go_together(
    tmp_path, capsys, monkeypatch, options, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "EMPTY").mkdir()
    write(tmp_path / "BROKEN.json")
    command = f"compare --strategies margin --jobs 1 --quiet --out out {options}"
    assert main(command.split()) == 1
    assert message in capsys.readouterr().err
