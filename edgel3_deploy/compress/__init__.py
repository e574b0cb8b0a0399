"""Smaller networks out of larger ones: distillation of students, pruning, and variants to choose from."""
