"""What pictures are made of: elements, their styles, axes, and how they are written.

A drawing is plain data.  ``svg`` writes it for the page or as a file, ``files`` as PDF and PNG; all
take how it looks from ``styles``.
"""
