"""What the pictures show, and the static ones; ``report.html`` draws the same for a page.

The modules here turn a board's records into what a picture needs (runs, points, curves, places on
an axis) without drawing; :mod:`ninetynine.report.plots.static` draws with matplotlib.
"""
