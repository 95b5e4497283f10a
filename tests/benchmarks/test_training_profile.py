"""What the profile reads in oneDNN's log."""

import pytest

from benchmarks.training_profile import page, parse

CONVOLUTION = (
    "onednn_verbose,v1,primitive,exec,cpu,convolution,brgconv:avx512_core,forward_training,"
    "src:f32::blocked:acdb::f0 dst:f32::blocked:acdb::f0,attr-scratchpad:user,"
    "alg:convolution_direct,mb128_ic32oc64_ih26oh24kh3sh1dh0ph0_iw26ow24kw3sw1dw0pw0,2.5"
)


def test_a_convolution_has_two_operations_per_weight_and_position():
    found = parse(CONVOLUTION)
    assert (found.kind, found.propagation, found.seconds) == (
        "convolution", "forward_training", 0.0025,
    )  # fmt: skip
    assert found.flops == 2 * 128 * 32 * 64 * 24 * 24 * 3 * 3


@pytest.mark.parametrize(
    "line",
    [
        "",
        "profile begins",
        "onednn_verbose,v1,info,oneDNN v3.7.0",
        CONVOLUTION.replace(",exec,", ",create:cache_hit,"),
    ],
)
def test_what_is_no_executed_operation_is_passed_over(line):
    assert parse(line) is None


def test_what_the_log_does_not_have_is_the_rest():
    text = page("net", "float32", 1.0, 400.0, [parse(CONVOLUTION)] * 100)
    rest = next(line for line in text.splitlines() if "rest of the step" in line)
    assert "0.75" in rest
    assert "75.0%" in rest


def test_the_page_names_the_command_that_wrote_it():
    text = page("net", "mixed_bfloat16", 1.0, 400.0, [parse(CONVOLUTION)])
    assert "training_profile.py net --precision mixed_bfloat16`" in text
    assert "--precision" not in page("net", "float32", 1.0, 400.0, [parse(CONVOLUTION)])
