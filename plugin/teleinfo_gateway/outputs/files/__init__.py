"""The output to files, one a day."""

from teleinfo_gateway.outputs.files.target import FilesTarget

__all__ = ["FilesTarget"]
