"""The téléinfo gateway: French electricity meters to the home-automation network."""

__version__ = "0.1.0"
