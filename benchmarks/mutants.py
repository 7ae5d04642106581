"""Change the package in one place at a time, and see whether its tests notice.

The changes are those of cosmic-ray (``pip install cosmic-ray``), a keyword argument
left out and a statement left out: one in each of so many places drawn from the files.
Each is run against the tests of its folder that run the changed line, the quickest
first, until one fails. Files stay as they are, for a process of its own imports the
changed text.

    OMP_NUM_THREADS=1 python benchmarks/mutants.py skmal/strategies --out mutants.csv
    OMP_NUM_THREADS=1 python benchmarks/mutants.py skmal/strategies --again mutants.csv

The first draws until the table holds ``--n`` of the folder, and adds each outcome when
it is known: stopped, or asked for more, it goes on from there. The second tries those
again that nothing noticed, as after a new test.
Left out are types and overloads, tests that take more than five seconds, and what tests
start as programs of their own, which import the files as they are. CONTRIBUTING.md says
what to do with a survivor; `results/mutants` has those that were looked at.
"""

import argparse
import ast
import csv
import importlib.machinery
import importlib.util
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest

SLOW = 5.0  # seconds of a test that is left out, while its lines are counted
LONGEST = 8.0  # seconds that the tests of a mutant take together
OPTIONS = [
    *("-q", "-x", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider"),
    "-Wignore::pytest.PytestAssertRewriteWarning",  # plugins are loaded already
]
Change = tuple[str, str, str]  # a file, and a line of it before and after


class DropKeyword:
    """An operator of cosmic-ray's kind that leaves a keyword to its default."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield each keyword argument."""
        if node.type == "argument" and node.children[1] == "=":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return no arguments instead."""
        from parso.python.tree import Name

        return Name("**{}", node.start_pos, prefix=" ")


class DropStatement:
    """An operator of cosmic-ray's kind: do not raise, call, add or set."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield each statement whose absence need not be a NameError."""
        if getattr(node.parent, "type", None) != "simple_stmt":
            return
        sets = node.type == "expr_stmt" and node.children[1].type != "annassign"
        if sets and node.children[1] == "=":
            sets = (
                node.children[0].type == "atom_expr"
            )  # no name, maybe set nowhere else
        if sets or node.type in ("atom_expr", "raise_stmt", "del_stmt"):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return a pass."""
        from parso.python.tree import Keyword

        return Keyword("pass", node.start_pos, prefix=node.get_first_leaf().prefix)


@cache
def operators() -> dict[str, Callable[[], Any]]:
    """Return what makes each operator, by its name."""
    from cosmic_ray.plugins import get_operator, operator_names

    theirs = {
        name.removeprefix("core/"): get_operator(name) for name in operator_names()
    }
    plain = {name: own for name, own in theirs.items() if not own.arguments()}
    return plain | {"DropKeyword": DropKeyword, "DropStatement": DropStatement}


@dataclass
class Mutant:
    """One change of one file, and whether a test noticed."""

    file: str
    line: int
    operator: str
    nth: int
    was: str = ""
    became: str = ""
    outcome: str = ""

    @property
    def change(self) -> Change:
        """Return what tells it from others, wherever its line is by now."""
        return self.file, self.was, self.became

    def source(self) -> str | None:
        """Return the changed text of the file, where the change is one."""
        from cosmic_ray.mutating import mutate_code

        text = Path(self.file).read_text(encoding="utf-8")
        operator = operators()[self.operator]()
        changed = mutate_code(text, operator, self.nth)
        if changed is None or _is_same(text, changed):
            return None
        pairs = zip(text.splitlines(), changed.splitlines(), strict=False)
        was, became = next((a, b) for a, b in pairs if a != b)
        self.was, self.became = was.strip(), became.strip()
        return changed


def _is_same(text: str, changed: str) -> bool:
    """Return whether both compile to the same tree."""
    try:
        return ast.dump(ast.parse(text)) == ast.dump(ast.parse(changed))
    except SyntaxError:
        return True  # no mutant at all


def draw(
    files: Iterable[Path], n: int, rng: random.Random, known: Collection[Change]
) -> list[Mutant]:
    """Return one mutant in each of n places, none of them a known change."""
    from cosmic_ray.ast import ast_nodes, get_ast

    places: dict[Any, list[Mutant]] = defaultdict(list)
    for file in sorted(files):
        text = file.read_text(encoding="utf-8")
        nodes = list(ast_nodes(get_ast(text)))
        of_types = _places_of_types(ast.parse(text))
        for name, operator in operators().items():
            found = (place for n in nodes for place in operator().mutation_positions(n))
            for nth, (start, end) in enumerate(found):
                if not any(a <= start and end <= b for a, b in of_types):
                    mutant = Mutant(str(file), start[0], name, nth)
                    places[file, start, end].append(mutant)
    drawn: list[Mutant] = []
    for place in rng.sample(sorted(places), len(places)):
        mutant = rng.choice(places[place])
        if len(drawn) >= n:
            break
        if mutant.source() is not None and mutant.change not in known:
            drawn.append(mutant)
    return drawn


def _places_of_types(parsed: ast.AST) -> list[tuple[Any, Any]]:
    """Return where type checkers read, and nothing runs that a test could see."""
    found = []
    for node in ast.walk(parsed):
        if isinstance(node, ast.AnnAssign | ast.arg):
            found.append(node.annotation)
        if isinstance(node, ast.FunctionDef):
            found.append(node.returns)
            if any(ast.unparse(name) == "overload" for name in node.decorator_list):
                found.extend([node, *node.decorator_list])
        is_set = isinstance(node, ast.AnnAssign)
        if is_set and ast.unparse(node.annotation) == "TypeAlias":
            found.append(node.value)
    return [
        ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
        for node in found
        if node is not None
    ]


class Durations:
    """A plugin of pytest that notes what each test takes of the processor."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note what a test has taken, with its fixtures."""
        before = time.process_time()
        done = yield
        self.seconds[item.nodeid] = time.process_time() - before
        return done


class Tests:
    """The tests of a folder: how long each takes, and which lines it runs."""

    def __init__(self, folder: str, paths: list[str]) -> None:
        with tempfile.TemporaryDirectory() as kept:
            data, seconds = Path(kept, "coverage"), Path(kept, "seconds.json")

            def run() -> int:
                os.environ["COVERAGE_FILE"] = str(data)
                plugin = Durations()
                arguments = [f"--cov={folder}", "--cov-context=test", "--cov-report="]
                failed = pytest.main([*OPTIONS, *arguments, *paths], [plugin])
                seconds.write_text(json.dumps(plugin.seconds), encoding="utf-8")
                return int(failed)

            if _in_a_fork(run, timeout=1800) != 0:
                raise SystemExit(f"the tests of {folder} fail as they are")
            self.seconds = json.loads(seconds.read_text(encoding="utf-8"))
            read = coverage.CoverageData(str(data))
            read.read()
            self.lines = {
                os.path.relpath(file): read.contexts_by_lineno(file)
                for file in read.measured_files()
            }

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests to run, the quickest first."""
        lines = self.lines.get(mutant.file, {})
        changed = range(*_statement(mutant))
        contexts = {name for line in changed for name in lines.get(line, ())}
        if contexts <= {""}:  # run on import: any test of the file may tell
            contexts = {name for names in lines.values() for name in names}
        tests = {name.rpartition("|")[0] for name in contexts} - {""}
        chosen, total = [], 0.0
        for test in sorted(tests, key=lambda test: self.seconds.get(test, 0.0)):
            took = self.seconds.get(test, 0.0)
            total += took
            if took <= SLOW and total <= LONGEST:
                chosen.append(test)
        return chosen


def _statement(mutant: Mutant) -> tuple[int, int]:
    """Return the first line of the smallest statement around, and the line after."""
    text = Path(mutant.file).read_text(encoding="utf-8")
    spans = [(mutant.line, mutant.line + 1)]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            last = node.end_lineno or node.lineno
            if hasattr(node, "body"):  # of what has others inside, the head
                last = node.body[0].lineno - 1
            if node.lineno <= mutant.line <= last:
                spans.append((node.lineno, last + 1))
    return max(spans)


def outcome(mutant: Mutant, tests: Tests) -> str:
    """Return "killed", "timeout", "survived" or, where no test runs it, "untested"."""
    chosen = tests.of(mutant)
    source = mutant.source()
    if source is None:
        return "gone"
    if not chosen:
        return "untested"

    def run() -> int:
        sys.meta_path.insert(0, _Changed(mutant.file, source))
        return int(pytest.main([*OPTIONS, *chosen]))

    timeout = 120 + 30 * sum(tests.seconds[test] for test in chosen)
    return {0: "survived", None: "timeout"}.get(_in_a_fork(run, timeout), "killed")


class _Changed(importlib.machinery.SourceFileLoader):
    """Finds and loads one module whose text is another than its file has."""

    def __init__(self, file: str, source: str) -> None:
        module = ".".join(Path(file).with_suffix("").parts)
        super().__init__(module, str(Path(file).resolve()))
        self.source = source

    def find_spec(self, name: str, *_: Any) -> Any:
        """Return how to load it, where it is the one."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_code(self, fullname: str) -> Any:
        """Return the code of the changed text."""
        return compile(self.source, self.path, "exec", dont_inherit=True)


def _in_a_fork(run: Callable[[], int], timeout: float) -> int | None:
    """Return what a function returned in a process of its own, None if too late."""
    child = os.fork()
    if child == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        status = 99
        try:
            status = run()
        finally:
            os._exit(status)
    end = time.monotonic() + timeout
    try:
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        return None
    finally:
        try:
            os.killpg(child, signal.SIGKILL)  # and whatever it has started
            os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def main() -> None:
    """Draw or read mutants, try them, and say which lived."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("folder", help="of the package, as skmal/strategies")
    parser.add_argument("--files", nargs="*", help="their names without .py, else all")
    parser.add_argument("--tests", nargs="*", help="paths, else those of the folder")
    parser.add_argument(
        "--ignore", nargs="*", default=[], help="paths of tests left out"
    )
    parser.add_argument("--n", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", help="a table of mutants to try instead")
    parser.add_argument("--out", help="a table to write, or to go on with")
    args = parser.parse_args()
    if args.out and args.out == args.again:
        parser.error("--again and --out are one table; write to another")

    # Imported once, before the forks; the package itself is imported in each.
    import open_clip  # noqa: F401
    import sklearn.ensemble  # noqa: F401
    import torch

    torch.set_num_threads(1)
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutants", database=None, phases=phases)
    hypothesis.settings.load_profile("mutants")

    if args.again:
        mutants = [
            mutant
            for mutant in read_table(args.again)
            if mutant.file.startswith(args.folder)
            and mutant.outcome in ("survived", "untested")
        ]
    else:
        files = [
            file
            for file in Path(args.folder).rglob("*.py")
            if file.name != "__init__.py"
            and (not args.files or file.stem in args.files)
        ]
        there = read_table(args.out) if args.out and Path(args.out).exists() else []
        known = {mutant.change for mutant in there if Path(mutant.file) in files}
        n_left = max(0, args.n - len(known))
        mutants = draw(files, n_left, random.Random(args.seed), known)
    paths = args.tests or [args.folder.replace("skmal", "tests", 1), args.folder]
    tests = Tests(args.folder, [*paths, *(f"--ignore={path}" for path in args.ignore)])
    for mutant in mutants:
        mutant.outcome = outcome(mutant, tests)
        if mutant.outcome in ("survived", "untested", "gone"):
            print(f"{mutant.file}:{mutant.line} {mutant.outcome} ({mutant.operator})")
            print(f"    - {mutant.was}\n    + {mutant.became}", flush=True)
        if args.out:
            add_to_table(args.out, mutant)
    noticed = sum(mutant.outcome in ("killed", "timeout") for mutant in mutants)
    print(f"{noticed} of {len(mutants)} mutants of {args.folder} noticed")


def read_table(path: str) -> list[Mutant]:
    """Return the mutants in a table, which may have further columns."""
    names = {field.name for field in fields(Mutant)}
    with open(path, encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    found = [Mutant(**{k: v for k, v in row.items() if k in names}) for row in rows]
    return [replace(m, line=int(m.line), nth=int(m.nth)) for m in found]


def add_to_table(path: str, mutant: Mutant) -> None:
    """Write a mutant to the end of a table, which is begun where there is none."""
    with open(path, "a", encoding="utf-8", newline="") as file:
        names = [field.name for field in fields(Mutant)]
        writer = csv.DictWriter(file, names, lineterminator="\n")
        if not file.tell():
            writer.writeheader()
        writer.writerow(asdict(mutant))


if __name__ == "__main__":
    main()
