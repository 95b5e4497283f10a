"""One file, one model and its recipe; a new file here is found by itself."""
