"""`lodol`, the command line of operators and API users."""
