"""A real Ray cluster on the loopback: every node is a raylet with processes of its own."""

import os
import secrets
import socket
import time
from contextlib import suppress

import psutil

# Ray gives up on a start after seconds that a busy test machine may need, and calls a node dead
# after some that a test need not wait for.  It reads all this when it is imported.
os.environ |= {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(),
    "RAY_agent_register_timeout_ms": "100000",
    "RAY_raylet_start_wait_time_s": "100",
    "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "100",
    # With gRPC's handlers of forks, a server that the client server forks may hang.
    "GRPC_ENABLE_FORK_SUPPORT": "0",
    "RAY_health_check_initial_delay_ms": "3000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "4",
}

_OBJECT_STORE_BYTES = 100 * 2**20


class LoopbackCluster:
    """A head that trains nothing, and nodes of one CPU each, on this machine.

    ``folder`` is where the nodes keep what was sent to them.  What is in ``packages``, an empty
    folder below it, is imported on the nodes before what is installed.
    """

    def __init__(self, folder, nodes=2):
        from ray.cluster_utils import Cluster  # a second, which tests without a cluster save

        os.environ.pop("RAY_ADDRESS", None)
        self.packages = folder / "packages"
        self.packages.mkdir()
        paths = filter(None, [str(self.packages), os.environ.get("PYTHONPATH")])
        self._environment = {"TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(paths)}
        self._cluster = Cluster()
        self.client_port = free_port()
        self._add(
            num_cpus=0,
            include_dashboard=False,
            include_log_monitor=False,
            no_monitor=True,
            ray_client_server_port=self.client_port,
            runtime_env_agent_port=free_port(),  # the client server needs one that is said
        )
        self.nodes = []
        self.fill(nodes)

    @property
    def address(self):
        return self._cluster.address

    def fill(self, nodes=2):
        """Start nodes until there are ``nodes``, and return all."""
        while len(self.nodes) < nodes:
            self.nodes.append(self._add(num_cpus=1, env_vars=self._environment))
        return self.nodes

    def _add(self, **options):
        for last in (False, False, True):
            try:
                return self._cluster.add_node(object_store_memory=_OBJECT_STORE_BYTES, **options)
            except Exception as error:  # Ray raises nothing finer when a start takes too long
                if last:
                    raise
                print(f"a node did not start in time ({error}); once more")

    def kill_node(self, node):
        """End the node as a power failure would: all its processes at once, by SIGKILL."""
        for process in processes_of(node):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.nodes.remove(node)
        self._cluster.worker_nodes.discard(node)
        node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)

    def shutdown(self):
        """End every process."""
        self._cluster.shutdown()


def processes_of(node):
    """Return every process of the node: its raylet, Ray's workers, and what these started."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    return [raylet, *raylet.children(recursive=True)]


def workers_of(node):
    """Return our processes that train: the workers, and the forks of these that cells run in."""
    return [process for process in processes_of(node) if _is_worker(process)]


def ray_workers_of(node):
    """Return Ray's own processes that have workers of ours, and lose what is in hand if killed."""
    found = set()
    for worker in workers_of(node):
        with suppress(psutil.NoSuchProcess):
            parent = worker.parent()
            if parent is not None and parent.pid != 1 and not _is_worker(parent):
                found.add(parent)
    return found


def _is_worker(process):
    try:
        command = " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False
    return "stub_worker" in command or "ninetynine.workers.worker" in command


def free_port():
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(condition, seconds=300):
    """Return what ``condition`` returns once it is true; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.2)
    return found
