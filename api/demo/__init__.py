"""The demonstration: the whole job once, from machine files to answers over HTTP."""
