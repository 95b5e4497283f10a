"""A suite file and the command's options -> ordered cells.

A suite is a TOML file; docs/suites.md has all that it may say, with examples.  An option of
the command line goes before what the file says.
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
