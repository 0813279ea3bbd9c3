"""What the edge and the collector say to each other, and nothing else."""
