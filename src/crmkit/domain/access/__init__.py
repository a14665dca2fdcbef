"""Access: who works with the CRM, and what they may see and do."""
