"""What threads of one application synchronise by: spin locks, a POSIX-like package that blocks, and barriers."""
