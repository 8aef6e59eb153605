"""The history out of this database and into it: own files, and tables of older programs."""
