"""Looks at this machine: what is installed, which ports there are, and who answers on them."""

from edgel3_deploy.doctor.examine import Report, examine
from edgel3_deploy.doctor.finding import Finding, Status

__all__ = ["Finding", "Report", "Status", "examine"]
