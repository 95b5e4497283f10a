"""ninetynine's engine: runs, records and compares Keras image classifiers.

Data flows one way: suite -> cells -> executor -> training -> record ->
statistics -> leaderboard -> report.  The records on disk are the only bridge
between the half that runs and the half that reports.
"""

__version__ = "0.1.0"
