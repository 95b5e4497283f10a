"""``bench check``: is accuracy still what the baseline says, and can this data tell."""

import dataclasses
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from bench.cli.gate_options import Prepared, gate_options, prepare
from bench.cli.run import UserInterrupt as _RunInterrupt
from bench.errors import UserError
from bench.gate.baseline import Baseline, load_baseline
from bench.gate.checking import Contest, check, gone, make_contests
from bench.gate.verdict import CheckResult, CostMeasure, Outcome, Terms, Verdict
from bench.records import RecordStore

