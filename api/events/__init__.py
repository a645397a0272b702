"""What is told of a brief or a family while it is made, as a stream that can be taken up again at
any gateway."""
