"""Python source read without running it: the local modules behind a file, and a hash of the code.

The hash is over the syntax tree, so comments, formatting, docstrings, and an architecture's recipe
and claims (hashed or compared elsewhere) may change without making a record stale, while an edit
of a local helper module does.  Imports written in the code are followed; what is imported by a
computed name is noted when the code runs (`ninetynine.inputs`).
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ninetynine.errors import UserError

DATA_NAMES = ("RECIPE", "CLAIMS", "PARAMETERS")  # what an architecture states beside its code


class Finder(Protocol):
    """Finds local modules."""

    def find(self, module: str) -> Path | None:
        """Return the file of the dotted ``module``, or None where it is not local."""
        ...


@dataclass(frozen=True)
class Root:
    """Where local modules lie.

    ``package`` is the dotted import name of what lies at ``location``: a package's folder, or the
    file of a single module.  It is "" for a folder that is itself on the import path, as a
    script's is.
    """

    package: str
    location: Path

    def find(self, module: str) -> Path | None:
        """Return the file of the dotted ``module``, or None where it is not below this root."""
        prefix = f"{self.package}." if self.package else ""
        if not module or not f"{module}.".startswith(prefix):
            return None
        rest = module[len(prefix) :]
        base = self.location.joinpath(*rest.split("."))
        choices = [base / "__init__.py"]
        choices.append(base.with_name(f"{base.name}.py") if rest else base)
        with suppress(OSError):  # a name longer than a file's may be
            return next((path for path in choices if path.is_file()), None)
        return None


@dataclass(frozen=True)
class Source:
    """One module's file, read once."""

    module: str  # dotted import name
    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The dotted name that this module's relative imports start from."""
        return self.module if self.path.name == "__init__.py" else self.module.rpartition(".")[0]

    @property
    def file(self) -> str:
        """The path below the import path's folder, with slashes: ``architectures/wide_net.py``."""
        return "/".join([*filter(None, self.package.split(".")), self.path.name])


def read_source(path: Path, module: str) -> Source:
    """Return the parsed file; raise UserError where it cannot be read or is not Python."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return Source(module, path, text, ast.parse(text))
    except SyntaxError as error:
        raise UserError(f"{path}: line {error.lineno}: {error.msg}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: {reason}; expected a readable Python file") from error


def with_helpers(main: Source, roots: Sequence[Finder]) -> list[Source]:
    """Return ``main`` and every module that ``roots`` find and it imports, directly or not.

    With a module come the packages that it lies in, since Python runs them first.
    """
    found = {main.path: main}
    waiting = [main]
    while waiting:
        for module in _imported(waiting.pop(), roots):
            path = _find(module, roots)
            if path is not None and path not in found:
                found[path] = read_source(path, module)
                waiting.append(found[path])
    return list(found.values())


def imported_from_elsewhere(sources: Sequence[Source], roots: Sequence[Finder]) -> set[str]:
    """Return the top-level names that ``sources`` import and ``roots`` do not find."""
    modules = {module for source in sources for module in _imported(source, roots)}
    return {module.partition(".")[0] for module in modules if not _find(module, roots)} - {""}


def source_hash(sources: Sequence[Source], versions: Mapping[str, str] | None = None) -> str:
    """Return the SHA-256 (64 hex digits) over the code of all ``sources``.

    It depends neither on where the files lie nor on the Python version that reads them, nor on
    packages that hold nothing but a docstring, a version and the like: these say nothing of a
    model.  ``versions`` are of the distributions that the code imports beside the backend's.
    """
    texts = [_code(source.tree) for source in sources if _says(source)]
    texts += [f"{name}=={version}" for name, version in (versions or {}).items()]
    digests = sorted(hashlib.sha256(text.encode()).hexdigest() for text in texts)
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def assigned(tree: ast.Module, name: str) -> ast.expr | None:
    """Return what the module last assigns to ``name`` at its top level; None if nothing."""
    values = [value for node in tree.body if (value := _assigned_value(node, (name,)))]
    return values[-1] if values else None


def defines(tree: ast.Module, name: str) -> bool:
    """Return whether the module defines or imports ``name`` at its top level."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return True
        if isinstance(node, ast.ImportFrom) and name in [a.asname or a.name for a in node.names]:
            return True
    return False


