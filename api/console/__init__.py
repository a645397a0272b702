"""What people touch: the console's files, and its key where nobody needs an account."""
