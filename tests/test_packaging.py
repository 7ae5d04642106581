"""What is packed: the wheel holds the package, the source archive what tests need."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_string
from shutil import copyfile, which

import pytest
from helpers import ROOT
from packaging.requirements import Requirement

import skmal

NAME = f"skmal-{skmal.__version__}"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PROJECT["project"]
URL = "https://example.org/skmal/blob/v1"
NOT_PACKED = (".github/", ".gitignore", ".pre-commit-config.yaml", "MANIFEST.in")


@pytest.fixture(scope="module")
def tracked():
    """Return the files that git tracks."""
    if not (ROOT / ".git").exists() or which("git") is None:
        pytest.skip("not a git checkout, so nothing says which files belong to it")
    command = ["git", "-C", ROOT, "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


@pytest.fixture(scope="module")
def archives(tracked, tmp_path_factory):
    """Return the two archives, the wheel built from the source archive."""
    pytest.importorskip("setuptools", "77", reason="setuptools 77 builds the package")
    here = tmp_path_factory.mktemp("packaging")
    for name in tracked:  # what else lies in the checkout is no part of it
        (here / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        copyfile(ROOT / name, here / "checkout" / name)
    run_backend("sdist", here / "checkout", here)
    with tarfile.open(here / f"{NAME}.tar.gz") as sdist:
        sdist.extractall(here, filter="data")
        in_sdist = {m.name.removeprefix(f"{NAME}/") for m in sdist if m.isfile()}
    run_backend("wheel", here / NAME, here)
    return in_sdist, zipfile.ZipFile(here / f"{NAME}-py3-none-any.whl")


def run_backend(kind, source, out):
    """Build offline, with the setuptools that is installed."""
    code = f"from setuptools import build_meta as b; b.build_{kind}({str(out)!r})"
    run = [sys.executable, "-c", code]
    environment = os.environ | {"SKMAL_URL": URL}
    done = subprocess.run(
        run, cwd=source, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_the_tracked_files_of_the_package_and_nothing_else(
    archives, tracked
):
    _, wheel = archives
    package = {name for name in tracked if name.startswith("skmal/")}
    assert {"skmal/py.typed", "skmal/annotation/page/page.js"} < package
    about = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt"}
    about |= {f"licenses/{name}" for name in PROJECT["license-files"]}
    expected = package | {f"{NAME}.dist-info/{name}" for name in about}
    assert set(wheel.namelist()) == expected
    for name in package:
        assert wheel.read(name) == (ROOT / name).read_bytes(), name


def test_the_source_archive_holds_all_that_is_tracked_but_what_serves_github(
    archives, tracked
):
    in_sdist, _ = archives
    made = {name for name in in_sdist if name.startswith("skmal.egg-info/")}
    expected = {name for name in tracked if not name.startswith(NOT_PACKED)}
    assert in_sdist - made - {"MANIFEST.in"} == expected | {"PKG-INFO"}, (
        "name new files and folders in MANIFEST.in"
    )


def test_the_metadata_say_what_pyproject_says(archives):
    _, wheel = archives
    text = wheel.read(f"{NAME}.dist-info/METADATA").decode()
    metadata = message_from_string(text)
    assert metadata["Name"] == "skmal"
    assert metadata["Version"] == skmal.__version__
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert metadata["License-Expression"] == PROJECT["license"]
    assert metadata.get_all("License-File") == PROJECT["license-files"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    extras = PROJECT["optional-dependencies"]
    assert sorted(metadata.get_all("Provides-Extra")) == sorted(extras)
    required = [Requirement(line) for line in metadata.get_all("Requires-Dist")]
    for extra in (None, *extras):
        expected = PROJECT["dependencies"] + (extras[extra] if extra else [])
        found = [
            Requirement(str(r).partition(";")[0])
            for r in required
            if r.marker is None or r.marker.evaluate({"extra": extra or ""})
        ]
        assert set(found) == {Requirement(line) for line in expected}
    entry_points = wheel.read(f"{NAME}.dist-info/entry_points.txt").decode()
    assert entry_points.split() == ["[console_scripts]", "skmal", "=", "skmal.cli:main"]


def test_the_readme_of_an_index_has_links_that_lead_there(archives):
    _, wheel = archives
    metadata = wheel.read(f"{NAME}.dist-info/METADATA").decode()
    page = message_from_string(metadata).get_payload()
    links = re.findall(r"(!?)\[[^\]]*\]\(([^)]+)\)", page)
    own = [(is_image, link) for is_image, link in links if link.startswith(URL)]
    assert len(own) > 10
    assert all(link.startswith("https://") for _, link in links)
    for is_image, link in own:
        path = link.removeprefix(f"{URL}/").partition("#")[0]
        assert path.endswith("?raw=true") == bool(is_image)
        assert (ROOT / path.removesuffix("?raw=true")).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a script for bash")
def test_a_tag_of_another_version_is_not_released(tracked):
    run = ["bash", ROOT / ".ci/release", "v9.9"]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"the tag is v9.9, but skmal/_version.py says {skmal.__version__}" in (
        done.stderr
    )


def test_a_citation_names_the_paper_and_no_version_that_could_be_stale():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert "https://arxiv.org/abs/2510.03247" in citation
    assert "\nversion:" not in citation


def test_the_changelog_starts_with_this_version_or_the_one_to_come():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = changelog.split("\n## ")[1].split()[0]
    assert newest == skmal.__version__.partition(".dev")[0]


def test_actions_are_pinned_to_commits(tracked):
    workflows = [name for name in tracked if name.startswith(".github/workflows/")]
    assert workflows
    for name in workflows:
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if "uses:" in line:
                assert re.search(r"@[0-9a-f]{40} # v\d", line), f"{name}: {line}"
