"""Training: one cell -> one record.  Beside datasets, the only part that imports keras."""
