"""What threads on several cores have in common: an address space, a service, a registry; kept by memory or messages."""
