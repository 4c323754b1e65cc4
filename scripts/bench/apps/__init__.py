"""Programs that run in the environments of the peers: each the same workflow, written as its documentation has it."""
