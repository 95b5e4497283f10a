"""On JAX what is compiled is compiled before the first step: its seconds are none of training."""

import json
import os
import subprocess
import sys

import pytest
from ninetynine.backends import get_backend

pytest.importorskip("jax")
pytestmark = pytest.mark.slow

# In a process of its own: what an earlier model compiled would not be compiled again.
SCRIPT = """
import json, sys
import jax
import numpy as np
from ninetynine import catalog
from ninetynine.backends.jax import JaxLoop
from ninetynine.backends._jax_seeds import SeedsLoop
from ninetynine.training.model import compiled_model

compiled = []

def listen(event, seconds, fun_name="", **more):
    if "/compile/" in event:
        compiled.append(f"{event} {fun_name}")

jax.monitoring.register_event_duration_secs_listener(listen)
rng = np.random.default_rng(0)
images = rng.integers(0, 256, (40, 28, 28, 1), np.uint8)  # two and a half batches
labels, orders = rng.integers(0, 10, 40), np.arange(40, dtype=np.int32)
architecture = catalog.discover()["t1_small_cnn"]
way, lengths = sys.argv[1], json.loads(sys.argv[2])

def build():
    return compiled_model(architecture, architecture.recipe, (28, 28, 1), 10, 6, "float32")

if way == "alone":
    loop = JaxLoop(build(), images, labels, 16, "unit")
    loop.compile(lengths)
else:
    loop = SeedsLoop([build(), build()], (0, 1), images, labels, 16, "unit")
    for length in lengths:
        loop.compile(length)
before = len(compiled)
for number, length in enumerate(lengths):
    if way == "alone":
        loop.run_epoch(orders[:length])
    else:
        loop.start_epoch(loop.prepare(np.stack([orders[:length]] * 2), number))
        loop.end_epoch()
print(json.dumps([before, compiled[before:]]))
"""


@pytest.mark.parametrize("way", ["alone", "together"])
@pytest.mark.parametrize("lengths", [[40], [40, 28]])
def test_nothing_is_compiled_while_it_trains(way, lengths):
    environment = {**os.environ, **get_backend("jax").environment(1, "cpu"), "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", SCRIPT, way, json.dumps(lengths)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, during = json.loads(done.stdout.splitlines()[-1])
    assert before > 0
    assert during == []
