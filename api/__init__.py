"""The doors of the knowledge base: command line, HTTP service, web pages, demonstration."""
