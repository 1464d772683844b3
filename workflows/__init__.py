"""Workflow files that a team copies into its repository; ``switchover init`` writes them."""
