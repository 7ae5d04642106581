"""How much memory may be taken."""

import pytest

from skmal._shared import memory
from skmal._shared.memory import memory_limit

GB = 1 << 30
FILES = {
    "version 2": ("0::/a/b\n", {"a/memory.max": GB, "a/b/memory.max": "max"}),
    "what is no group beside it": ("\n0:\nx\n0::/a\udcff\n", {"memory.max": GB}),
    "its own group on top": ("0::/../x\n", {"memory.max": GB}),
    "version 1": (
        "3:cpu,memory:/a\n2:pids:/a\n",
        {"memory/a/memory.limit_in_bytes": GB, "memory.max": 5},
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_container_may_be_smaller_than_its_machine(kind, tmp_path, monkeypatch):
    groups, files = FILES[kind]
    (tmp_path / "cgroup").write_text(groups, errors="surrogateescape")
    for name, limit in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{limit}\n")
    monkeypatch.setattr(memory, "PROC", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "_of_machine", lambda: 4.0 * GB)
    assert memory_limit() == GB
    monkeypatch.setattr(memory, "_of_machine", lambda: 0.5 * GB)
    assert memory_limit() == 0.5 * GB


def test_where_nothing_limits_memory_there_is_no_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "PROC", tmp_path / "none")
    monkeypatch.setattr(memory.os, "sysconf", lambda name: int("no such name"))
    assert memory_limit() == float("inf")
