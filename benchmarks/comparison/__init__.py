"""The comparison of ``bench run`` with plain scripts and benchopt; see ``compare_speed.py``."""
