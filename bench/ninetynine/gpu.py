"""NVIDIA GPUs, asked through NVML: what they are, who uses them, and the energy they take.

The driver brings the library (NVIDIA, "NVML API Reference Guide"); no package is needed.  Where it
cannot be loaded, or does not answer a question, the answer is None.
"""

import ctypes
import os
import re
from collections.abc import Callable
from ctypes import byref, c_char_p, c_uint, c_ulonglong, c_void_p
from functools import lru_cache
from importlib import metadata
from typing import Any

_TEXT = 96  # bytes, the longest name that NVML gives
_CLOCKS = {"sm_clock_limit_mhz": 1, "memory_clock_limit_mhz": 2}  # nvmlClockType_t
# What a CUDA program computes with beside its framework, by the names of its distributions.
_COMPUTING = re.compile(r"nvidia-(cublas|cudnn|cuda-runtime|cuda-nvcc|cuda-nvrtc)|jax-cuda|triton$")


class _Process(ctypes.Structure):  # nvmlProcessInfo_v2_t, as nvmlDeviceGet...Processes_v3 fills it
    _fields_ = (
        ("pid", c_uint),
        ("used_bytes", c_ulonglong),
        ("gpu_instance", c_uint),
        ("compute_instance", c_uint),
    )


class _Memory(ctypes.Structure):  # nvmlMemory_t, bytes
    _fields_ = (("total", c_ulonglong), ("free", c_ulonglong), ("used", c_ulonglong))


class _Utilization(ctypes.Structure):  # nvmlUtilization_t, percent
    _fields_ = (("gpu", c_uint), ("memory", c_uint))


class Card:
    """One GPU that this process may use; every method returns None for what cannot be told."""

    def __init__(self, library: Any, handle: c_void_p) -> None:
        self._library, self._handle = library, handle

    @property
    def name(self) -> str | None:
        """Return its model, such as "NVIDIA H100 80GB HBM3"."""
        return self._text("nvmlDeviceGetName")

    @property
    def driver(self) -> str | None:
        """Return the driver's version."""
        return _text(self._library.nvmlSystemGetDriverVersion)

    def facts(self) -> dict[str, str]:
        """Return what its speed depends on beside its name, and what computes on it, as text."""
        found: dict[str, str | int | None] = {
            "driver_cuda": _cuda_version(self._library),
            "power_limit_watts": self._power_limit_watts(),
            "mig": self._mig(),
            **{name: self._number("nvmlDeviceGetMaxClockInfo", k) for name, k in _CLOCKS.items()},
            "sm_clock_set_mhz": self._number("nvmlDeviceGetApplicationsClock", 1),
            **_computing_packages(),
        }
        return {name: str(value) for name, value in found.items() if value is not None}

    def joules(self) -> float | None:
        """Return the energy it has taken since its driver was loaded."""
        value = c_ulonglong()
        if self._call("nvmlDeviceGetTotalEnergyConsumption", byref(value)):
            return None
        return value.value / 1000  # of millijoules

    def counting(self) -> Callable[[], float | None]:
        """Begin to count; what is returned tells the joules since."""
        before = self.joules()

        def joules() -> float | None:
            after = self.joules()
            return None if before is None or after is None else after - before

        return joules

    def memory_bytes(self) -> int | None:
        """Return how much memory it has in all."""
        value = _Memory()
        return None if self._call("nvmlDeviceGetMemoryInfo", byref(value)) else value.total

    def busy_share(self) -> float | None:
        """Return the share of the last moment in which something ran on it."""
        value = _Utilization()
        failed = self._call("nvmlDeviceGetUtilizationRates", byref(value))
        return None if failed else value.gpu / 100

    def others(self) -> int | None:
        """Return how many other processes compute on it.

        In a container, whose numbers are not the driver's, one process is taken to be this one.
        """
        size = c_uint(0)
        name = "nvmlDeviceGetComputeRunningProcesses_v3"
        status = self._call(name, byref(size), None)
        if status not in (0, 7):  # 7: NVML_ERROR_INSUFFICIENT_SIZE, which says how many there are
            return None
        found = (_Process * (size.value + 8))()
        size = c_uint(len(found))
        if self._call(name, byref(size), found):
            return None
        pids = {process.pid for process in found[: size.value]}
        return len(pids - {os.getpid()}) if os.getpid() in pids else max(0, len(pids) - 1)

    def _mig(self) -> str | None:
        current, pending = c_uint(), c_uint()
        if self._call("nvmlDeviceGetMigMode", byref(current), byref(pending)):
            return None
        if not current.value:
            return "off"
        return os.environ.get("CUDA_VISIBLE_DEVICES", "on")  # the slice's name stands there

    def _power_limit_watts(self) -> int | None:
        milliwatts = self._number("nvmlDeviceGetEnforcedPowerLimit")
        return None if milliwatts is None else milliwatts // 1000

    def _number(self, question: str, *more: int) -> int | None:
        value = c_uint()
        failed = self._call(question, *map(c_uint, more), byref(value))
        return None if failed else value.value

    def _text(self, question: str) -> str | None:
        return _text(lambda *given: self._call(question, *given))

    def _call(self, question: str, *arguments: Any) -> int:
        """Return NVML's answer, 0 for success; 13 (no such function) where it is too old."""
        try:
            function = getattr(self._library, question)
        except AttributeError:
            return 13
        return int(function(self._handle, *arguments))


@lru_cache(maxsize=1)
def card() -> Card | None:
    """Return the GPU that this process computes on, None where there is none or NVML is not."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    if visible == "-1":
        return None
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    handle = c_void_p()
    if library.nvmlInit_v2():
        return None
    if visible.isdecimal() or not visible:
        failed = library.nvmlDeviceGetHandleByIndex_v2(c_uint(int(visible or 0)), byref(handle))
    else:
        failed = library.nvmlDeviceGetHandleByUUID(c_char_p(visible.encode()), byref(handle))
    return None if failed else Card(library, handle)


def _text(question: Callable[..., int]) -> str | None:
    buffer = ctypes.create_string_buffer(_TEXT)
    return None if question(buffer, c_uint(_TEXT)) else buffer.value.decode(errors="replace")


def _cuda_version(library: Any) -> str | None:
    value = ctypes.c_int()
    if library.nvmlSystemGetCudaDriverVersion_v2(byref(value)):
        return None
    return f"{value.value // 1000}.{value.value % 1000 // 10}"


@lru_cache(maxsize=1)
def _computing_packages() -> dict[str, str]:
    """Return the versions of CUDA's, cuDNN's and the plugins' distributions, importing none."""
    names = {dist.name: dist.version for dist in metadata.distributions() if dist.name}
    return {name: names[name] for name in sorted(names) if _COMPUTING.match(name.lower())}
