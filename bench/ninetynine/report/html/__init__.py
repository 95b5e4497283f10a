"""The report people look at: one page that needs nothing but itself.

Its pictures are the SVG of :mod:`ninetynine.report.drawing`, and plain JavaScript without a library
sort, filter, choose and explain.  Plotly was the alternative: its script alone is 4.5 MB of every
page, it draws nothing before it has run, its text does not follow the page's fonts and colors, and
marks in its canvas are neither focusable nor read aloud.  Vega-Altair needs a megabyte of scripts
and a compiled converter to embed them.  What this page needs of either, axes and marks, is small;
it is there before any script runs, prints, follows light and dark through CSS, and every mark is an
element with a label.

The page makes no request: style, script and images are inside, and its Content-Security-Policy
forbids the browser to fetch anything or to run any script but its own.
"""
