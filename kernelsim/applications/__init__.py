"""Applications that users run, written as programs: servers, solvers, kernels, what shares a desktop."""
