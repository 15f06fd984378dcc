"""What a model wrote, checked against what it was given: citations against passages, numbers against a run."""
