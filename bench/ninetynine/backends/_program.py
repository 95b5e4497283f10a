"""Programs: whatever a suite's command starts; nothing is imported for it here."""

from ninetynine.backends._base import Backend


class OwnProcess(Backend):
    """A process of its own, which the harness starts and watches."""

    keras_backend = ""
    packages = ()
    forks = True
