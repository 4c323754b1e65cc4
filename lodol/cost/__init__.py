"""What executions cost: what they use of AWS, as it was counted, at list prices."""
