"""PyTorch: trained by Keras's own ``fit``."""

from ninetynine.backends import Backend


class Torch(Backend):
    """Keras on PyTorch."""

    keras_backend = "torch"
    packages = ("keras", "numpy", "torch")

    def environment(self, threads: int, device: str) -> dict[str, str]:
        # What cuBLAS needs to add up in one order (its documentation, "Results reproducibility").
        return {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} if device == "gpu" else {}

    def set_precision(self, precision: str, device: str) -> None:
        import torch

        if device == "gpu":
            torch.backends.cuda.matmul.allow_tf32 = precision == "tensorfloat32"
            torch.backends.cudnn.allow_tf32 = precision == "tensorfloat32"
            torch.use_deterministic_algorithms(True)

    def finds_gpu(self) -> bool:
        import torch

        return bool(torch.cuda.is_available())


BACKEND = Torch()
