"""The time gate on the committed records: another hour is no regression, a slowdown is one."""

import pytest
import time_gate
from ninetynine.gate.verdict import Outcome

pytestmark = pytest.mark.slow


def test_the_same_code_in_another_hour_is_not_called_regressed_by_ratios(capsys):
    found = list(time_gate.comparisons(time_gate.RESULTS))
    assert len(found) == 7
    assert any(c.by_seconds().outcome is Outcome.REGRESSED for c in found)
    assert not any(c.by_ratios().outcome is Outcome.REGRESSED for c in found)
    slower = [c.by_ratios(1 + 2 * time_gate.MARGIN).outcome for c in found]
    assert Outcome.NO_WORSE not in slower
    assert slower.count(Outcome.REGRESSED) >= 6
    assert time_gate.main([]) == 0
    assert "0 of 7 by ratios" in capsys.readouterr().out
