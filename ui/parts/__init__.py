"""What the views are put together from."""