def arguments_of(main: Source, sources: Sequence[Source], name: str) -> dict[str, bool] | None:
    """Return the keyword arguments of the function ``name`` after its first two; True: required.

    The function may be imported from one of ``sources``.  None where it takes any, or where it is
    not found.
    """
    for node in main.tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _keyword_arguments(node.args)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    module = _absolute(node, main)
                    found = [s for s in sources if s.module == module and s is not main]
                    return arguments_of(found[0], sources, alias.name) if found else None
    return None


def _keyword_arguments(found: ast.arguments) -> dict[str, bool] | None:
    if found.kwarg is not None:
        return None
    positional = [*found.posonlyargs, *found.args]
    first_with_default = len(positional) - len(found.defaults)
    taken = {
        argument.arg: place < first_with_default
        for place, argument in enumerate(positional)
        if place >= max(2, len(found.posonlyargs))
    }
    defaults = zip(found.kwonlyargs, found.kw_defaults, strict=True)
    return taken | {argument.arg: default is None for argument, default in defaults}


def _find(module: str, roots: Sequence[Finder]) -> Path | None:
    return next((path for root in roots if (path := root.find(module))), None)


def _imported(source: Source, roots: Sequence[Finder]) -> Iterator[str]:
    """Yield the modules that running ``source`` imports, the packages that they lie in first."""
    yield from _with_packages(source.package)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, source)
            yield from _with_packages(base)
            # "from package import name" means a module of that name where there is one.
            members = (f"{base}.{alias.name}".lstrip(".") for alias in node.names)
            yield from (member for member in members if _find(member, roots))


def _with_packages(module: str) -> Iterator[str]:
    parts = module.split(".")
    yield from (".".join(parts[:number]) for number in range(1, len(parts) + 1))


def _says(source: Source) -> bool:
    """Return whether it is more than an ``__init__`` that states its version and the like."""
    if source.path.name != "__init__.py":
        return True
    tree = ast.Module([node for node in source.tree.body if not _is_about_itself(node)], [])
    return _code(tree) != _code(ast.Module([], []))


def _is_about_itself(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return bool(names) and all(n.startswith("__") and n.endswith("__") for n in names)


def _absolute(node: ast.ImportFrom, source: Source) -> str:
    if not node.level:
        return node.module or ""
    package = source.package.split(".")
    above = package[: max(0, len(package) - node.level + 1)]
    return ".".join([*above, *([node.module] if node.module else [])]).lstrip(".")


def _assigned_value(node: ast.stmt, names: Sequence[str]) -> ast.expr | None:
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, value = [node.target], node.value
    else:
        return None
    named = any(isinstance(target, ast.Name) and target.id in names for target in targets)
    return value if named else None


def _code(tree: ast.Module) -> str:
    # Only an architecture states such data; elsewhere the same names may be part of the code.
    ignored = DATA_NAMES if defines(tree, "build") else ()
    body = [node for node in tree.body if not _assigned_value(node, ignored)]
    return _canonical(ast.Module(body=body, type_ignores=[]))


def _canonical(value: object) -> str:
    """Return syntax as text: node names with their non-empty fields.

    Not ``ast.dump``, whose text differs between Python versions, as do the fields that newer
    versions add and leave empty.  ``ascii`` because what ``repr`` escapes depends on the version
    of Unicode.
    """
    if isinstance(value, list):
        return f"[{','.join(_canonical(item) for item in value)}]"
    if not isinstance(value, ast.AST):
        return ascii(value)
    fields = [
        f"{name}={_canonical(field)}"
        for name, field in ast.iter_fields(_normalised(value))
        if name not in ("ctx", "kind") and field is not None and field != []
    ]
    return f"{type(value).__name__}({','.join(fields)})"


def _normalised(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.JoinedStr):
        # Python 3.12.1 ends a nested format specification with an empty string.
        parts = [part for part in node.values if getattr(part, "value", None) != ""]
        return ast.JoinedStr(values=parts)
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return node
    if ast.get_docstring(node, clean=False) is None:
        return node
    fields = dict(ast.iter_fields(node)) | {"body": node.body[1:]}
    return type(node)(**fields)
