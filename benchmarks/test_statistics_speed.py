"""What the statistics of a board cost, without reading its records."""

import numpy as np
import pytest
from ninetynine.statistics import compare, rank_intervals, summarize

IMAGES = 10_000


@pytest.fixture(scope="module")
def models():
    """Twenty models of ten seeds: bool (10, 10000) each, accuracies from 0.98 to 0.998."""
    random = np.random.default_rng(0)
    rates = np.linspace(0.02, 0.002, 20)
    return [random.random((10, IMAGES)) >= rate for rate in rates]


def test_summarizing_a_model(benchmark, models):
    benchmark(summarize, models[0])


def test_comparing_two_models(benchmark, models):
    summaries = summarize(models[0]), summarize(models[1])
    benchmark(compare, *summaries)


def test_ranking_twenty_models(benchmark, models):
    summaries = [summarize(model) for model in models]
    benchmark(rank_intervals, summaries)
