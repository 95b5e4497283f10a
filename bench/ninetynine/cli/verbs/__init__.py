"""The verbs: a file here is one, and its docstring's first line is what `bench --help` says."""
