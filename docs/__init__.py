"""Documents; the pages that are written from the code are made by `python -m docs.build`."""
