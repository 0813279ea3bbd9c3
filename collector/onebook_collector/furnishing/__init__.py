"""What the centre gives each warehouse to work by: catalogue, bins, people, tasks, stock."""
