"""Where a story meets its models: the plan, the context and the batch."""
