"""Nothing in the package assumes POSIX: no fork, no /tmp, no module that Windows lacks, files with an encoding, and a
console that knows cp1252 alone."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "tintype"
FILES = sorted(SOURCE.rglob("*.py"))
POSIX = {"fcntl", "grp", "pwd", "pty", "resource", "termios", "tty"}
CALLS = {"fork", "forkpty", "getuid", "geteuid", "killpg", "mkfifo", "setsid", "setpgid", "statvfs", "uname"}
SIGNALS = {"SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "SIGSTOP", "SIGCONT", "SIGPIPE"}


@pytest.fixture(scope="module")
def trees() -> list[tuple[str, ast.Module]]:
    return [(path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in FILES]


def guarded(tree: ast.Module) -> set[int]:
    """Lines inside what asks for the system, or is made for the name to be missing."""
    found: set[int] = set()
    for node in ast.walk(tree):
        asks = isinstance(node, ast.If) and any(
            word in ast.unparse(node.test) for word in ("platform", "os.name", "hasattr", "sys.platform")
        )
        catches = isinstance(node, ast.With | ast.Try) and any(
            word in ast.unparse(node) for word in ("suppress(", "except AttributeError", "except ImportError")
        )
        if asks or catches:
            found |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def test_no_module_and_no_call_that_windows_lacks(trees: list[tuple[str, ast.Module]]) -> None:
    wrong = []
    for name, tree in trees:
        safe = guarded(tree)
        for node in ast.walk(tree):
            if getattr(node, "lineno", 0) in safe:
                continue
            if isinstance(node, ast.Import) and {one.name for one in node.names} & POSIX:
                wrong.append(f"{name}:{node.lineno} imports {ast.unparse(node)}")
            if isinstance(node, ast.Attribute) and node.attr in CALLS and ast.unparse(node.value) == "os":
                wrong.append(f"{name}:{node.lineno} os.{node.attr}")
            if isinstance(node, ast.Attribute) and node.attr in SIGNALS and ast.unparse(node.value) == "signal":
                wrong.append(f"{name}:{node.lineno} signal.{node.attr}")
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("/tmp"):
                wrong.append(f"{name}:{node.lineno} {node.value!r}")
    assert wrong == []


def test_text_files_have_an_encoding(trees: list[tuple[str, ast.Module]]) -> None:
    """Without one Windows takes cp1252, and a name in another script breaks the run."""
    wrong = []
    for name, tree in trees:
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or any(word.arg == "encoding" for word in node.keywords):
                continue
            if getattr(node.func, "attr", getattr(node.func, "id", "")) not in ("open", "read_text", "write_text"):
                continue
            called, line = ast.unparse(node.func), ast.unparse(node)
            is_ascii = "json.dumps(" in line and "ensure_ascii" not in line
            bare = called == "open" and not any("b" in ast.unparse(mode) for mode in node.args[1:2])
            if (called.endswith((".read_text", ".write_text")) and not is_ascii) or bare:
                wrong.append(f"{name}:{node.lineno} {line[:60]}")
    assert wrong == []


@pytest.mark.parametrize("path", sorted((SOURCE / "cli").glob("*.py")), ids=lambda path: path.stem)
def test_what_is_printed_fits_a_console_of_windows(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value.encode("cp1252")
