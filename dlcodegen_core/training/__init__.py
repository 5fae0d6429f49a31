"""From pairs to a saved model: the loop, the process it runs in, and the queue of jobs."""
