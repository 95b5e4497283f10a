"""The Ray executor: the same workers as the local one, on every node of a Ray cluster.

``executor`` drives, ``cluster`` connects and checks, ``luggage`` is what travels, ``node`` is what
runs on a node.  Ray itself is imported inside functions only: it is an extra.
"""

from ninetynine.executors.ray.executor import RayExecutor

__all__ = ["RayExecutor"]
