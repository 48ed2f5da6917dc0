"""Which manifests can be scheduled together, on which cores and with which offsets."""
