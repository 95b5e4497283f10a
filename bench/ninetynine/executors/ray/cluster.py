"""The cluster: connecting to it, what its nodes have room for, whether they are fit to train.

Ray's own words about what went wrong fill a screen; here each becomes one line.
"""

import logging
import os
import re
import socket
import tempfile
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ninetynine.cells import CellIdentity
from ninetynine.errors import UserError
from ninetynine.executors.ray import facts
from ninetynine.machine import available_cores, gib
from ninetynine.training.setup import standard_error_to

# Ray prints what its own processes say on our standard output, which is for tables, and reports
# each use to its makers.  Read when it is imported.
_QUIET = {"RAY_DEDUP_LOGS_SKIP_REGEX": ".", "RAY_USAGE_STATS_ENABLED": "0"}
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 120.0
_START = "start one with: ray start --head (or take --address local; see docs/clusters.md)"


@dataclass(frozen=True)
class Need:
    """What one cell takes of a node."""

    cpus: int
    gpus: int
    memory_bytes: int

    def __str__(self) -> str:
        gpus = f", {_count(self.gpus, 'GPU')}" if self.gpus else ""
        return f"{_count(self.cpus, 'CPU')}{gpus} and {gib(self.memory_bytes)} of memory"

    def fits_into(self, room: "Need") -> int:
        """Return how many cells of this need ``room`` holds at once."""
        counts = [room.cpus // self.cpus]
        counts += [room.gpus // self.gpus] if self.gpus else []
        counts += [room.memory_bytes // self.memory_bytes] if self.memory_bytes else []
        return min(counts)


@dataclass(frozen=True)
class Node:
    """A living node, and all that it has, in use or not."""

    id: str
    name: str
    room: Need


def import_ray() -> Any:
    """Return the module ray; raise UserError where it is not installed."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ModuleNotFoundError as error:
        raise UserError(
            "--executor ray needs the package ray, which is not installed; "
            "install it with: pip install 'ninetynine[ray]'"
        ) from error
    return ray


def connect(address: str) -> None:
    """Connect this process to the cluster at ``address``, or start one here for "local".

    ``address`` is "auto" (a cluster that this machine is a node of), "local", HOST:PORT of the
    head, or ray://HOST:PORT of its client server.  Raises UserError where there is none.
    """
    ray = import_ray()
    _check_reachable(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == "local":
        options |= {"num_cpus": len(available_cores()), "include_dashboard": False}
    with tempfile.TemporaryFile() as log:
        try:
            with standard_error_to(log), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _init(address, options)
        except Exception as error:  # of whatever kind: Ray says ConnectionError, RuntimeError, ...
            ray.shutdown()
            log.seek(0)
            reason = _reason(f"{type(error).__name__}: {error}", log.read().decode())
            raise UserError(f"--address {address}: {reason}") from error


def _init(address: str, options: dict[str, Any]) -> None:
    """Have Ray connect; once more where the server that its client server starts is not there.

    Such a server is another process on the head, which may be slow, or die as it is forked; Ray
    waits for it 30 seconds, or RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S, and says so after them.
    """
    ray = import_ray()
    started = time.monotonic()
    try:
        ray.init(address=address, **options)
    except ConnectionAbortedError:
        if time.monotonic() - started > _ANSWER_SECONDS:
            raise
        ray.shutdown()
        ray.init(address=address, **options)


def nodes() -> list[Node]:
    """Return the nodes that are alive."""
    return [
        Node(
            id=found["NodeID"],
            name=f"node {found['NodeManagerAddress']} ({found['NodeID'][:8]})",
            room=_room(found["Resources"]),
        )
        for found in import_ray().nodes()
        if found["Alive"]
    ]


def need_of(identity: CellIdentity, memory_bytes: int) -> Need:
    """Return what a cell takes of a node."""
    return Need(identity.threads, 1 if identity.device == "gpu" else 0, memory_bytes)


def check_room(needs: Iterable[Need], found: Sequence[Node]) -> None:
    """Raise UserError where no node could ever hold a cell; Ray would wait for one forever."""
    for need in needs:
        if any(need.fits_into(node.room) for node in found):
            continue
        largest = max(found, key=lambda node: _rank(need, node.room), default=None)
        most = f"the largest of {_count(len(found), 'node')} has {largest.room}" if largest else ""
        raise UserError(
            f"no node of the cluster has room for a cell: it needs {need}, "
            f"{most or 'and no node is alive'}; add a larger node, or take a smaller cell "
            "(--threads, --device)"
        )


def check_fit(needs: Sequence[Need], found: Sequence[Node], packages: list[str]) -> None:
    """Raise UserError for a node on which a cell might run and would get other numbers.

    ``packages`` are those that compute.
    """
    ray = import_ray()
    expected = facts.facts_here(facts.script(), packages)
    ray.cloudpickle.register_pickle_by_value(facts)  # the node may lack this package
    probe = ray.remote(facts.facts_here)
    asked = {}
    for node in found:
        if any(need.fits_into(node.room) for need in needs):
            options = {"num_cpus": 0, "scheduling_strategy": at(node.id), "max_retries": 0}
            asked[probe.options(**options).remote(facts.script(), packages)] = node
    if not asked:
        return
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=_ANSWER_SECONDS)
    for reference, node in asked.items():
        if reference not in answered:
            raise UserError(f"{node.name} did not answer within {_ANSWER_SECONDS:g} seconds")
        try:
            fault = facts.mismatch(expected, ray.get(reference), node.name)
        except ray.exceptions.RayError as error:
            if node.id not in {alive.id for alive in nodes()}:  # it died since it was listed
                continue
            text = " ".join(str(error).split())
            fault = f"{node.name} cannot run a task: {text[:300]}"
        if fault is not None:
            raise UserError(fault)


def at(node_id: str, soft: bool = False) -> Any:
    """Return Ray's word for "on this node"; ``soft`` is "if it is alive"."""
    strategies = import_ray().util.scheduling_strategies
    return strategies.NodeAffinitySchedulingStrategy(node_id, soft=soft)


def _check_reachable(address: str) -> None:
    """Raise UserError at once where Ray would try for minutes, or take the process down."""
    if address in ("auto", "local"):
        return
    found = re.fullmatch(r"(?:ray://)?([^\s/]+):(\d+)", address)
    if found is None:
        raise UserError(
            f"--address {address!r}: expected auto, local, HOST:PORT or ray://HOST:PORT"
        )
    try:
        place = (found[1].strip("[]"), int(found[2]))
        with socket.create_connection(place, _CONNECT_SECONDS) as connection:
            _greet(connection)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"--address {address}: no Ray cluster answers ({reason}); {_START}"
        ) from error


def _greet(connection: socket.socket) -> None:
    """Raise OSError where no HTTP/2 is spoken, which is what Ray speaks (RFC 9113, section 3.4).

    Each side begins with a frame of settings, whose type, 4, is the fourth of its nine bytes.
    """
    if os.environ.get("RAY_USE_TLS", "0") != "0":
        return
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
    if connection.recv(9)[3:4] != b"\4":
        raise OSError("something else listens there")


def _reason(error: str, log: str = "") -> str:
    """Return in one line why Ray failed with ``error``, having logged ``log``."""
    text = " ".join(error.split())
    versions = re.findall(r"Ray: (\S+) Python: (\S+)", text)
    if len(versions) == 2:
        (ray, python), (own_ray, own_python) = versions
        return (
            f"the cluster runs Ray {ray} on Python {python}, this machine Ray {own_ray} on Python "
            f"{own_python}; install the same of both"
        )
    if "Could not find any running Ray" in text:
        return f"no Ray cluster runs on this machine; {_START}"
    if "Unauthenticated" in text + log:
        return "the cluster wants another token; set RAY_AUTH_MODE=token and its RAY_AUTH_TOKEN"
    return f"cannot be used ({text[:300]}); {_START}"


def _room(resources: dict[str, float]) -> Need:
    return Need(
        cpus=int(resources.get("CPU", 0)),
        gpus=int(resources.get("GPU", 0)),
        memory_bytes=int(resources.get("memory", 0)),
    )


def _rank(need: Need, room: Need) -> tuple[int, int, int, int]:
    """Order rooms by how many of the three they satisfy, then by size."""
    satisfied = (room.cpus >= need.cpus) + (room.gpus >= need.gpus)
    satisfied += room.memory_bytes >= need.memory_bytes
    return satisfied, room.cpus, room.gpus, room.memory_bytes


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
