"""Programs as plain Python generators: what they ask of their thread, and what they wait for and share.

A program yields requests: to keep its core for a while (`me.compute`), to wait for a signal, to give way. Everything
else, from a mutex to a channel, is a generator over these, used with `yield from`.
"""
