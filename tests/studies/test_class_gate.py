"""The gate's margins of classes err as rarely as they say, and see what accuracy hides."""

import class_gate
import pytest


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "images"), [(10, 100), (2, 500)])
def test_equal_models_are_called_worse_in_at_most_one_of_twenty_checks(classes, images):
    found = class_gate.rates(class_gate.Setting(classes, images, 0.15), 60, seed=1)
    assert found.regressed <= 0.05 + 2.3 * (0.05 * 0.95 / 60) ** 0.5


@pytest.mark.slow
def test_a_fall_of_one_class_of_ten_is_seen_where_accuracy_hides_it():
    found = class_gate.rates(class_gate.Setting(10, 1000, 0.05, fall=2.0), 30, seed=1)
    assert found.class_regressed > 0.9


def test_the_table_has_a_row_for_each_setting():
    setting = class_gate.Setting(2, 500, 0.05)
    text = class_gate.page([(setting, class_gate.rates(setting, 2, seed=0))], 2)
    assert text.count("\n| 0 | 2 | 500 |") == 1
