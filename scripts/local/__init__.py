"""The local stack: the unchanged template on a local cloud, for trying out and for the tests."""
