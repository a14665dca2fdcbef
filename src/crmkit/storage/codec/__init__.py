"""Between objects and what stores and files hold."""
