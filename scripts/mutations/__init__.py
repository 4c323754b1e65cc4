"""Takes every guard away in turn; a test must fail for each: `make mutations`."""
