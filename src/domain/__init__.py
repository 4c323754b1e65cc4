"""The rules of admission, execution and durability."""
