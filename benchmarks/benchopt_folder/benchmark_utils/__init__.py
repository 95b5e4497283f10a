"""What the solvers share; benchopt puts this package on their path."""
