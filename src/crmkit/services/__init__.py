"""What people do: one module per department, one function per sentence."""
