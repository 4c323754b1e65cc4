"""What is done to entities: each operation says what it reads, what it refuses, what it writes, and what follows."""
