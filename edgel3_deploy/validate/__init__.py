"""Validating a board: what it computes against what the references compute, window by window."""

from edgel3_deploy.validate.result import Report
from edgel3_deploy.validate.run import validate_build

__all__ = ["Report", "validate_build"]
