"""Accuracy against cost: which points there are, and the front."""

from ninetynine.report.figures.cost import COSTS, cost_points, pareto_front
from picture_builders import boards
from record_builders import (
    write_run,
)


class TestCost:
    def test_the_front_holds_what_nothing_else_beats(self, board):
        points = cost_points(board, COSTS[0])
        assert [p.row.name for p in pareto_front(points)] == ["fair", "$good$"]

    def test_seconds_of_two_machines_are_not_joined(self, store):
        from record_builders import make_machine

        for name, machine in (("a", "One"), ("b", "One"), ("c", "Two")):
            write_run(
                store, name, 0, wrong=[1], machine=make_machine(machine, machine.ljust(16, "0"))
            )
        points = cost_points(boards(store)[0], COSTS[0])
        assert {p.hardware for p in pareto_front(points)} == {"One"}

    def test_a_model_without_parameters_has_no_place(self, store):
        write_run(store, "net", 0, parameters=0)
        board = boards(store)[0]
        assert len(cost_points(board, COSTS[0])) == 1
        assert cost_points(board, COSTS[1]) == []
