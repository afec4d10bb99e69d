"""Explanations of Services, Ingresses and traffic."""
