"""The known datasets, one file each: ``INFO``, its facts, and ``read()``, its four arrays."""
