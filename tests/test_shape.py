"""The shape of the source: functions that fit on a screen, few parameters, and no circle of imports, late ones too."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import tintype

HOME = Path(tintype.__file__).parent
LINES, PARAMETERS = 80, 12
Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions() -> Iterator[tuple[str, Function]]:
    """All functions but those of migrations, which list the tables of a database as it once was."""
    for path in sorted(HOME.rglob("*.py")):
        if "migrations" not in path.parts:
            for node in ast.walk(tree_of(path)):
                if isinstance(node, Function):
                    yield f"{path.relative_to(HOME)}: {node.name}", node


def is_command(node: Function) -> bool:
    """Whether a function is a command of the command line: its options are its parameters."""
    return any("Option" in ast.unparse(each.annotation) for each in node.args.args if each.annotation)


def lines_of(node: Function) -> int:
    """Lines of a function; of a command those of its body, without the options and the help."""
    if not is_command(node):
        return (node.end_lineno or 0) - node.lineno + 1
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 1


def test_functions_fit_on_a_screen() -> None:
    long = {name: lines for name, node in functions() if (lines := lines_of(node)) > LINES}
    assert not long


def test_functions_have_few_parameters() -> None:
    wide = {}
    for name, node in functions():
        count = len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)
        if count > PARAMETERS and not is_command(node):
            wide[name] = count
    assert not wide


def test_the_command_colorize_reads_at_a_glance() -> None:
    [command] = [node for name, node in functions() if name == "cli/colorize.py: colorize"]
    assert lines_of(command) <= 40
    assert not [node for node in ast.walk(command) if isinstance(node, Function) and node is not command]


def graph() -> dict[str, set[str]]:
    """Which module imports which, at any time of its life; imports for types alone do not count."""
    files = {module_of(path): path for path in HOME.rglob("*.py")}
    return {
        name: {found for found in imported(name, path, set(files)) if found != name} for name, path in files.items()
    }


def module_of(path: Path) -> str:
    parts = ("tintype", *path.relative_to(HOME).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(name: str, path: Path, modules: set[str]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in runtime(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in modules)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    [*package.split(".")[: len(package.split(".")) - node.level + 1], *filter(None, [base])]
                )
            for each in node.names:
                inner = f"{base}.{each.name}"
                if inner in modules or base in modules:
                    yield inner if inner in modules else base


def runtime(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree but for those that only type checkers see."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from runtime(child)


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Sets of nodes that reach each other (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            place = stack.index(node)
            if len(members := stack[place:]) > 1:
                found.append(sorted(members))
            del stack[place:]

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]


def test_no_module_imports_itself_by_a_roundabout_way() -> None:
    edges = graph()
    assert len(edges) > 300
    assert "tintype.colorizer.open_photo" in edges["tintype.colorizer.colorizer"]
    assert circles(edges) == []


# Each begins a file in one call and ends it in another, or puts one in place that was finished long before.
RENAMING = {
    "data/gather.py",  # a shard grows over many pictures
    "files/atomic.py",
    "files/stores.py",  # put: finished by the caller
    "network/store.py",  # a download that a next one goes on from
    "video/parts.py",  # packets come one by one
}


def is_renaming(node: ast.AST) -> bool:
    """Path.replace, Path.rename, os.replace, os.rename: str.replace has two arguments, dataclasses.replace keywords."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.keywords:
        return False
    asked = 2 if ast.unparse(node.func.value) == "os" else 1
    return node.func.attr in ("replace", "rename") and len(node.args) == asked


def test_one_module_writes_files_that_appear_whole() -> None:
    found = {
        path.relative_to(HOME).as_posix()
        for path in HOME.rglob("*.py")
        if any(map(is_renaming, ast.walk(tree_of(path))))
    }
    assert found == RENAMING


def test_no_test_patches_a_private_name() -> None:
    patched = []
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".setattr", ".patch", ".patch.object")):
                names = [each.value for each in node.args if isinstance(each, ast.Constant)]
                if any(isinstance(name, str) and name.rpartition(".")[2].startswith("_") for name in names):
                    patched.append(f"{path.name}:{node.lineno}")
    assert patched == []
