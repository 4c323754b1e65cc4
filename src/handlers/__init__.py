"""One module for each Lambda function, and the edge they share."""
