"""Measures the product beside what people would pick instead, and writes docs/performance.md."""
