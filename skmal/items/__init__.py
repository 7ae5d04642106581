"""What people pass as X and y: containers, groups, images."""
