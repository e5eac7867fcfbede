"""The worker process that does what is slow, and the queue of jobs for it."""
