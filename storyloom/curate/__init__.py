"""What is made of finished branches: comparison, provenance, figures."""
