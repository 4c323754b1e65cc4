"""The language of workflow programs: checked when stored, deterministic when run; no AWS, no I/O."""
