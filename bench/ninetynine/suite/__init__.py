"""A suite file and the command's options -> ordered cells.

A suite is a TOML file; docs/suites.md has an example.  It may say

- ``description``, in a sentence;
- ``dataset``: a known name, the path of data of one's own, or a table with ``path`` and how it is
  read;
- ``architectures``: a list of names (``"*"`` is every one), or of tables with ``name`` and,
  optionally, ``precision`` and ``seeds`` in place of the suite's, ``adds`` (for the ladder: in a
  few words, what it has that the rung below has not) and ``over`` (the rung below, by default the
  entry before; ``"none"`` starts anew).  One that is there in two precisions is named with it
  elsewhere: ``"net [float32]"``.  A variant names the ``architecture`` that it varies, its
  ``recipe`` (overrides) and ``arguments`` (of ``build``); a list in these makes a row for each
  value, ``"net[learning_rate=0.01]"``.  ``description`` is a sentence;
- ``seeds`` (``"0-9"``, a count or a list) and ``precision`` (``"float32"``) of every architecture;
- ``backend``, ``device`` and ``seeds_at_once`` (a number or ``"auto"``), of all or in a table;
- ``[recipe]``: keys that override every architecture's own recipe;
- ``[[ensembles]]``: soft votes over runs of the suite, each with ``name``, ``members``
  (architectures of the suite), ``size`` (how many seeds each member gives to a vote),
  ``replicates`` (1; the next one takes the next ``size`` seeds of each member), ``adds``, ``over``;
- ``[reference]``: ``start`` and ``goal``, the accuracies between which rows close a gap;
- ``[[targets]]``: accuracies to reach within a cost, or the name of the suite that has them;
- ``measure``: the name of the measure that its rows are ranked by, and a gate judges;
- ``timing_reference``: the architecture whose float32 training time is the unit of the others'.

An option of the command line goes before what the file says.
"""

from ninetynine.suite.at_once import AtOnce, seeds_at_once
from ninetynine.suite.cells import (
    Setting,
    architecture_of,
    discover,
    make_cells,
    own_rows,
    parts_of,
    select,
    select_ensembles,
)
from ninetynine.suite.entries import Ensemble, Entry, Rung, Suite
from ninetynine.suite.file import built_in, load, read_toml, reference_for
from ninetynine.suite.goals import Goal, Reference, Start, Target
from ninetynine.suite.seeds import parse_seeds
