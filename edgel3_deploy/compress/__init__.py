"""Smaller networks out of larger ones: distillation of students, pruning, and what they need to be
trained.
"""
