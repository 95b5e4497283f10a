"""A tutorial trained by ``model.fit``: the plain script's work as a benchopt solver."""

import time

import keras
from benchmark_utils.tutorials import build, fit_arguments
from benchopt import BaseSolver


class Solver(BaseSolver):
    name = "keras"
    requirements = ("pip::tensorflow",)
    sampling_strategy = "run_once"
    parameters = {"tutorial": ["t1", "t2", "t3", "t4", "t5"]}  # noqa: RUF012

    def set_objective(self, x_train, y_train, x_test, y_test, seed):
        self.started = time.perf_counter()
        self.train, self.test = (x_train, y_train), (x_test, y_test)
        keras.utils.clear_session()  # as Keras advises where one process builds many models
        keras.utils.set_random_seed(seed)
        self.model = build(self.tutorial)

    def run(self, _):
        self.model.fit(*self.train, **fit_arguments(self.tutorial, *self.test), verbose=0)

    def get_result(self):
        probabilities = self.model.predict(self.test[0], verbose=0)
        seconds = time.perf_counter() - self.started
        return {"probabilities": probabilities, "tutorial": self.tutorial, "seconds": seconds}
