"""Numbers have the decimals that their intervals need; shortened names keep whole words."""

import pytest
from ninetynine.board import Spread
from ninetynine.measures import find
from ninetynine.report import formatting, units
from ninetynine.statistics import Interval

NAMES = [
    "four_convs_long_vote_of_2",
    "four_convs_longest_vote_of_2",
    "four_convs_long_vote_of_3",
    "speedrun_cnn [mixed_bfloat16]",
    "speedrun_cnn [float32]",
]


@pytest.mark.parametrize(
    ("ends", "written"),
    [
        ((0.999962, 0.999988), "0.999962–0.999988"),
        ((0.91, 0.96), "0.9100–0.9600"),
        ((1.0, 1.0), "1.0000–1.0000"),
    ],
)
def test_a_measure_near_1_has_as_many_decimals_as_its_interval_needs(ends, written):
    measure, interval = find("roc_auc"), Interval(*ends)
    decimals = units.decimals(measure, [interval, None])
    assert units.interval(measure, interval, decimals) == written
    mean = units.spread(measure, Spread(sum(ends) / 2, 0.00001, 8), decimals)
    assert len(mean.split(" ")[0]) == len(written.split("–")[0])


def test_a_percentage_has_the_decimals_of_its_images_or_more():
    share = find("macro_f1")
    assert units.decimals(share, [Interval(0.97, 0.98)], 2) == 2
    assert units.decimals(share, [Interval(0.9998, 0.99983)], 2) == 4
    assert units.decimals(share, [], 3) == 3


@pytest.mark.parametrize("size", [0.001, 0.00002, 3e-7])
def test_a_margin_is_never_written_as_0(size):
    assert float(units.size(find("roc_auc"), size)) == pytest.approx(size)


@pytest.mark.parametrize("longest", range(10, 30))
def test_a_shortened_name_fits_and_is_taken_for_no_other(longest):
    found = [formatting.short(name, longest, NAMES) for name in NAMES]
    assert all(len(short) <= longest for short in found)
    assert len(set(found)) == len(NAMES)
    for name, short in zip(NAMES, found, strict=True):
        parts = short.split("…")
        assert name.startswith(parts[0])
        assert name.endswith(parts[-1])
        assert all(part in name for part in parts)


@pytest.mark.parametrize(
    "names",
    [
        ["a" * 90 + f"{n}" + "b" * 90 for n in range(10)],  # one word
        [f"wide_{word}_net_of_the_last_kind" for word in ("dropout", "drop", "norm", "normal")],
        [f"a_network_called_{n}" for n in range(200)],
    ],
)
def test_names_that_differ_between_their_ends_alone_are_told_apart(names):
    assert len({formatting.short(name, 14, names) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "longest", "short"),
    [
        ("t3_deep_cnn [float32]", 18, "t3_deep…[float32]"),
        ("four_convs_schedule", 14, "four…schedule"),
        ("a" * 20, 9, "aaaa…aaaa"),
        ("whole", 5, "whole"),
    ],
)
def test_words_are_whole_where_half_of_the_room_is_filled_so(name, longest, short):
    assert formatting.short(name, longest) == short
