"""Storage: the adapters of the services' ports, on SQL and a folder of blobs."""
