"""The formats of a report, one module each; :mod:`ninetynine.report` says how they register."""
