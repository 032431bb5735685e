"""What makes a test fail by itself, and what its report shows below."""
