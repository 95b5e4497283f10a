"""PyTorch: trained by Keras's own ``fit``."""

from ninetynine.backends import Backend


class Torch(Backend):
    """Keras on PyTorch."""

    keras_backend = "torch"
    packages = ("keras", "numpy", "torch")

    def finds_gpu(self) -> bool:
        import torch

        return bool(torch.cuda.is_available())


BACKEND = Torch()
